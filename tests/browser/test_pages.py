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
READERS = (
    Reader(1440, "light", "en-GB"),
    Reader(820, "dark", "fr-FR"),
    Reader(390, "dark", "en-US", "America/New_York"),
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
