"""Each page, on a phone and on a wide screen, by day and by night, in English and in French."""

from __future__ import annotations

import pytest

from tests.browser.page_reader import Reader, Site

pytestmark = pytest.mark.long

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
WHOLE = (Reader(1440, "light", "en-GB"), Reader(390, "dark", "fr-FR"))
NARROW = (
    Reader(820, "dark", "en-US", "America/New_York"),
    Reader(320, "light", "fr-FR"),  # WCAG 2.2, 1.4.10: the narrowest that nothing may be lost on
)


@pytest.mark.parametrize("reader", (*WHOLE, Reader(scripts=False)), ids=str)
def test_nothing_is_wrong_with_any_page(site: Site, reader: Reader) -> None:
    with site.opened(reader) as visitor:
        for name, path in PAGES.items():
            visitor.goes_to(path)
            visitor.finds_nothing_wrong(name)


@pytest.mark.parametrize("reader", NARROW, ids=str)
def test_every_page_fits_other_screens(site: Site, reader: Reader) -> None:
    with site.opened(reader) as visitor:
        for name, path in PAGES.items():
            visitor.goes_to(path)
            visitor.fits(name)
