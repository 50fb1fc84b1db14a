"""A merchant's morning after the demo's day: each order that needs a person is understood from its page alone,
and decided there. The bridge goes on meanwhile, and Sculpteo prints."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import ARTIFACTS, Demo
from tests.browser.page_reader import Reader, Site, Visitor

pytestmark = pytest.mark.long

SOON = 60_000  # milliseconds, on a busy machine
GOES_ON = re.compile("Placed|Shipped|Done")
READER = Reader(1440, "light", "en-GB")


@pytest.fixture
def visitor(chromium: Browser, own_demo: Demo) -> Iterator[Visitor]:
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    with Site(chromium, own_demo.url, ARTIFACTS).opened(READER) as visitor:
        yield visitor


def state(page: Page, expected: str | re.Pattern[str]) -> None:
    """The order's page comes to show this state, by itself: nobody loads it again."""
    expect(page.locator("#now .head").first).to_contain_text(expected, timeout=SOON)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).first.click()


def test_a_suspected_fraud_is_approved_by_keyboard_alone(visitor: Visitor) -> None:
    page = visitor.goes_to("/")
    tab_to(page, "#1023")
    page.keyboard.press("Enter")
    page.wait_for_url("**/orders/*")
    tab_to(page, "Approve…")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Money may be spent on 1 order.")).to_be_visible()
    visitor.finds_nothing_wrong("approve")
    tab_to(page, "Approve")
    page.keyboard.press("Enter")
    state(page, GOES_ON)
    expect(page.locator("#story")).to_contain_text("Approved.")


def tab_to(page: Page, text: str) -> None:
    """Move the focus on until it is on the link or button with this text, seeing it all the way."""
    for _ in range(80):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        assert focused.evaluate("element => getComputedStyle(element).outlineStyle") != "none"
        if (focused.text_content() or "").strip() == text:
            return
    raise AssertionError(f"the keyboard does not come to “{text}”")


def test_an_outcome_that_is_not_known_is_resolved_by_the_reference(visitor: Visitor, own_demo: Demo) -> None:
    page = visitor.goes_to_order("#1010")
    expect(page.locator("#evidence")).to_contain_text("HTTP 502")
    page.get_by_label("Sculpteo's reference:").fill("WRONG000")
    press(page, "Sculpteo has it…")
    expect(page.locator(".banner.warn, .banner.bad").first).to_be_visible()
    page.get_by_role("link", name="Back, without doing it").click()
    page.get_by_label("Sculpteo's reference:").fill(own_demo.prints["#1001"])
    press(page, "Sculpteo has it…")
    expect(page.locator(".banner.bad")).to_contain_text("#1001")  # another order's: it cannot be taken
    page.get_by_role("link", name="Back, without doing it").click()
    page.get_by_label("Sculpteo's reference:").fill(own_demo.prints["#1010"])
    press(page, "Sculpteo has it…")
    press(page, "Sculpteo has it")
    state(page, GOES_ON)


def test_a_new_product_is_mapped_from_the_order(visitor: Visitor) -> None:
    page = visitor.goes_to_order("#1005")
    page.get_by_role("link", name=re.compile("NEW-2026")).click()
    page.get_by_label("Design (UUID)").first.fill("Lm2Moon8")
    page.get_by_label("Material").first.fill("white_plastic")
    press(page, "Go on…")
    expect(page.locator("pre")).to_contain_text("NEW-2026")
    visitor.finds_nothing_wrong("map")
    press(page, "Decide so")
    state(page, GOES_ON)


def test_a_refused_order_is_tried_again(visitor: Visitor) -> None:
    page = visitor.goes_to_order("#1011")
    press(page, "Try again…")
    press(page, "Try again")
    state(page, GOES_ON)


def test_an_order_that_is_not_wanted_is_ignored_and_can_be_taken_up_again(visitor: Visitor) -> None:
    page = visitor.goes_to_order("#1006")
    press(page, "Never print it")
    state(page, "Not printed")
    press(page, "Reopen…")
    press(page, "Reopen")
    state(page, "Needs you")


def test_an_alarm_is_cleared_once_somebody_has_seen_to_it(visitor: Visitor) -> None:
    page = visitor.goes_to_order("#1028")
    expect(page.locator(".alarm")).to_contain_text("cancelled in the shop")
    press(page, "I have seen to it")
    expect(page.locator(".alarm")).to_have_count(0)


def test_several_orders_are_decided_at_once_and_those_that_do_not_fit_are_named(visitor: Visitor) -> None:
    page = visitor.goes_to("/orders")
    for name in ("#1021", "#1001"):
        page.get_by_role("checkbox", name=re.compile(name)).check()
    press(page, "Hold…")
    expect(page.get_by_text("#1001 is done already.")).to_be_visible()
    press(page, "Hold")
    page.goto(f"{visitor.site.url}/orders?q=%231021")
    expect(page.get_by_text("A person put it on hold.")).to_be_visible()


def test_tracking_is_brought_again_as_often_as_somebody_presses(visitor: Visitor) -> None:
    page = visitor.goes_to_order("#1001")
    for _ in range(2):
        press(page, "Send tracking to the shop again")
    state(page, "Done")
    expect(page.locator("#parcels .badge")).to_have_count(1, timeout=SOON)


def test_placing_is_paused_and_goes_on(visitor: Visitor) -> None:
    page = visitor.goes_to("/")
    page.get_by_role("link", name="Pause placing").click()
    page.get_by_label("Why?").fill("Stocktaking")
    press(page, "Pause placing")
    expect(page.get_by_text("“Stocktaking”")).to_be_visible()
    page.get_by_role("link", name="Let it go on").click()
    press(page, "Let placing go on")
    expect(page.get_by_text("“Stocktaking”")).to_have_count(0)


def test_every_decision_of_the_morning_is_in_the_log(visitor: Visitor) -> None:
    page = visitor.goes_to("/deeds")
    for name in ("#1023", "#1010", "#1005", "#1011", "#1006"):
        expect(page.get_by_text(name).first).to_be_visible()
