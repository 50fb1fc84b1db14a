"""What a step is given: the order it holds, and the world it may look at."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random

from bridge.errors import NeedsPerson, NotConfigured, TryAgain
from bridge.order.model import Annotation, Mode, ShopOrder
from bridge.order.policy import GoLive, JudgedBy, Policy
from bridge.order.problems import NOT_CONFIGURED
from bridge.order.records import OrderRecord, TimelineEntry, Transition
from bridge.ports import Catalog, Clock, GoLiveDates, Invoicer, Orders, Printer, Shop


class Unlimited:
    """Go-live dates of a world in which every order is the bridge's: for what plays without a history."""

    async def load_go_live(self, shop: str) -> GoLive:
        return GoLive()


@dataclass(frozen=True, slots=True)
class StepContext:
    """Everything that a step may ask. Replaced as a whole when the configuration is read again."""

    clock: Clock
    orders: Orders
    shops: Mapping[str, Shop]
    printer: Printer
    catalog: Catalog
    invoicer: Invoicer
    policy: Policy
    random: Random
    go_live: GoLiveDates = field(default_factory=Unlimited)

    @property
    def judged_by(self) -> JudgedBy:
        """What steps judge by in this world."""
        return JudgedBy(self.policy.mode, self.policy.version, self.catalog.version)


@dataclass(slots=True)
class StepRun:
    """One run of one step. `record` is replaced when the step itself moves the order on."""

    record: OrderRecord
    world: StepContext

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    @property
    def shop(self) -> Shop:
        try:
            return self.world.shops[self.record.shop]
        except KeyError:
            raise NotConfigured(NOT_CONFIGURED.format(shop=self.record.shop)) from None

    @property
    def is_configured(self) -> bool:
        """Whether the order's shop is in the configuration."""
        return self.record.shop in self.world.shops

    @property
    def note_mode(self) -> Mode:
        """The mode whose note on the Shopify order is this order's: of what was bought the mode that it was bought
        in, whatever mode the bridge works in by now; of what may be bought the mode in force."""
        record = self.record
        if record.reference is not None and record.mode is not None:
            return record.mode
        if record.attempt is not None and record.attempt.sent_at is not None:
            return record.attempt.mode
        return self.world.policy.mode

    async def fetch_order(self, *, note_of: Mode | None = None) -> ShopOrder | None:
        """The order as it is now, with its note; `note_of` instead of the order's own."""
        order = await self.shop.fetch_order(self.record.order_id, note_of=note_of or self.note_mode)
        if order is None or not self.world.policy.needs_papers or self.record.reference is not None:
            return order
        before = self.record.snapshot
        if before is not None and before.papers is not None and before.updated_at == order.updated_at:
            return replace(order, papers=before.papers)
        try:
            return await self.with_papers(order)
        except TryAgain:  # nothing is judged by them, and the invoice asks for them anew
            return order

    async def with_papers(self, order: ShopOrder) -> ShopOrder:
        """The order with what an invoice says beyond it, where one is made from a template. What the shop does not
        let the bridge read is left out. Raises TryAgain."""
        if not self.world.policy.needs_papers:
            return order
        try:
            return replace(order, papers=await self.shop.fetch_papers(order.id))
        except NeedsPerson:
            return order

    def keep_state(self, due_at: datetime | None, *notes: TimelineEntry, **values: object) -> Transition:
        """Remain as it is, with its reason or problem, until `due_at`."""
        record = self.record
        return Transition(
            target=record.state,
            due_at=due_at,
            reason=record.reason,
            problem=record.problem,
            facts=record.facts,
            values=values,
            notes=notes,
        )


Step = Callable[[StepRun], Awaitable[Transition]]


async def annotate_order(job: StepRun, *, progress: tuple[str, ...] = ()) -> dict[str, object]:
    """Show state and reference on the Shopify order where they are not shown yet; gives what to record.

    A convenience for the merchant: a shop that refuses it does not stop the order.
    """
    record = job.record
    wanted = f"{record.state}:{record.reference or ''}"
    if record.annotated == wanted or (record.annotated or "").startswith("refused:"):
        return {}
    annotation = Annotation(
        state=record.state,
        reference=record.reference,
        fake=record.mode is not None and record.mode != "live",
        progress=progress,
    )
    try:
        await job.shop.annotate_order(record.order_id, annotation)
    except NeedsPerson:
        return {"annotated": f"refused:{wanted}"}
    return {"annotated": wanted}
