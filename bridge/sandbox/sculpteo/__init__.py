"""The sandbox's Sculpteo: the order call, the tracking page, prices and materials over HTTP."""
