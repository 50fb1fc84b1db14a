"""A reader of the console: a screen, a taste, a language; and what must hold of every page that they see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote, urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass(frozen=True, slots=True)
class Reader:
    """`width` in CSS pixels."""

    width: int = 1440
    scheme: Literal["light", "dark"] = "light"
    locale: str = "en-GB"
    zone: str = "Europe/Paris"
    scripts: bool = True

    def __str__(self) -> str:
        return f"{self.width}-{self.scheme}-{self.locale}{'' if self.scripts else '-noscript'}"


@dataclass(frozen=True, slots=True)
class Site:
    """The console at `url`. Screenshots go to `folder`."""

    browser: Browser
    url: str
    folder: Path

    @contextmanager
    def opened(self, reader: Reader, *, whole: bool = True) -> Iterator[Visitor]:
        """A browser of its own for the reader. With `whole`, it must have asked nobody else for anything and
        must have found nothing to complain of."""
        context = self.browser.new_context(
            viewport={"width": reader.width, "height": 900},
            color_scheme=reader.scheme,
            locale=reader.locale,
            timezone_id=reader.zone,
            java_script_enabled=reader.scripts,
            reduced_motion="reduce",
        )
        try:
            visitor = Visitor(self, context.new_page(), reader)
            yield visitor
            assert not whole or not visitor.complaints, visitor.complaints
        finally:
            context.close()


class Visitor:
    """A reader at a page. `complaints` has what the browser refused, failed at, or asked elsewhere."""

    def __init__(self, site: Site, page: Page, reader: Reader) -> None:
        self.site, self.page, self.reader = site, page, reader
        self.complaints: list[str] = []
        page.on("request", self._asked)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))

    def _asked(self, request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(self.site.url).netloc and request.url[:5] != "data:":
            self.complaints.append(f"asked {request.url}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text}")

    def goes_to(self, path: str) -> Page:
        answer = self.page.goto(f"{self.site.url}{path}", wait_until="load")
        assert answer is not None
        assert answer.status == 200, f"{path}: HTTP {answer.status}"
        return self.page

    def goes_to_order(self, name: str) -> Page:
        """Find an order as people do: by its name."""
        self.goes_to(f"/orders?q={quote(name)}")
        self.page.get_by_role("link", name=name, exact=True).first.click()
        self.page.wait_for_url("**/orders/*")
        return self.page

    def keeps(self, name: str) -> None:
        """A screenshot of the whole page."""
        self.page.screenshot(path=self.site.folder / f"{name}-{self.reader}.png", full_page=True)

    def fits(self, name: str) -> None:
        """Nothing is wider than the screen. Keeps a screenshot."""
        self.keeps(name)
        wider = self.page.evaluate(OVERFLOW)
        assert wider <= 0, f"{name} is {wider} px wider than a screen of {self.reader.width} px"

    def finds_nothing_wrong(self, name: str) -> None:
        """The page is accessible (WCAG 2.2 AA), fits its screen and has a language, a title and one heading."""
        self.fits(name)
        page = self.page
        assert page.get_attribute("html", "lang"), f"{name} has no language"
        assert page.title().strip(), f"{name} has no title"
        assert page.locator("h1").count() == 1, f"{name} has {page.locator('h1').count()} first headings"
        if self.reader.scripts:
            found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
            assert found.violations_count == 0, f"{name} ({self.reader})\n{found.generate_report()}"
