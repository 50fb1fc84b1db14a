"""What people and other systems are told of by themselves: topics, and a sentence for each. Standard library only.

News of an order is a line of its timeline that matters beyond it; the rest is of the bridge as a whole. A test
holds that every code has a topic and a sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from bridge.order.explanations import (
    MAY_HAVE,
    UNKNOWN_REMEDY,
    Translate,
    translate_with_reasons,
)
from bridge.order.problems import Alarm, Problem, Text, fill_sentence, find_text
from bridge.order.states import FOR_A_PERSON, WAITS, State, Wait


class Topic(StrEnum):
    PERSON = "person"
    UNKNOWN = "unknown"
    ALARM = "alarm"
    STOPPED = "stopped"
    LIMIT = "limit"
    APPROVAL = "approval"
    LATE = "late"
    STALLED = "stalled"
    TRACKING = "tracking"
    UPSTREAM = "upstream"
    SUBSCRIPTION = "subscription"
    RECONCILIATION = "reconciliation"
    ACCESS = "access"
    CONFIGURATION = "configuration"


TOPICS: dict[Topic, str] = {
    Topic.PERSON: "An order needs a person: a problem from the closed list.",
    Topic.UNKNOWN: "The outcome of a purchase is not known.",
    Topic.ALARM: "An alarm beside an order; told at once, never held back for a digest.",
    Topic.STOPPED: "Sculpteo has blocked or cancelled an order.",
    Topic.LIMIT: "A spending limit is reached.",
    Topic.APPROVAL: "An order waits for a person's approval.",
    Topic.LATE: "Sculpteo's own estimate has passed and nothing has shipped.",
    Topic.STALLED: "An order has not moved for long, or nobody has looked after it.",
    Topic.TRACKING: "A parcel cannot be brought to the shop.",
    Topic.UPSTREAM: "Shopify or Sculpteo does not answer, and answers again.",
    Topic.SUBSCRIPTION: "Webhook subscriptions were lost and repaired, or cannot be made.",
    Topic.RECONCILIATION: "A shop could not be compared with the records for long.",
    Topic.ACCESS: "A shop refuses the bridge: its token or permissions.",
    Topic.CONFIGURATION: "A replica could not take up an edited configuration.",
}

OF_PROBLEM: dict[Problem, Topic] = {
    Problem.BLOCKED: Topic.STOPPED,
    Problem.CANCELLED_AT_SCULPTEO: Topic.STOPPED,
    Problem.LIVE_IS_TEST: Topic.STOPPED,
    Problem.LIMIT_ORDER: Topic.LIMIT,
    Problem.ABOVE_DAY_LIMIT: Topic.LIMIT,
    Problem.CANNOT_FULFILL: Topic.TRACKING,
    Problem.SHOP_ACCESS: Topic.ACCESS,
}
"""All others are for a person."""

APPROVALS = frozenset(FOR_A_PERSON)

TEXTS: dict[str, tuple[Topic, Text]] = {
    "late": (
        Topic.LATE,
        Text(
            "Sculpteo estimated {date} for its order {reference}, and nothing has shipped yet.",
            "Ask Sculpteo's support.",
        ),
    ),
    "still_placed": (
        Topic.STALLED,
        Text(
            "Sculpteo has said nothing new of its order {reference} for {days} days.",
            "Look at its tracking page, or ask Sculpteo's support.",
        ),
    ),
    "still_waiting": (
        Topic.STALLED,
        Text(
            "The order has been waiting since {since}: {sentence}",
            "Decide on the order, or end what it waits for.",
        ),
    ),
    "still_attention": (
        Topic.STALLED,
        Text(
            "The order has needed a person since {since}: {sentence}",
            "Open the order: its page says what to do.",
        ),
    ),
    "still_received": (
        Topic.STALLED,
        Text(
            "The order could not be read and matched since {since}: {why}.",
            "Look at the shop's permissions (`sculpteo-bridge check`) and at the log of `sculpteo-bridge serve`.",
        ),
    ),
    "still_placing": (
        Topic.STALLED,
        Text(
            "The order has been about to be placed since {since}, and has not got any further.",
            "See whether `sculpteo-bridge serve` runs, and what its log says. Do not order by hand: Sculpteo may "
            "have the order.",
        ),
    ),
    "still_shipped": (
        Topic.STALLED,
        Text(
            "Sculpteo order {reference} has shipped, but not all of it, and nothing has changed since {since}.",
            "Look at its tracking page, or ask Sculpteo's support where the rest is.",
        ),
    ),
    "failing": (
        Topic.STALLED,
        Text(
            "Nothing could be learned of the order since {since}, after {count} tries: {why}.",
            "The bridge tries again by itself. Look at the tracking page, and at `sculpteo-bridge check`.",
        ),
    ),
    "shop_gone": (
        Topic.STALLED,
        Text(
            "The shop {shop} is not in the configuration any more, but has open orders, which nobody works on.",
            "Put the shop back under `shops`; or cancel or ignore its orders (`sculpteo-bridge orders list`).",
        ),
    ),
    "shop_gone_over": (
        Topic.STALLED,
        Text("The shop {shop} has no orders left that nobody works on.", "Nothing is to be done."),
    ),
    "overdue": (
        Topic.STALLED,
        Text(
            "Nothing has been done for it for {hours} hours, although it was due.",
            "Look whether a worker runs, and at its log.",
        ),
    ),
    "tracking": (
        Topic.TRACKING,
        Text(
            "Parcel {number} could not be brought to the shop after {count} tries: {why}.",
            "It is tried again by itself; look at the shop's permissions if it stays.",
        ),
    ),
    "upstream": (
        Topic.UPSTREAM,
        Text(
            "{upstream} has not answered as it should for {minutes} minutes: {why}.",
            "Orders wait meanwhile and go on by themselves.",
        ),
    ),
    "upstream_over": (Topic.UPSTREAM, Text("{upstream} answers again.", "Orders go on by themselves.")),
    "subscriptions_repaired": (
        Topic.SUBSCRIPTION,
        Text(
            "Webhook subscriptions of the shop {shop} were missing or wrong ({count}); they are repaired.",
            "What was missed meanwhile is found by comparison with the shop.",
        ),
    ),
    "subscription": (
        Topic.SUBSCRIPTION,
        Text(
            "The shop {shop} does not send {topics}: {why}.",
            "Orders are still found, but later; `sculpteo-bridge check` names what is missing.",
        ),
    ),
    "data_request": (
        Topic.PERSON,
        Text(
            "A customer asked, through Shopify, which data is stored about them (request {request}, shop {shop}). The "
            "bridge has none of the orders that the request names.",
            "Answer within 30 days that nothing is stored here; `sculpteo-bridge customer-data` shows what is stored "
            "under an e-mail address.",
        ),
    ),
    "wish_unreadable": (
        Topic.PERSON,
        Text(
            "Shopify sent a request about personal data ({topic}) for the shop {shop}, and the bridge cannot read it "
            "(delivery {delivery}).",
            "Look for the request in Shopify's admin, under the customer or in Shopify's e-mails, and erase or answer "
            "by hand within 30 days.",
        ),
    ),
    "subscription_over": (
        Topic.SUBSCRIPTION,
        Text("The shop {shop} sends all that is wanted again.", "Nothing is to be done."),
    ),
    "shop_removed": (
        Topic.CONFIGURATION,
        Text(
            "The shop {shop} is not in the configuration any more; what was wrong with it is not watched any more.",
            "Nothing is to be done, unless the shop was removed by mistake.",
        ),
    ),
    "reconciliation": (
        Topic.RECONCILIATION,
        Text(
            "The shop {shop} could not be compared with the records for {minutes} minutes.",
            "Orders that no webhook tells of are not seen meanwhile; look at `sculpteo-bridge check`.",
        ),
    ),
    "reconciliation_over": (
        Topic.RECONCILIATION,
        Text("The shop {shop} is compared with the records again.", "Nothing is to be done."),
    ),
    "access": (
        Topic.ACCESS,
        Text(
            "The shop {shop} does not let the bridge do this: {why}.",
            "Give the app the missing permission, or the bridge a new token (`sculpteo-bridge check`).",
        ),
    ),
    "access_over": (
        Topic.ACCESS,
        Text("The shop {shop} lets the bridge in again.", "Nothing is to be done."),
    ),
    "configuration": (
        Topic.CONFIGURATION,
        Text(
            "{host} did not take up the edited configuration; the one before stays in force: {fault}.",
            "Correct it: `sculpteo-bridge config check` tells every fault.",
        ),
    ),
    "configuration_over": (
        Topic.CONFIGURATION,
        Text("{host} has taken up the configuration.", "Nothing is to be done."),
    ),
    "location": (
        Topic.CONFIGURATION,
        Text(
            "The shop {shop} has no location {locations}, which `locations` names; the shop has {known}.",
            "Correct `locations` in the configuration. Orders that are sent from elsewhere wait for a person meanwhile.",
        ),
    ),
    "location_over": (
        Topic.CONFIGURATION,
        Text("Every configured location is one that the shop {shop} has.", "Nothing is to be done."),
    ),
    "location_renamed": (
        Topic.CONFIGURATION,
        Text(
            "A location of the shop {shop} has another name now ({renamed}); the bridge knows it by its id.",
            "Write the new name, or the location's id, under `locations` in the configuration.",
        ),
    ),
    "location_renamed_over": (
        Topic.CONFIGURATION,
        Text(
            "Every location of the shop {shop} is configured by a name that it has.", "Nothing is to be done."
        ),
    ),
    "designs": (
        Topic.CONFIGURATION,
        Text(
            "The configuration that is in force on {host} names what Sculpteo does not know: {what}",
            "Correct the material or the design in the configuration. Orders that need it wait for a person meanwhile.",
        ),
    ),
    "designs_over": (
        Topic.CONFIGURATION,
        Text("Sculpteo knows all that the configuration on {host} names.", "Nothing is to be done."),
    ),
    "restart": (
        Topic.CONFIGURATION,
        Text("{host} needs a restart, since {keys} changed.", "Restart the bridge when it suits you."),
    ),
}
"""News that no problem, alarm or state of an order names already: its topic, sentence and remedy."""


@dataclass(frozen=True, slots=True)
class News:
    """Something to tell. `key` holds that it is told once; `facts` hold no name, address or secret."""

    key: str
    code: str  # a key of TEXTS, a state, "alarm", "parcel", "approval" or "limit_day"
    at: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)
    order: int | None = None


MOVES_TOLD = frozenset(
    {State.UNKNOWN, State.PLACED, State.SHIPPED, State.DONE, State.CANCELLED, State.IGNORED}
)


def find_code(kind: str, target: State | None, reason: str | None) -> str | None:
    """The code under which a line of the timeline is news; None = it is not."""
    if kind in {"alarm", "parcel"}:
        return kind
    if kind not in {"move", "reason"} or target is None:
        return None
    if target is State.ATTENTION:
        return str(target)
    if target is State.WAITING:
        return "approval" if reason in APPROVALS else "limit_day" if reason == Wait.LIMIT_DAY else None
    return str(target) if kind == "move" and target in MOVES_TOLD else None


def find_topic(news: News) -> Topic | None:
    """What people call it; None = it is for other systems only."""
    if news.code in TEXTS:
        return TEXTS[news.code][0]
    if news.code == State.ATTENTION:
        problem = news.facts.get("problem")
        return OF_PROBLEM.get(Problem(problem), Topic.PERSON) if problem in set(Problem) else Topic.PERSON
    fixed = {
        "alarm": Topic.ALARM,
        "approval": Topic.APPROVAL,
        "limit_day": Topic.LIMIT,
        "unknown": Topic.UNKNOWN,
    }
    return fixed.get(news.code)


def is_loud(news: News) -> bool:
    """Whether it is told at once, whatever was told just before."""
    return news.code == "alarm"


def describe_news(news: News, name: str, t: Translate) -> tuple[str, str]:
    """One sentence on what happened and one on what to do. `name` is what people call the order."""
    facts = translate_with_reasons({"name": name, **news.facts}, t)
    text = _find_text(news)
    if "of" in facts:  # the sentence that another one goes on with
        facts["sentence"] = fill_sentence(t(str(facts["of"])), facts)
    return fill_sentence(t(text.sentence), facts), fill_sentence(t(text.remedy), facts)


def _find_text(news: News) -> Text:
    if news.code in TEXTS:
        return TEXTS[news.code][1]
    problem, alarm, reason = (news.facts.get(key) for key in ("problem", "alarm", "reason"))
    if news.code == "alarm" and alarm in set(Alarm):
        return find_text(Alarm(alarm), news.facts)
    if news.code == State.ATTENTION and problem in set(Problem):
        return find_text(Problem(problem), news.facts)
    if news.code == State.UNKNOWN:
        return Text(MAY_HAVE, UNKNOWN_REMEDY)
    if reason in set(Wait):
        return Text(WAITS[Wait(reason)], DECIDE)
    return Text(LOOK, DECIDE)


LOOK = "There is news of it."
DECIDE = "Open the order: its page says what can be done."
