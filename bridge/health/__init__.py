"""Whether all is well with the orders: how long each may stand still, and which have stood for longer."""
