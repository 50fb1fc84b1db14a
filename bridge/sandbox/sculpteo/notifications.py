"""Notifications: a POST with one field, `reference`, to the order's own url at each change of status.

That there are any is documented; whether they are tried again, and how soon they come, is not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp

from bridge.sandbox.http.faults import (
    Fault,
    FaultMenu,
    Kind,
)
from bridge.sandbox.sculpteo.model import Book
from bridge.sandbox.sculpteo.printer import Printer

DEADLINE = 5.0


@dataclass(slots=True)
class Notification:
    reference: str
    status: str  # the order's, when it was sent
    results: list[int | str] = field(default_factory=list)


class Notifier:
    """Listens to the printer. `retries` are the seconds before each further try; none unless asked for."""

    def __init__(
        self,
        printer: Printer,
        menu: FaultMenu,
        *,
        retries: tuple[float, ...] = (),
        address: Callable[[str], str] = lambda url: url,
    ) -> None:
        self.sent: list[Notification] = []
        self.retries = retries
        self._address = address
        self._printer = printer
        self._menu = menu
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=DEADLINE), connector=aiohttp.TCPConnector(limit=64)
        )
        self._printer.listeners.append(self.on_change)

    async def stop(self) -> None:
        if self.on_change in self._printer.listeners:
            self._printer.listeners.remove(self.on_change)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session:
            await self._session.close()

    async def settle(self) -> None:
        """Wait until nothing is on its way."""
        while self._tasks:
            await asyncio.wait(list(self._tasks))

    def on_change(self, book: Book) -> None:
        if not self._printer.settings.notify or not book.notification_url:
            return
        text = "\n".join(value for _, value in book.fields) if self._menu.rules else ""
        fault = self._menu.draw(("sculpteo.notifications",), text)
        if fault is not None and fault.kind is Kind.DROP:
            return
        self.send(book.reference, book.notification_url, book.status, fault)

    def send(self, reference: str, url: str, status: str, fault: Fault | None = None) -> None:
        """Notify `url`; also used to send what Sculpteo never would."""
        wait = 0.0
        if fault is not None and fault.kind is Kind.DELAY:
            wait = fault.seconds
        elif fault is not None and fault.kind is Kind.REORDER:
            wait = self._menu.random.uniform(0, fault.seconds)
        copies = 2 if fault is not None and fault.kind is Kind.DUPLICATE else 1
        for _ in range(copies):
            note = Notification(reference, status)
            self.sent.append(note)
            task = asyncio.get_running_loop().create_task(self._deliver(note, url, wait))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _deliver(self, note: Notification, url: str, wait: float) -> None:
        await asyncio.sleep(wait)
        for gap in (*self.retries, None):
            result = await self._post(url, note.reference)
            note.results.append(result)
            if isinstance(result, int) and 200 <= result < 300:
                return
            if gap is not None:
                await asyncio.sleep(gap)

    async def _post(self, url: str, reference: str) -> int | str:
        if self._session is None:
            raise RuntimeError("the notifier was not started")
        try:
            async with self._session.post(
                self._address(url), data={"reference": reference}, allow_redirects=False
            ) as response:
                return response.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return type(error).__name__
