"""Sculpteo in memory: it accepts every correct order, as often as it is sent, and makes it."""

from __future__ import annotations

import asyncio
import string
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

from bridge.sandbox.sculpteo.form import Form, read_order, without_password
from bridge.sandbox.sculpteo.model import Book, Parcel, ParcelPlan, Refused, Script, Step
from bridge.sandbox.sculpteo.settings import SculpteoSettings

REFERENCE_LETTERS = string.ascii_uppercase + string.digits
DELIVERY_DAYS = 9
TRACKING_PAGES = {
    "UPS": "https://www.ups.com/WebTracking/processInputRequest?InquiryNumber1={number}",
    "Colissimo": "https://www.laposte.fr/outils/suivre-vos-envois?code={number}",
    "DHL": "https://www.dhl.com/en/express/tracking.html?AWB={number}",
}


@dataclass(frozen=True, slots=True)
class Design:
    uuid: str
    name: str
    size: tuple[float, float, float]  # mm
    volume: float  # cm3
    private: bool = False


def utc_now() -> datetime:
    return datetime.now(UTC)


class Printer:
    """The books and the production. `listeners` are told the reference at each change of status.

    There is no deduplication: the same form twice is two orders, as at the real Sculpteo.
    """

    def __init__(
        self,
        settings: SculpteoSettings | None = None,
        *,
        seed: int | str = 0,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.settings = settings or SculpteoSettings()
        self.now = now
        self.random = Random(f"sculpteo/{seed}")  # noqa: S311 - it has to be repeatable
        self.listeners: list[Callable[[Book], None]] = []
        self.refusals: list[Refused] = []
        self.designs: dict[str, Design] = {}
        self.scripts: list[Script] = []
        self._books: dict[str, Book] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # -- the books --

    def books(self, mentioning: str | None = None, *, fake: bool | None = None) -> list[Book]:
        """Every order ever accepted, oldest first; those whose form holds a text, or by fakeness."""
        return [
            book
            for book in self._books.values()
            if (mentioning is None or book.mentions(mentioning)) and fake in (None, book.fake)
        ]

    def book(self, reference: str) -> Book:
        try:
            return self._books[reference]
        except KeyError:
            raise LookupError(f"the sandbox's Sculpteo has no order {reference}") from None

    def place(self, form: Form, *, taken_as_test: bool | None = None) -> Book:
        """The order call. `taken_as_test` None = as the form says; else Sculpteo gets it wrong. Raises Refused."""
        try:
            wanted = read_order(form, self.settings)
            for item in wanted.items:
                self.design(item.uuid)
        except Refused as refusal:
            self.refusals.append(refusal)
            raise
        test = wanted.fake if taken_as_test is None else taken_as_test
        book = Book(
            reference=self.new_reference(),
            placed_at=self.now(),
            items=wanted.items,
            address=wanted.address,
            comments=wanted.comments,
            fake=wanted.fake,
            status="API Test" if test else self.settings.first_status,
            ship_method=wanted.ship_method,
            theme=wanted.theme,
            notification_url=wanted.notification_url,
            invoice=wanted.invoice,
            fields=without_password(form.fields),
            estimated=(self.now() + timedelta(days=DELIVERY_DAYS)).date(),
        )
        book.history.append((book.status, book.placed_at))
        self._books[book.reference] = book
        self._tell(book)
        if not test:
            self._produce(book)
        return book

    def new_reference(self) -> str:
        return "".join(self.random.choices(REFERENCE_LETTERS, k=8))

    def design(self, uuid: str) -> Design:
        """A known design. Raises Refused(404) for one that is not."""
        if uuid not in self.designs:
            if not self.settings.any_design:
                raise Refused(404, "there is no such design")
            self.invent_design(uuid)
        return self.designs[uuid]

    def invent_design(self, uuid: str) -> None:
        """The account has a design of this id from now on, if it has none yet."""
        seeded = Random(uuid)  # noqa: S311 - a volume made up from the letters of its id
        side = seeded.uniform(12, 60)
        size = (side, side, side / 2)
        self.designs.setdefault(uuid, Design(uuid, uuid, size, round(side**3 / 9000, 3)))

    def price(self, uuid: str, quantity: int, scale: Decimal, unit: str, material: str) -> Decimal:
        """The price of some copies. Raises Refused for a design or material that does not exist."""
        rates = {entry.id: entry.price_per_cm3 for entry in self.settings.materials}
        if material not in rates:
            raise Refused(404, f"there is no material {material}")
        volume = Decimal(str(self.design(uuid).volume)) * scale**3
        return (Decimal("2.50") + volume * rates[material]).quantize(Decimal("0.01")) * quantity

    # -- production --

    def advance(self, reference: str, status: str) -> Book:
        """A new status, told to the order's notification url. Any word goes: Sculpteo's list may grow."""
        book = self.book(reference)
        book.status = status
        book.history.append((status, self.now()))
        self._tell(book)
        return book

    def add_parcel(
        self,
        reference: str,
        number: str | None = None,
        carrier: str = "UPS",
        contents: Iterable[tuple[str, int]] | None = None,
        *,
        status: str | None = "Shipped",
        url: str | None = None,
        shipped_on: date | None = None,
    ) -> Parcel:
        """A parcel leaves. `contents` None = all items; `status` None leaves the status as it is."""
        book = self.book(reference)
        number = number or self.new_number(carrier)
        page = TRACKING_PAGES.get(carrier)
        parcel = Parcel(
            number=number,
            carrier=carrier,
            url=url or (page.format(number=number) if page else None),
            shipped_on=shipped_on or self.now().date(),
            contents=tuple(contents)
            if contents is not None
            else tuple((item.uuid, item.quantity) for item in book.items),
        )
        book.parcels.append(parcel)
        self.advance(reference, status or book.status)
        return parcel

    def relabel(self, reference: str, number: str, to: str | None = None) -> Parcel:
        """The carrier replaces a parcel's label: the number is gone, another one is in its place."""
        book = self.book(reference)
        index = next((i for i, parcel in enumerate(book.parcels) if parcel.number == number), None)
        if index is None:
            raise LookupError(f"{reference} has no parcel {number}")
        old = book.parcels[index]
        fresh = to or self.new_number(old.carrier)
        page = TRACKING_PAGES.get(old.carrier)
        book.parcels[index] = replace(old, number=fresh, url=page.format(number=fresh) if page else None)
        self.advance(reference, book.status)
        return book.parcels[index]

    def new_number(self, carrier: str) -> str:
        digits = "".join(self.random.choices(string.digits, k=10))
        return f"1Z999AA1{digits}" if carrier == "UPS" else f"8R{digits}1"

    def script(self, containing: str, steps: Sequence[Step], *, times: int = 1) -> Script:
        """Say beforehand what happens to the next order whose form holds a text (a name, a SKU, ...)."""
        made = Script(containing, tuple(steps), times)
        self.scripts.append(made)
        return made

    def _produce(self, book: Book) -> None:
        steps = self._steps(book)
        if not steps:
            return
        task = asyncio.get_running_loop().create_task(self._play(book, steps))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _steps(self, book: Book) -> tuple[Step, ...]:
        for index, script in enumerate(self.scripts):
            if script.times > 0 and book.mentions(script.containing):
                self.scripts[index] = Script(script.containing, script.steps, script.times - 1)
                return script.steps
        if not self.settings.automatic:
            return ()
        carrier = "Colissimo" if book.ship_method == "quick" else "UPS"
        return tuple(
            Step(seconds / self.settings.speed, status, ParcelPlan(carrier) if status == "Shipped" else None)
            for status, seconds in self.settings.pace
        )

    async def _play(self, book: Book, steps: Sequence[Step]) -> None:
        for step in steps:
            await asyncio.sleep(step.after)
            if step.parcel is not None:
                places = step.parcel.items if step.parcel.items is not None else range(len(book.items))
                items = [book.items[place] for place in places if place < len(book.items)]
                self.add_parcel(
                    book.reference,
                    step.parcel.number,
                    step.parcel.carrier,
                    [(item.uuid, item.quantity) for item in items],
                    status=step.status,
                )
            elif step.status is not None:
                self.advance(book.reference, step.status)

    def _tell(self, book: Book) -> None:
        for listener in self.listeners:
            listener(book)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
