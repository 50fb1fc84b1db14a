"""The settings of what is told by itself: alerts to people, webhooks to other systems, and when to remind."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Discriminator, SecretStr, Tag

from bridge.config.identifiers import (
    AlertUrl,
    UpstreamUrl,
)
from bridge.config.model import Model, doc
from bridge.config.types import Flag, Secret, build_choice_check, build_value_error
from bridge.config.value_types import (
    Duration,
    Interval,
)
from bridge.order.notifications import Topic

HOOK_EVENTS = ("attention", "unknown", "placed", "shipped", "parcel", "done", "cancelled", "ignored", "alarm")
SHORTEST_SECRET = 16

TopicName = Annotated[Topic, BeforeValidator(build_choice_check("a topic of alerts", map(str, Topic)))]
HookEvent = Annotated[str, BeforeValidator(build_choice_check("an event of webhooks", HOOK_EVENTS))]


def _check_hook_secret(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) >= SHORTEST_SECRET:
        return secret
    raise build_value_error(
        f"is shorter than {SHORTEST_SECRET} characters", "make one: `openssl rand -base64 32`"
    )


class AlertTarget(Model):
    """Somebody who is told when a person is needed. A URL alone is short for `{url: ...}`."""

    url: Annotated[
        AlertUrl, doc("An Apprise URL: mail, Slack, Telegram, … (see appriseit.com).", "${ALERT_URL}")
    ]
    on: Annotated[tuple[TopicName, ...], doc("Only these topics; empty means all.", "[unknown, alarm]")] = ()
    digest: Annotated[
        Duration,
        doc(
            "The first alert is sent at once; what follows within this time comes together. Alarms do not wait."
        ),
    ] = timedelta(minutes=15)


def _select_alert_form(value: object) -> str:
    long = isinstance(value, AlertTarget) or (isinstance(value, dict) and set(value) != {"file"})
    return "<by option>" if long else "<one>"


Alert = Annotated[
    Annotated[AlertUrl, Tag("<one>")] | Annotated[AlertTarget, Tag("<by option>")],
    Discriminator(_select_alert_form),
]


class Webhook(Model):
    """Another system that is told of orders, by signed HTTP requests."""

    url: Annotated[UpstreamUrl, doc("Where the requests go, by https.", "https://erp.example.com/prints")]
    secret: Annotated[
        Annotated[Secret, AfterValidator(_check_hook_secret)],
        doc("What requests are signed with (HMAC-SHA256).", "${HOOK_SECRET}"),
    ]
    events: Annotated[
        tuple[HookEvent, ...], doc("Only these events; empty means all.", "[placed, shipped, parcel]")
    ] = ()
    allow_private_addresses: Annotated[
        Flag, doc("Whether `url` may lie in your own network, where it may also be http.")
    ] = False


class Reminders(Model):
    """When something that does not move, or does not answer, is told."""

    placed: Annotated[Interval, doc("A placed order of which Sculpteo says nothing new for this long.")] = (
        timedelta(days=7)
    )
    waiting: Annotated[
        Interval, doc("An order that waits for a person, or for something that should not take so long.")
    ] = timedelta(days=2)
    late: Annotated[Duration, doc("How long after Sculpteo's own estimate an order counts as late.")] = (
        timedelta(days=1)
    )
    upstream: Annotated[Interval, doc("How long Shopify or Sculpteo may not answer.")] = timedelta(minutes=10)
    reconciliation: Annotated[Interval, doc("How long a shop may not be compared with the records.")] = (
        timedelta(hours=1)
    )


def list_alert_targets(alerts: tuple[SecretStr | AlertTarget, ...]) -> tuple[AlertTarget, ...]:
    """Every target in its long form."""
    return tuple(one if isinstance(one, AlertTarget) else AlertTarget(url=one) for one in alerts)
