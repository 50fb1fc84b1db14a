"""The console in a real Chromium: each page on a phone and on a wide screen, light and dark, looked at by axe;
by keyboard alone, without JavaScript, and kept fresh while it is open.

Screenshots go to artifacts/console, which is ignored.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from bridge.order.model import Money
from bridge.order.problems import Alarm
from bridge.order.states import Wait
from bridge.web.console.navigation import NAVIGATION
from tests.web.console.conftest import PASSWORDS, Site
from tests.web.console.orders import SCRIPT, alarmed, asking, bought, needing

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SHOTS = Path(__file__).parents[3] / "artifacts" / "console"
SIZES = {"phone": 390, "wide": 1440}
PAGES = (
    *("/sign-in", *(tab.path for tab in NAVIGATION), "/account", "/deeds", "/pause", "/resume?scope=acme"),
    *("/orders/1", "/orders/2", "/orders/decide?action=approve&key=2", "/nothing"),
)
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()


@asynccontextmanager
async def opened(context: BrowserContext, *, expected: tuple[str, ...] = ()) -> AsyncIterator[Page]:
    """A page of which nothing may go wrong: no error of a script, nothing that the policy forbids."""
    page = await context.new_page()
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda dialog: wrong.append(f"a dialog: {dialog.message}"))
    yield page
    assert [text for text in wrong if not any(word in text for word in expected)] == []
    await page.close()


async def sign_in(page: Page, site: Site, name: str = "anna") -> None:
    await page.goto(f"{site.url}/sign-in")
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Password").fill(PASSWORDS[name])
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{site.url}/")


async def fill(site: Site) -> None:
    """Something of everything, with script in all that others wrote."""
    await needing(site.store, 1001, facts={"skus": f"“NEW-2026”, “{SCRIPT}”"})
    await asking(site.store, 1002, Wait.RISK)
    await alarmed(site.store, 1003, Alarm.SECOND_REFERENCE, {"reference": "ABCD1234"})
    await bought(site.store, 1004, timedelta(days=1), cost=Money(Decimal("12.50"), "EUR"))
    await site.store.switch.pause_ordering("acme", "otto", SCRIPT)
    await site.store.memory.set("reconciled_at:acme", "2026-11-20T09:00:00+00:00")


SCHEMES = ("light", pytest.param("dark", marks=pytest.mark.long))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", SCHEMES)
async def test_every_page_is_fit_for_everybody(chromium: Browser, site: Site, size: str, scheme: str) -> None:
    await fill(site)
    SHOTS.mkdir(parents=True, exist_ok=True)
    french = "fr-FR" if scheme == "dark" else "en-GB"  # each size in both languages
    found: dict[str, object] = {}
    context = await chromium.new_context(
        viewport={"width": SIZES[size], "height": 844},
        color_scheme="dark" if scheme == "dark" else "light",
        locale=french,
        timezone_id="Europe/Paris",
    )
    async with opened(context, expected=("404",)) as page:
        for path in PAGES:
            if path == PAGES[1]:
                await page.locator("#name").fill("anna")
                await page.locator("#password").fill(PASSWORDS["anna"])
                await page.keyboard.press("Enter")
                await page.wait_for_url(f"{site.url}/")
            await page.goto(site.url + path)
            await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
            results = await Axe().run(page, options=RULES)
            assert len(results.response["passes"]) > 10, "axe has looked at nothing"
            if results.response["violations"]:
                found[path] = [
                    (one["id"], one["nodes"][0]["target"]) for one in results.response["violations"]
                ]
            width = await page.evaluate("document.documentElement.scrollWidth")
            if width > SIZES[size]:
                found[f"{path} scrolls sideways"] = width
            name = path.partition("?")[0].strip("/").replace("/", "-") or "today"
            await page.screenshot(path=SHOTS / f"{name}-{size}-{scheme}.png", full_page=True)
    await context.close()
    assert found == {}


async def test_the_keyboard_is_enough(chromium: Browser, site: Site) -> None:
    await fill(site)
    context = await chromium.new_context(locale="en-GB")
    async with opened(context) as page:
        await sign_in(page, site)
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")  # skips to the content
        assert await page.evaluate("document.activeElement.id") == "main"
        for _ in range(30):
            await page.keyboard.press("Tab")
            # in one go: a block that is made fresh between two questions has its elements replaced
            focused = await page.evaluate("""() => {
                const element = document.activeElement;
                return {
                    outline: getComputedStyle(element).outlineStyle,
                    text: element.textContent,
                    html: element.outerHTML,
                };
            }""")
            assert focused["outline"] == "solid", focused["html"]
            if focused["text"] == "I saw to it":
                break
        await page.keyboard.press("Enter")
        await page.get_by_role("status").get_by_text("The alarm is cleared.").wait_for()
    assert not await site.store.queries.list_alarms()


async def test_everything_works_without_javascript(chromium: Browser, site: Site) -> None:
    context = await chromium.new_context(java_script_enabled=False, locale="en-GB")
    async with opened(context) as page:
        await sign_in(page, site, "otto")
        await page.get_by_role("link", name="Pause placing").click()
        await page.get_by_label("Why?").fill("A test")
        await page.get_by_role("button", name="Pause placing").click()
        await page.get_by_text("“A test”").wait_for()
        await page.get_by_role("link", name="Let it go on").click()
        await page.get_by_role("button", name="Let placing go on").click()
        await page.get_by_text("Placing goes on.").wait_for()
        await page.get_by_role("button", name="Sign out").click()
        await page.wait_for_url(f"{site.url}/sign-in")
    assert not await site.store.switch.list_pauses()


async def test_an_open_page_stays_fresh_and_leaves_the_reader_alone(chromium: Browser, site: Site) -> None:
    await bought(site.store, 900, timedelta(days=1))
    context = await chromium.new_context(locale="en-GB")
    async with opened(context) as page:
        await sign_in(page, site)
        await page.get_by_text("As a table").click()
        link = page.get_by_role("link", name="Settings")
        await link.focus()
        await page.evaluate("window.untouched = true")
        async with asyncio.timeout(20):  # the page may not listen yet, so something new happens until it does
            number = 1001
            while not await page.get_by_text("“NEW-2026”").count():
                await needing(site.store, number, facts={"skus": "“NEW-2026”"})
                number += 1
                await asyncio.sleep(1)
        assert await page.evaluate("window.untouched"), "the page was loaded anew"
        assert await page.evaluate("document.querySelector('#figures-table').open")
        assert await link.evaluate("element => element === document.activeElement")


async def test_the_keyboard_stays_on_what_it_is_on_while_the_page_is_made_fresh(
    chromium: Browser, site: Site
) -> None:
    """Enter must never act on another alarm than the one that had the focus when the reader looked."""
    second = await alarmed(site.store, 1002, Alarm.SECOND_REFERENCE, {"reference": "ABCD1234"})
    (key,) = [one.key for one in await site.store.queries.list_alarms(order=second.key)]
    context = await chromium.new_context(locale="en-GB")
    async with opened(context) as page:
        await sign_in(page, site)
        numbers = count(1100)
        focused = "document.activeElement.closest('form')?.getAttribute('action')"
        while await page.evaluate(focused) != f"/alarms/{key}/clear":
            await page.keyboard.press("Tab")

        async def made_fresh() -> None:
            async with asyncio.timeout(20):
                before = await page.locator("#states").inner_text()
                while await page.locator("#states").inner_text() == before:
                    await asking(site.store, next(numbers), Wait.RISK)  # until the page listens
                    await asyncio.sleep(1)

        await alarmed(site.store, 1001, Alarm.SECOND_REFERENCE, {"reference": "WXYZ9876"})
        await made_fresh()
        await page.get_by_role("heading", name="2 alarms").wait_for()
        assert await page.evaluate(focused) == f"/alarms/{key}/clear"

        await site.store.clear_alarm(key, "somebody else")
        await made_fresh()
        assert await page.evaluate(focused) == f"/alarms/{key}/clear", "its block waits for the reader"
        await page.keyboard.press("Tab")
        await page.get_by_role("heading", name="1 alarm").wait_for()
        assert await page.get_by_text("ABCD1234").count() == 0


async def test_times_are_told_in_the_readers_own_zone(chromium: Browser, site: Site) -> None:
    context = await chromium.new_context(locale="en-GB", timezone_id="Asia/Tokyo")
    async with opened(context) as page:
        await sign_in(page, site)
        await page.goto(f"{site.url}/deeds")
        shown = page.locator("tbody time").first
        utc = await shown.get_attribute("datetime")
        said = await page.evaluate(
            "at => new Date(at).toLocaleTimeString('en-GB', {timeZone: 'Asia/Tokyo'})", utc
        )
        assert said in await shown.inner_text()


async def test_a_page_whose_session_is_over_leads_to_the_sign_in(chromium: Browser, site: Site) -> None:
    context = await chromium.new_context(locale="en-GB")
    # the page's stream of events is led to the sign-in as well, and the browser says that this is no stream
    async with opened(context, expected=("EventSource's response",)) as page:
        await sign_in(page, site)
        await site.store.sessions.close_sessions("anna")
        number = 1001
        async with asyncio.timeout(180):  # the next event has the page look again
            while "/sign-in" not in page.url:
                await needing(site.store, number)
                number += 1
                await asyncio.sleep(1)
