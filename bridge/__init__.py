"""sculpteo-bridge: paid Shopify orders printed by Sculpteo, once each."""

__version__ = "0.1.0"
