"""The list of orders in a real Chromium: it is live, keeps what is ticked, and says when nothing is; what is to be looked
for at Sculpteo is copied by one press."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import ARTIFACTS, Demo
from tests.browser.page_reader import Reader, Site

pytestmark = pytest.mark.long

SOON = 60_000  # milliseconds, on a busy machine


@pytest.mark.long
def test_the_list_is_live_and_keeps_what_is_ticked(chromium: Browser, own_demo: Demo) -> None:
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    site = Site(chromium, own_demo.url, ARTIFACTS)
    with site.opened(Reader()) as visitor, site.opened(Reader(390, "dark", "fr-FR")) as other:
        page = visitor.goes_to("/orders")
        row = page.locator("tbody tr").filter(has=page.get_by_role("link", name="#1006", exact=True))
        expect(row.locator(".state")).to_have_text("Needs you")
        page.get_by_label("Choose #1021").check()
        page.get_by_label("Choose #1023").focus()
        elsewhere = other.goes_to_order("#1006")
        elsewhere.get_by_role("button", name="Annuler").click()
        expect(elsewhere.get_by_role("status").first).to_contain_text("Annulée.")
        expect(row.locator(".state")).to_have_text("Cancelled", timeout=SOON)
        expect(page.get_by_label("Choose #1021")).to_be_checked()
        expect(page.get_by_label("Choose #1023")).to_be_focused()
        expect(page.locator("tbody input:checked")).to_have_count(1)
        page.get_by_role("button", name="Hold").click()
        expect(page.locator("main")).to_contain_text("#1021")


def test_approve_with_nothing_ticked_says_so_and_stays_on_the_list(site: Site) -> None:
    with site.opened(Reader(390, "light", "en-GB")) as visitor:
        page = visitor.goes_to("/orders?state=waiting")
        page.get_by_role("button", name="Approve").click()
        expect(page.get_by_role("status").first).to_contain_text("No order is ticked.")
        assert page.url.endswith("/orders?state=waiting")
        visitor.finds_nothing_wrong("orders-nothing-ticked")


def test_what_to_look_for_at_sculpteo_is_copied_by_one_press(site: Site) -> None:
    with site.opened(Reader()) as visitor:
        visitor.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = visitor.goes_to_order("#1010")
        page.get_by_role("button", name="Copy these lines").press("Enter")
        expect(page.get_by_text("Copied.", exact=True)).to_be_visible()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == page.locator("#lookup").text_content()
        assert "Comment: acme #1010" in copied
        assert "Item: " in copied
    with site.opened(Reader(scripts=False)) as visitor:
        page = visitor.goes_to_order("#1010")
        expect(page.locator("#lookup")).to_be_visible()
        expect(page.get_by_role("button", name="Copy these lines")).to_be_hidden()
