"""The configuration, held to what a merchant may write and what the bridge must say."""
