"""HTTP in: webhooks of the shops, notifications of Sculpteo, health."""
