"""A Shopify shop in memory: its verbs are what people, apps and Shopify itself do in a shop."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from bridge.sandbox.shopify.metafields import Metafields
from bridge.sandbox.shopify.orders import Orders
from bridge.sandbox.shopify.subscriptions import Subscriptions


class Shop(Orders, Metafields, Subscriptions):
    """The whole shop. Tokens: client credentials give one for a day; a static one holds for ever."""

    def issue_token(self) -> str:
        """A new access token for the app, as the client credentials grant gives it."""
        token = f"shpca_{self.random.getrandbits(128):032x}"
        self.tokens[token] = self.now() + self.settings.token_lifetime
        return token

    def accepts_token(self, token: str | None) -> bool:
        if token is None or not self.installed:
            return False
        if token == self.settings.access_token:
            return True
        expires: datetime | None = self.tokens.get(token)
        return expires is not None and self.now() < expires

    def expire_tokens(self) -> None:
        """Every token given out so far stops working, as if its day were over."""
        self.tokens.clear()

    def grant(self, scopes: Iterable[str]) -> None:
        """The merchant changes what the app may do."""
        before = sorted(self.settings.scopes)
        self.settings.scopes = tuple(sorted(scopes))
        self.announce(("app/scopes_update", {"previous": before, "current": list(self.settings.scopes)}, 1))

    def uninstall(self) -> None:
        """The merchant removes the app: its tokens and subscriptions are gone."""
        self.announce(("app/uninstalled", {"domain": self.settings.domain, "id": 1}, 1))
        self.installed = False
        self.tokens.clear()
        self.subscriptions.clear()

    def set_routing_delay(self, delay: timedelta) -> None:
        self.settings.routing_delay = delay
