"""What a scenario is, and the stage that it plays on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from bridge.order.problems import Alarm, Problem
from bridge.order.states import Ignored, State, Wait
from bridge.sandbox.sandbox import Sandbox
from bridge.sandbox.sculpteo.model import ParcelPlan, Step
from bridge.sandbox.shopify.customers import (
    People,
    Person,
)
from bridge.sandbox.shopify.model import Order
from bridge.sandbox.shopify.orders import Buy


@dataclass(frozen=True, slots=True)
class ExpectedOutcome:
    """How an order must end. `prints` counts orders in Sculpteo's books, `parcels` tracking numbers in the
    shop; `items` are `uuid:quantity` of the printed items, where a scenario is about them."""

    state: State
    prints: int = 1
    parcels: int = 0
    problem: Problem | None = None
    reason: Wait | Ignored | None = None
    alarm: Alarm | None = None
    items: tuple[str, ...] | None = None


@dataclass(slots=True)
class Stage:
    """What a scenario plays on. A `beat` is the day's pace in seconds: the approval window of the demo is
    three beats long."""

    box: Sandbox
    seed: int = 0
    beat: float = 1.0
    random: Random = field(init=False)
    people: People = field(init=False)
    tasks: list[asyncio.Task[None]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.random = Random(f"scenarios/{self.seed}")  # noqa: S311 - it has to be repeatable
        self.people = People(self.random)

    def create_order(self, person: Person, lines: Sequence[Buy | str], **options: Any) -> Order:
        """An order of this person; `options` are the fields of NewOrder."""
        return self.box.shop.create_order(
            lines, **{"address": person.address, "email": person.email, **options}
        )

    def schedule_action(self, beats: float, action: Callable[[], object]) -> None:
        """Something that happens in the shop after so many beats."""

        async def run_action() -> None:
            await asyncio.sleep(beats * self.beat)
            action()

        self.tasks.append(asyncio.get_running_loop().create_task(run_action()))

    def schedule_print_job(self, person: Person, *steps: Step) -> None:
        """What Sculpteo does with this person's order; the steps' times are in beats."""
        scaled = tuple(Step(step.after * self.beat, step.status, step.parcel) for step in steps)
        self.box.printer.script(person.name, scaled)

    def schedule_shipment(self, person: Person, carrier: str = "UPS") -> None:
        """The usual course: in process, then one parcel."""
        self.schedule_print_job(person, Step(1, "In Process"), Step(1, "Shipped", ParcelPlan(carrier)))

    def run_once_printed(self, person: Person, beats: float, action: Callable[[], object]) -> None:
        """Something that happens so many beats after Sculpteo has taken this person's order."""

        async def wait_and_run() -> None:
            while not self.box.printer.books(person.name):  # noqa: ASYNC110 - the books tell nobody
                await asyncio.sleep(self.beat / 10)
            await asyncio.sleep(beats * self.beat)
            action()

        self.tasks.append(asyncio.get_running_loop().create_task(wait_and_run()))

    async def wait_for_actions(self) -> None:
        """Wait until everything that was to happen in the shop has happened. Raises what went wrong."""
        await asyncio.gather(*self.tasks)

    def cancel_actions(self) -> None:
        for task in self.tasks:
            task.cancel()


@dataclass(frozen=True, slots=True)
class Scenario:
    """`key` for machines, `title` for the table of the demo, `play` makes it happen."""

    key: str
    title: str
    expected: ExpectedOutcome
    play: Callable[[Stage], Order]
