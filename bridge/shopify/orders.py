"""A Shopify shop as the steps see it: orders read whole, and what is written back to them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bridge.errors import LedgerConflict, NeedsPerson, TryAgain, UnreadableAnswer
from bridge.order.model import (
    Annotation,
    ChangedOrder,
    CustomerOrder,
    Fulfillment,
    FulfillmentOrder,
    LedgerEntry,
    Mode,
    NewFulfillment,
    Papers,
    ShopOrder,
    Tracking,
)
from bridge.shopify import (
    ledger,
    order_annotations,
    order_parser,
    shipments,
)
from bridge.shopify.buyer_documents import papers_of
from bridge.shopify.client import (
    Admin,
    next_page,
)
from bridge.shopify.json_value import (
    Unexpected,
    Value,
)
from bridge.shopify.response import (
    AccessDenied,
    Reply,
    UserError,
    user_errors,
)
from bridge.shopify.scopes import FULFILLMENT_ORDERS, granted
from bridge.shopify.shop_status import locations

OPTIONAL = frozenset(
    {"customer", "displayName", "numberOfOrders", "email", "phone", "location", "paymentTerms"}
)
"""What an order can be read without: read_customers, read_locations, read_payment_terms and protected customer data that is not
needed for a parcel are not asked of every merchant."""
SETTLED = frozenset({"PAID", "PARTIALLY_REFUNDED", "REFUNDED", "VOIDED"})
STEADY_TRIES = 3
FIRST_FULFILLMENTS = 5  # so many of them come with the order (queries/order.graphql)
MOST_FULFILLMENTS = 250  # Shopify shows no more of them
ROUTED_BY = timedelta(
    minutes=10
)  # an order without fulfillment orders after that: are we allowed to see them?
LEDGER_RETRY = timedelta(minutes=10)
UNSUPPORTED = frozenset({"APP_NOT_AUTHORIZED"})
STALE = frozenset({"STALE_OBJECT", "INVALID_COMPARE_DIGEST", "TAKEN"})


class _Moving(Exception):
    """The order changed between two of its pages."""


@dataclass(frozen=True, slots=True)
class _Pages:
    """What an order has beyond its first page."""

    lines: list[Value]
    units: list[FulfillmentOrder]
    fulfillments: list[Fulfillment]


class ShopifyShop:
    """Implements `bridge.ports.Shop` for one shop.

    `mode` decides which of the two ledgers on an order is read where a caller does not say it: what is bought for
    real, or what is tried out. `carriers` is the merchant's own table of carrier names. `now` is the wall clock; `log` takes
    sentences on what could not be shown on an order, with ids only.
    """

    def __init__(
        self,
        admin: Admin,
        *,
        mode: Mode,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        carriers: Mapping[str, str] | None = None,
        log: Callable[[str], None] | None = None,
    ) -> None:
        self._admin = admin
        self._mode = mode
        self._now = now
        self._carriers = carriers or {}
        self._log = log or (lambda sentence: None)

    async def fetch_order(self, order_id: str, *, note_of: Mode | None = None) -> ShopOrder | None:
        """The order as it is now, whole; None when the shop has none, or shows none that old. It comes with the
        note of `note_of`.

        Where it has several pages and changes meanwhile, it is read again from the start.
        """
        for _ in range(STEADY_TRIES):
            try:
                return await self._read_once(order_id, ledger.key_for(note_of or self._mode))
            except _Moving:
                continue
        raise UnreadableAnswer("the order keeps changing while it is read", upstream=self._admin.upstream)

    async def _read_once(self, order_id: str, ledger_key: str) -> ShopOrder | None:
        read_at = self._now()
        variables = {"id": order_id, "ledgerKey": ledger_key}
        reply = await self._admin.run("order", variables, optional=OPTIONAL)
        value = reply.data["order"]
        return await self._whole(order_id, value, reply, read_at) if value else None

    async def _whole(self, order_id: str, value: Value, reply: Reply, read_at: datetime) -> ShopOrder:
        """The order of an answer, with what it has beyond its first pages. Raises _Moving."""
        pages = await self._all_pages(order_id, value, reply)
        payment = await self._payment(order_id, value) if may_be_unpaid(value) else None
        with self._admin.reading("order", reply):
            order = order_parser.order(
                value,
                lines=pages.lines,
                units=pages.units,
                fulfillments=pages.fulfillments,
                payment=payment,
                read_at=read_at,
            )
        if not order.fulfillment_orders and read_at - order.created_at > ROUTED_BY:
            await self._may_see_fulfillment_orders()
        return order

    async def _all_pages(self, order_id: str, order: Value, reply: Reply) -> _Pages:
        with self._admin.reading("order", reply):
            updated = order["updatedAt"].text()
            lines = list(order["lineItems"]["nodes"].each())
            more_lines = next_page(order["lineItems"], None)
            units = list(order["fulfillmentOrders"]["nodes"].each())
            more_units = next_page(order["fulfillmentOrders"], None)
            fulfillments = list(order["fulfillments"].each())
            count = order["fulfillmentsCount"]["count"]
            total = count.integer() if count else None
        if more_lines:
            lines += await self._rest("order_lines", "lineItems", order_id, more_lines, updated)
        if more_units:
            units += await self._rest(
                "order_fulfillment_orders", "fulfillmentOrders", order_id, more_units, updated
            )
        many = len(fulfillments) < total if total is not None else len(fulfillments) >= FIRST_FULFILLMENTS
        if many:
            fulfillments = await self._fulfillments(order_id, updated, total)
        return _Pages(
            lines,
            [await self._unit(unit, reply, updated) for unit in units],
            [await self._fulfillment(one, reply, updated, lines_follow=many) for one in fulfillments],
        )

    async def _rest(self, name: str, field: str, order_id: str, after: str, updated: str) -> list[Value]:
        """The pages of one of the order's lists after the first. Raises _Moving."""
        found: list[Value] = []
        cursor: str | None = after
        while cursor is not None:
            reply = await self._admin.run(name, {"id": order_id, "after": cursor}, optional=OPTIONAL)
            order = reply.data["order"]
            if order["updatedAt"].raw != updated:
                raise _Moving
            with self._admin.reading(name, reply):
                found += order[field]["nodes"].each()
                cursor = next_page(order[field], cursor)
        return found

    async def _unit(self, unit: Value, reply: Reply, updated: str) -> FulfillmentOrder:
        """A fulfillment order with the lines of all its pages. Raises _Moving."""
        with self._admin.reading("order", reply):
            lines = list(unit["lineItems"]["nodes"].each())
            cursor = next_page(unit["lineItems"], None)
            unit_id = unit["id"].text()
        while cursor is not None:
            more = await self._admin.run("fulfillment_order_lines", {"id": unit_id, "after": cursor})
            if more.data["fulfillmentOrder"]["order"]["updatedAt"].raw != updated:
                raise _Moving
            connection = more.data["fulfillmentOrder"]["lineItems"]
            with self._admin.reading("fulfillment_order_lines", more):
                lines += connection["nodes"].each()
                cursor = next_page(connection, cursor)
        with self._admin.reading("order", reply):
            return order_parser.fulfillment_order(unit, lines)

    async def _fulfillment(
        self, value: Value, reply: Reply, updated: str, *, lines_follow: bool
    ) -> Fulfillment:
        """A fulfillment with the lines of all its pages; of a cancelled one they do not matter. Raises _Moving.

        `lines_follow` = not even the first page came with it: so many fulfillments would make the answer too dear.
        """
        name = "fulfillment_lines"
        with self._admin.reading("order", reply):
            made = order_parser.fulfillment(value)
            first = value["fulfillmentLineItems"]
            lines = list(first["nodes"].each())
            cursor = next_page(first, None) if first else None
        more = (cursor is not None or lines_follow) and not made.is_cancelled
        while more:
            found = await self._admin.run(name, {"id": made.id, "after": cursor})
            if found.data["fulfillment"]["order"]["updatedAt"].raw != updated:
                raise _Moving
            with self._admin.reading(name, found):
                connection = found.data["fulfillment"]["fulfillmentLineItems"]
                lines += connection["nodes"].each()
                cursor = next_page(connection, cursor)
            more = cursor is not None
        with self._admin.reading("order", reply):
            return replace(made, lines=order_parser.fulfillment_lines(lines))

    async def _fulfillments(self, order_id: str, updated: str, total: int | None) -> list[Value]:
        """All fulfillments. One that is not seen would have its parcel brought to the shop again."""
        reply = await self._admin.run("order_fulfillments", {"id": order_id})
        order = reply.data["order"]
        if order["updatedAt"].raw != updated:
            raise _Moving
        with self._admin.reading("order_fulfillments", reply):
            found = list(order["fulfillments"].each())
        if len(found) < (total or 0) or (total is None and len(found) >= MOST_FULFILLMENTS):
            why = f"the order has more fulfillments than the {len(found)} that Shopify shows"
            raise NeedsPerson("shop_access", why=why)
        return found

    async def _payment(self, order_id: str, value: Value) -> Value:
        """How an order is to be paid that is not paid yet. Raises _Moving."""
        reply = await self._admin.run("order_payment", {"id": order_id}, optional=OPTIONAL)
        found = reply.data["order"]
        if found["updatedAt"].raw != value["updatedAt"].raw:
            raise _Moving
        return found

    async def _may_see_fulfillment_orders(self) -> None:
        """Without the permission Shopify shows an empty list, which would look like an order not routed yet."""
        if not FULFILLMENT_ORDERS.given(await granted(self._admin)):
            why = f"the app lacks {FULFILLMENT_ORDERS.handle}, so no fulfillment order of this order can be seen"
            raise NeedsPerson("shop_access", why=why)

    async def fetch_changed_orders(
        self, since: datetime | None, *, created_since: datetime | None = None, unfulfilled: bool = False
    ) -> AsyncIterator[ChangedOrder]:
        """Orders updated at or after `since`, oldest change first, paged as they are consumed.

        `unfulfilled` leaves out what is closed, cancelled or wholly fulfilled.
        """
        search = search_query(since, created_since, open_only=unfulfilled)
        async for node in self._admin.pages("orders_changed", "orders", {"query": search}):
            try:
                found = ChangedOrder(
                    id=node["id"].text(),
                    name=node["name"].text(),
                    created_at=node["createdAt"].moment(),
                    updated_at=node["updatedAt"].moment(),
                )
            except Unexpected as error:
                why = f"Shopify's list of orders is not as expected: {error}"
                raise UnreadableAnswer(why, upstream=self._admin.upstream) from None
            if not (unfulfilled and node["displayFulfillmentStatus"].raw == "FULFILLED"):
                yield found

    async def write_ledger(self, order_id: str, entry: LedgerEntry, expected: str | None) -> str | None:
        """Compare-and-set the ledger on the order; gives the new digest.

        Raises LedgerConflict when it is no longer what was read, NeedsPerson("shop_access") only where the
        app may not write it at all, and TryAgain for everything else: an intent that is not known to be
        written must not be taken for one that need not be.
        """
        variables = {"metafields": [self._ledger_input(order_id, entry, expected)]}
        reply = await self._set_ledger("metafields_set", variables)
        with self._admin.reading("metafields_set", reply):
            digests = [one["compareDigest"].raw for one in reply.data["metafieldsSet"]["metafields"].each()]
        return digests[0] if digests and isinstance(digests[0], str) else None

    async def write_ledger_and_read(
        self, order_id: str, entry: LedgerEntry, expected: str | None
    ) -> ShopOrder:
        """`write_ledger`, and the order as it is after it, whole.

        The order comes with the mutation's answer; what is beyond its first pages is read after it. Where it
        changes meanwhile, or Shopify does not send it along, it is read in requests of its own: nothing is
        judged by a part. https://shopify.dev/docs/api/admin-graphql/latest/mutations/metafieldsSet
        """
        written = self._ledger_input(order_id, entry, expected)
        read_at = self._now()
        variables = {"metafields": [written], "ledgerKey": written["key"]}
        reply = await self._set_ledger("ledger_set_and_order", variables, optional=OPTIONAL)
        with self._admin.reading("ledger_set_and_order", reply):
            owners = [one["owner"] for one in reply.data["metafieldsSet"]["metafields"].each()]
        if owners and owners[0]["id"].raw == order_id:
            try:
                return await self._whole(order_id, owners[0], reply, read_at)
            except _Moving:
                pass
        order = await self.fetch_order(order_id, note_of=Mode(entry.mode))
        if order is None:
            raise TryAgain("the shop does not find the order", upstream=self._admin.upstream)
        return order

    def _ledger_input(self, order_id: str, entry: LedgerEntry, expected: str | None) -> dict[str, object]:
        """https://shopify.dev/docs/api/admin-graphql/latest/input-objects/MetafieldsSetInput"""
        return {
            "ownerId": order_id,
            "key": ledger.key_for(entry.mode),
            "type": "json",
            "value": ledger.write(entry),
            "compareDigest": expected,
        }

    async def _set_ledger(
        self, name: str, variables: Mapping[str, object], optional: frozenset[str] = frozenset()
    ) -> Reply:
        """Run a mutation that writes the ledger. Raises as `write_ledger` does."""
        try:
            reply = await self._admin.run(name, variables, optional=optional)
        except AccessDenied:
            raise
        except NeedsPerson as error:
            why = f"the ledger on the order cannot be written: {error.facts.get('why')}"
            raise UnreadableAnswer(why, after=LEDGER_RETRY, upstream=self._admin.upstream) from None
        with self._admin.reading(name, reply):
            payload = reply.data["metafieldsSet"]
            if not payload:
                raise Unexpected("metafieldsSet is missing")
            errors = user_errors(payload)
        if errors:
            raise self._ledger_refused(errors)
        return reply

    def _ledger_refused(self, errors: Sequence[UserError]) -> LedgerConflict | NeedsPerson | TryAgain:
        said = sentence(errors)
        codes = {error.code for error in errors}
        if codes & STALE:
            return LedgerConflict(said)
        if codes & UNSUPPORTED:
            return AccessDenied("shop_access", why=f"it may not keep its note on the order: {said}")
        why = f"Shopify does not take the ledger: {said}"
        return UnreadableAnswer(why, after=LEDGER_RETRY, upstream=self._admin.upstream)

    async def create_fulfillment(self, order_id: str, fulfillment: NewFulfillment) -> str:
        """Create one fulfillment; gives its id. Raises NeedsPerson("cannot_fulfill") when refused.

        Shopify has no idempotency key for it: after a TryAgain the order must be read before the next try.
        """
        wanted = shipments.fulfillment_input(fulfillment, self._carriers)
        payload, errors = await self._admin.write(
            "fulfillment_create", "fulfillmentCreate", {"fulfillment": wanted}
        )
        if errors:
            raise NeedsPerson("cannot_fulfill", number=_numbers(fulfillment.tracking), why=sentence(errors))
        created = payload["fulfillment"]["id"].raw
        if not isinstance(created, str):
            raise UnreadableAnswer(
                "Shopify created a fulfillment without an id", upstream=self._admin.upstream
            )
        return created

    async def extend_tracking(
        self,
        fulfillment_id: str,
        tracking: Sequence[Tracking],
        *,
        notify_customer: bool,
        country_code: str | None = None,
    ) -> None:
        """Replace the tracking of a fulfillment by this list, which must contain what was there."""
        _, errors = await self._admin.write(
            "fulfillment_tracking_update",
            "fulfillmentTrackingInfoUpdate",
            {
                "id": fulfillment_id,
                "tracking": shipments.tracking_input(tracking, country_code, self._carriers),
                "notifyCustomer": notify_customer,
            },
        )
        if errors:
            raise NeedsPerson("cannot_fulfill", number=_numbers(tracking), why=sentence(errors))

    async def annotate_order(self, order_id: str, annotation: Annotation) -> None:
        """Show reference and state on the order: a tag, two metafields, and progress where Shopify takes it."""
        await order_annotations.annotate(self._admin, order_id, annotation, self._log)

    async def fetch_locations(self) -> Mapping[str, str] | None:
        """All active locations of the shop, those of fulfillment services too. Raises TryAgain."""
        return await locations(self._admin)

    async def has(self, order_id: str) -> bool:
        """Whether the shop has an order of this id, as far as the app may see its orders."""
        reply = await self._admin.run("order_tags", {"id": order_id})
        return bool(reply.data["order"])

    async def find_order_id(self, fulfillment_order_id: str) -> str | None:
        """The id of the order that a fulfillment order belongs to, or None when there is none."""
        reply = await self._admin.run("order_of_fulfillment_order", {"id": fulfillment_order_id})
        with self._admin.reading("order_of_fulfillment_order", reply):
            return reply.data["fulfillmentOrder"]["orderId"].text_or_none()

    async def fetch_papers(self, order_id: str) -> Papers | None:
        """What an invoice says beyond the order itself."""
        return await papers_of(self._admin, order_id)

    async def fetch_customer_orders(self, customer_id: str) -> list[CustomerOrder]:
        """The oldest of a customer's orders that the app may see: those of 60 days."""
        reply = await self._admin.run("customer_orders", {"id": customer_id})
        with self._admin.reading("customer_orders", reply):
            return [
                CustomerOrder(
                    one["id"].text(), one["createdAt"].moment(), one["cancelledAt"].moment_or_none()
                )
                for one in reply.data["customer"]["orders"]["nodes"].each()
            ]


def may_be_unpaid(order: Value) -> bool:
    """Whether Shopify's words leave it open that the customer has still to pay."""
    settled = order["cancelledAt"] or order["fullyPaid"].raw is True
    return not settled and order["displayFinancialStatus"].raw not in SETTLED


def search_query(since: datetime | None, created_since: datetime | None, *, open_only: bool) -> str:
    """Shopify's search text. https://shopify.dev/docs/api/usage/search-syntax"""
    parts = []
    if since is not None:
        parts.append(f"updated_at:>='{_told(since)}'")
    if created_since is not None:
        parts.append(f"created_at:>='{_told(created_since)}'")
    if open_only:
        parts.append("status:open")
    return " ".join(parts)


def _told(moment: datetime) -> str:
    """In UTC and whole seconds, rounded down: a search may give too much, never too little."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def sentence(errors: Sequence[UserError]) -> str:
    """What Shopify said against an input, in one line."""
    return "; ".join(dict.fromkeys(error.message for error in errors))


def _numbers(tracking: Sequence[Tracking]) -> str:
    return ", ".join(one.number for one in tracking if one.number) or "without a number"
