"""Everything that knows Shopify's words: webhooks, the Admin GraphQL API, orders, fulfillments."""
