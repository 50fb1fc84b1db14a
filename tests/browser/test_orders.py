"""Orders in a real Chromium: every kind of trouble is understood from its page alone, and fixed from there."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import ARTIFACTS, Demo
from tests.browser.page_reader import Reader, Site, Visitor

pytestmark = pytest.mark.long

WIDE = Reader(1440, "light", "en-GB")
READERS = (WIDE, Reader(390, "dark", "fr-FR"), Reader(320, "light", "fr-FR"), Reader(scripts=False))
TELLING = ("unmapped", "unknown", "done", "alarm")  # kinds whose pages have all parts between them
KINDS = {
    "unmapped": "1005",
    "address": "1006",
    "blocked": "1007",
    "cancelled": "1008",
    "unknown": "1010",
    "refused": "1011",
    "done": "1004",
    "risk": "1023",
    "alarm": "1028",
}
SOON = 60_000  # milliseconds in which the bridge goes on with what a person decided, and a page answers
expect.set_options(timeout=SOON)


def opens(visitor: Visitor, name: str) -> Page:
    """Find an order by its name and go to its page."""
    page = visitor.goes_to(f"/orders?q={name}")
    page.get_by_role("link", name=f"#{name}", exact=True).click()
    expect(page.locator("h1")).to_contain_text(f"#{name}")
    return page


@pytest.mark.parametrize("reader", READERS, ids=str)
def test_nothing_is_wrong_with_the_page_of_any_kind_of_order(site: Site, reader: Reader) -> None:
    with site.opened(reader) as visitor:
        for kind in KINDS if reader == WIDE else TELLING:
            opens(visitor, KINDS[kind])
            visitor.finds_nothing_wrong(f"order-{kind}")


@pytest.mark.parametrize("reader", READERS, ids=str)
def test_nothing_is_wrong_with_the_pages_that_ask(site: Site, reader: Reader) -> None:
    with site.opened(reader) as visitor:
        page = opens(visitor, "1005")
        path = page.url.removeprefix(site.url)
        visitor.goes_to(f"{path}/lines/2")
        visitor.finds_nothing_wrong("line")
        visitor.goes_to(f"{path}/lines/2?what=print&uuid=Lm2Moon8&scale=big")
        visitor.finds_nothing_wrong("line-wrong")
        visitor.goes_to(f"{path}/lines/2?what=print&uuid=Lm2Moon8&scale=0.5")
        visitor.finds_nothing_wrong("line-follows")
        visitor.goes_to(f"/orders/decide?action=retry&key={path.rpartition('/')[2]}&key=1")
        visitor.finds_nothing_wrong("decide")


def test_a_merchant_finds_orders_by_what_they_know(site: Site) -> None:
    with site.opened(WIDE) as visitor:
        page = visitor.goes_to("/orders")
        page.get_by_label("State").select_option("attention")
        page.get_by_role("button", name="Show").click()
        expect(page.locator("tbody .state")).to_have_count(4)
        page.get_by_role("link", name="Clear").click()
        page.get_by_role("searchbox").fill("CHESS")
        page.keyboard.press("Enter")
        expect(page.locator("tbody tr")).not_to_have_count(0)


def test_everything_is_decided_from_the_pages_without_scripts_and_by_keyboard(
    chromium: Browser, own_demo: Demo
) -> None:
    site = Site(chromium, own_demo.url, ARTIFACTS)
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    with site.opened(Reader(scripts=False)) as visitor:
        _maps_a_line(visitor)
        _says_that_sculpteo_does_not_have_it(visitor)
        _approves_in_bulk(visitor)
        _brings_tracking_again(visitor)
        _sees_to_an_alarm(visitor)
    with site.opened(WIDE) as visitor:
        _cancels_and_reopens_by_keyboard(visitor)
        _sees_what_happens_without_a_reload(visitor)


def _maps_a_line(visitor: Visitor) -> None:
    page = opens(visitor, "1005")
    page.get_by_role("link", name="Decide what “NEW-2026” is").click()
    page.get_by_label("Design (UUID)").first.fill("Lm2Moon8")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("pre")).to_contain_text('- {sku: "NEW-2026", uuid: "Lm2Moon8"')
    page.get_by_role("button", name="Decide so").click()
    expect(page.get_by_role("status")).to_contain_text("Decided; the order is looked at again.")
    _comes_to(page, "Placed", "Shipped", "Done")


def _says_that_sculpteo_does_not_have_it(visitor: Visitor) -> None:
    page = opens(visitor, "1010")
    page.get_by_label("Sculpteo's reference:").fill("NOSUCH12")
    page.get_by_role("button", name="Sculpteo has it").click()
    expect(page.locator(".banner.warn")).to_contain_text("does not know NOSUCH12")
    page.get_by_role("link", name="Back, without doing it").click()
    page.get_by_role("button", name="Sculpteo does not have it: order it").click()
    expect(page.locator("main")).to_contain_text("printed and billed twice")
    page.get_by_role("button", name="Sculpteo does not have it: order it").click()
    _comes_to(page, "Placed", "Shipped", "Done")


def _approves_in_bulk(visitor: Visitor) -> None:
    page = visitor.goes_to("/orders?state=waiting")
    for name in ("#1023", "#1021"):
        page.get_by_label(f"Choose {name}").check()
    page.get_by_role("button", name="Approve").click()
    expect(page.locator(".banner.warn")).to_contain_text("Money may be spent on 2 orders.")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("status")).to_contain_text("2 orders: done.")
    _comes_to(opens(visitor, "1023"), "Placed", "Shipped", "Done")


def _brings_tracking_again(visitor: Visitor) -> None:
    page = opens(visitor, "1004")
    page.get_by_role("button", name="Send tracking to the shop again").click()
    expect(page.get_by_role("status")).to_contain_text("The shop is told of what it lacks.")
    _comes_to(page, "Done")
    expect(page.get_by_text("not in the shop yet")).to_have_count(0)


def _sees_to_an_alarm(visitor: Visitor) -> None:
    page = opens(visitor, "1028")
    page.get_by_role("button", name="I have seen to it").click()
    expect(page.locator(".alarm")).to_have_count(0)


def _cancels_and_reopens_by_keyboard(visitor: Visitor) -> None:
    page = opens(visitor, "1006")
    _tabs_to(page, "Cancel")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Cancelled.")
    _tabs_to(page, "Reopen…")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Reopen")
    _tabs_to(page, "Reopen")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Reopened.")


def _sees_what_happens_without_a_reload(visitor: Visitor) -> None:
    expect(visitor.page.locator("#now .state")).to_have_text("Needs you")


def _tabs_to(page: Page, label: str) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText") == label:
            return
    raise AssertionError(f"the keyboard does not get to {label}")


def _comes_to(page: Page, *states: str) -> None:
    """Look again until the order is there."""
    wanted = re.compile("|".join(states))
    for _ in range(SOON // 500):
        if wanted.fullmatch(page.locator("#now .state").inner_text().strip()):
            return
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError(f"{page.locator('#now').inner_text()} is not {states}")
