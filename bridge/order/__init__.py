"""The domain: what an order is, the states it moves through, and what can be wrong with it."""
