"""The condition of the bridge's connections, as lines for people: what is so, how bad it is, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from bridge.errors import SCULPTEO, SCULPTEO_TRACKING, shopify_upstream
from bridge.health.report import (
    LATE,
    UNSUBSCRIBED,
    Words,
    collect_issues,
    load_health,
)
from bridge.net.circuit_breaker import CircuitBreaker
from bridge.order import stored_keys
from bridge.order.model import Money
from bridge.order.problems import Text
from bridge.shopify.shop_status import Status
from bridge.web.console.background_cache import (
    Checked,
    checked,
)
from bridge.web.console.request_context import Visit

Level = Literal["good", "plain", "warn", "bad"]
LEVELS: tuple[Level, ...] = ("good", "plain", "warn", "bad")
UNREAD = 500  # deliveries that may wait without a word


@dataclass(frozen=True, slots=True)
class Line:
    level: Level
    sentence: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """What concerns one neighbour. `at` = when the shop was last asked."""

    name: str
    lines: tuple[Line, ...]
    at: datetime | None = None

    @property
    def level(self) -> Level:
        return max((line.level for line in self.lines), key=LEVELS.index, default="plain")


@dataclass(frozen=True, slots=True)
class Spending:
    """What the orders of this day (UTC) cost so far, and the limit. `unsure` is the part of it that is for the
    `unsure_orders` which Sculpteo may or may not have; of `uncosted` orders the cost is not known."""

    spent: Money
    limit: Money | None
    unsure: Money
    unsure_orders: int = 0
    uncosted: int = 0

    @property
    def share(self) -> Decimal | None:
        """0 to 1 of the limit; None = there is no limit, or it is in another currency."""
        limit = self.limit
        if limit is None or not limit.amount or limit.currency != self.spent.currency:
            return None
        return min(self.spent.amount / limit.amount, Decimal(1))


async def condition(visit: Visit, unread: int) -> list[Group]:
    """`unread` = deliveries that wait to be read."""
    console = visit.console
    groups = []
    for shop, settings in visit.settings.shops.items():
        known = await checked(visit.request, console, shop)
        lines = [*_shop(visit, known)]
        breaker = console.breakers.get(shopify_upstream(shop))
        if not (known and known.status.problems) or (breaker and breaker.last_failure):
            lines = [*_connection(visit, breaker, "Shopify"), *lines]
        lines += await _chores(visit, shop)
        groups.append(Group(f"{shop} · {settings.domain}", tuple(lines), known.at if known else None))
    sculpteo = [*_connection(visit, console.breakers.get(SCULPTEO), "Sculpteo")]
    following = console.breakers.get(SCULPTEO_TRACKING)
    if following is not None and following.last_failure is not None:
        sculpteo += _connection(visit, following, visit.t("Sculpteo's tracking"))
    groups.append(Group("Sculpteo", tuple(sculpteo)))
    own = [*_own(visit, unread)]
    if own:
        groups.append(Group(visit.t("The bridge itself"), tuple(own)))
    return groups


def _connection(visit: Visit, breaker: CircuitBreaker | None, name: str) -> Iterator[Line]:
    if breaker is None or breaker.last_failure is None:
        yield Line("good", visit.t("{name} answers as it should.", name=name))
    elif breaker.is_open:
        said = visit.t("{name} is in trouble: {why}.", name=name, why=breaker.last_failure.rstrip("."))
        remedy = visit.t("It is left alone for a while and tried again by itself; orders wait, none is lost.")
        yield Line("bad", said, remedy)
    else:
        said = visit.t("The last request failed: {why}.", why=breaker.last_failure.rstrip("."))
        yield Line("warn", said, visit.t("It is tried again by itself."))


def _shop(visit: Visit, known: Checked | None) -> Iterator[Line]:
    if known is None:
        yield Line("plain", visit.t("Permissions and webhooks are being looked at."))
        return
    status = known.status
    for problem in status.problems:
        remedy = visit.t("Check domain and credentials in the configuration, and that the app is installed.")
        yield Line("bad", f"{problem[:1].upper()}{problem[1:].rstrip('.')}.", remedy)
    if status.shop:
        yield Line("good", visit.t("The access token is valid."))
    yield from _scopes(visit, status)
    yield from _webhooks(visit, status)
    version = status.version
    if version and not version.supported:
        said = visit.t("Shopify no longer supports the API version {version}.", version=version.wanted)
        yield Line("bad", said, visit.t("Update the bridge."))


def _scopes(visit: Visit, status: Status) -> Iterator[Line]:
    if status.missing_scopes is None:
        return
    needless = frozenset() if visit.settings.approval.first_order else frozenset({"read_customers"})
    missing = [scope for scope in status.missing_scopes if scope.handle not in needless]
    for scope in missing:
        lost = visit.reader.translate(scope.lost)
        said = visit.t("The permission `{scope}` is missing. {lost}", scope=scope.handle, lost=lost)
        remedy = visit.t("Add it to the app in the Dev Dashboard, release a version, approve it in the shop.")
        yield Line("bad" if scope.needed else "warn", said, remedy)
    if not missing:
        yield Line("good", visit.t("The app has every permission that the bridge uses."))


def _webhooks(visit: Visit, status: Status) -> Iterator[Line]:
    plan = status.subscriptions
    if plan is None:
        return
    if plan.missing:
        said = visit.reader.n(
            "{count} webhook does not reach the bridge: {topics}.",
            "{count} webhooks do not reach the bridge: {topics}.",
            len(plan.missing),
            topics=", ".join(topic.lower() for topic in plan.missing),
        )
        remedy = visit.t(
            "They are subscribed to again within the hour; reconciliation finds orders meanwhile."
        )
        yield Line("warn", said, remedy)
    else:
        said = visit.reader.n(
            "{count} webhook comes to the bridge.", "All {count} webhooks come to the bridge.", len(plan.kept)
        )
        yield Line("good", said)


async def _chores(visit: Visit, shop: str) -> list[Line]:
    """What is done now and then."""
    lines, memory, now = [], visit.store.memory, visit.now
    reconciled = stored_keys.parse_moment(await memory.get(stored_keys.reconciled_at(shop)))
    if reconciled is None:
        lines.append(Line("plain", visit.t("The shop's orders were not compared yet.")))
    else:
        late = now - reconciled > LATE
        said = visit.t("The shop's orders were compared {ago}.", ago=visit.reader.format_ago(reconciled, now))
        remedy = visit.t("Look at the log: it says what keeps the bridge from it.") if late else ""
        lines.append(Line("warn" if late else "good", said, remedy))
    subscribed = stored_keys.parse_moment(await memory.get(stored_keys.subscribed_at(shop)))
    if subscribed is not None and now - subscribed > UNSUBSCRIBED:
        said = visit.t(
            "The webhook subscriptions were last repaired {ago}.",
            ago=visit.reader.format_ago(subscribed, now),
        )
        lines.append(Line("warn", said, visit.t("Look at the log: it says what keeps the bridge from it.")))
    return lines


def _own(visit: Visit, unread: int) -> Iterator[Line]:
    n = visit.reader.n
    if unread > UNREAD:
        said = n("{count} delivery waits to be read.", "{count} deliveries wait to be read.", unread)
        yield Line("warn", said, visit.t("If the number does not fall, see whether a worker runs."))
    remarks = len(visit.console.loaded().warnings)
    if remarks:
        said = n(
            "There is {count} remark on the configuration.",
            "There are {count} remarks on the configuration.",
            remarks,
        )
        yield Line("plain", said, visit.t("See them under Settings."))


async def spending(visit: Visit) -> Spending:
    policy = visit.world.policy
    midnight = visit.now.replace(hour=0, minute=0, second=0, microsecond=0)
    spent = await visit.store.desk.sum_spending_since(midnight, policy.mode, policy.currency)
    return Spending(
        Money(spent.amount, policy.currency),
        policy.per_day,
        Money(spent.unsure, policy.currency),
        spent.unsure_orders,
        spent.uncosted,
    )


async def troubles(visit: Visit, spent: Money) -> list[Text]:
    """What is amiss with the bridge as a whole, as `sculpteo-bridge status` tells it too."""
    reader = visit.reader
    found = await load_health(visit.store, visit.settings, spent, visit.now)
    return list(
        collect_issues(
            found, Words(reader.translate, reader.format_short_moment, reader.format_money), just_begun=True
        )
    )
