"""Telling people (Apprise) and other systems (signed webhooks), from the store's outbox."""
