"""Each page, on a phone and on a wide screen, by day and by night, in English and in French."""

from __future__ import annotations

import pytest

from tests.browser.reader import Reader, Site

PAGES = {
    "today": "/",
    "orders": "/orders",
    "waiting": "/orders?state=waiting",
    "mapping": "/mapping",
    "rules": "/rules",
    "settings": "/settings",
    "account": "/account",
    "deeds": "/deeds",
    "pause": "/pause",
}
ORDERS = {
    "done": "#1004",
    "unmapped": "#1005",
    "address": "#1006",
    "unknown": "#1010",
    "refused": "#1011",
    "risk": "#1023",
    "alarmed": "#1028",
}
READERS = (
    Reader(1440, "light", "en-GB"),
    Reader(1440, "dark", "fr-FR"),
    Reader(390, "light", "fr-FR"),
    Reader(390, "dark", "en-US", "America/New_York"),
    Reader(820, "light", "en-GB"),
    Reader(320, "light", "fr-FR"),  # WCAG 2.2, 1.4.10: the narrowest that nothing may be lost on
)


@pytest.mark.parametrize("reader", READERS, ids=str)
@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wrong_with_a_page(site: Site, name: str, reader: Reader) -> None:
    with site.opened(reader) as visitor:
        visitor.goes_to(PAGES[name])
        visitor.finds_nothing_wrong(name)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_works_without_scripts(site: Site, name: str) -> None:
    with site.opened(Reader(scripts=False)) as visitor:
        visitor.goes_to(PAGES[name])
        visitor.finds_nothing_wrong(name)


@pytest.mark.parametrize("reader", READERS[:4], ids=str)
@pytest.mark.parametrize("name", ORDERS)
def test_nothing_is_wrong_with_an_order(site: Site, name: str, reader: Reader) -> None:
    with site.opened(reader) as visitor:
        visitor.goes_to_order(ORDERS[name])
        for details in visitor.page.locator("details").all():
            details.evaluate("details => details.open = true")
        visitor.finds_nothing_wrong(f"order-{name}")
