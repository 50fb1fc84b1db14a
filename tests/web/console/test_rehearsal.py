"""The button on Today that sends a test order, where the shop is simulated."""

from __future__ import annotations

from html import unescape

from bridge.errors import TryAgain
from tests.web.console.conftest import Site

BUTTON = "Send a test order to acme"


def use_sandbox(site: Site, url: str = "http://127.0.0.1:8900") -> list[str]:
    """Let the shop be simulated; gives the shops that are asked for an order."""
    asked: list[str] = []

    async def order(shop: str) -> str:
        asked.append(shop)
        return "#1007"

    loaded = site.loaded
    shop = loaded.settings.shops["acme"].model_copy(update={"admin_url": url})
    settings = loaded.settings.model_copy(update={"shops": {"acme": shop}})
    site.loaded = type(loaded)(
        **{**{f: getattr(loaded, f) for f in loaded.__dataclass_fields__}, "settings": settings}
    )
    site.console.test_order = order
    return asked


async def test_today_sends_a_test_order_where_the_shop_is_simulated(site: Site) -> None:
    await site.is_signed_in("otto")
    asked = use_sandbox(site)
    assert BUTTON in (await site.get("/"))[1]
    answer = await site.press("/test-order", shop="acme")
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    assert asked == ["acme"]
    assert await site.notice() == "#1007 is ordered and paid. It appears here within seconds."


async def test_no_real_shop_has_the_button(site: Site) -> None:
    await site.is_signed_in("otto")
    asked = use_sandbox(site, "https://acme.myshopify.com")
    assert BUTTON not in (await site.get("/"))[1]
    assert (await site.press("/test-order", shop="acme")).status == 400
    use_sandbox(site)
    assert (await site.press("/test-order", shop="elsewhere")).status == 400
    assert asked == []


async def test_a_viewer_sends_none(site: Site) -> None:
    await site.is_signed_in("vera")
    asked = use_sandbox(site)
    assert BUTTON not in (await site.get("/"))[1]
    assert (await site.press("/test-order", shop="acme")).status == 403
    assert asked == []


async def test_a_sandbox_that_does_not_run_is_told(site: Site) -> None:
    await site.is_signed_in("otto")
    use_sandbox(site)

    async def nobody(shop: str) -> str:
        raise TryAgain("no sandbox answers at the shop's address")

    site.console.test_order = nobody
    await site.press("/test-order", shop="acme")
    assert "No test order was sent: no sandbox answers at the shop's address." in unescape(
        await site.notice()
    )
