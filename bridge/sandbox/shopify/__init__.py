"""The sandbox's Shopify: a shop in memory, its Admin API over HTTP, and the sender of its webhooks."""
