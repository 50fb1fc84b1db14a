"""Where news goes: the settings as outlets, each of which knows what it wants and how it is sent to."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from bridge.alerts.payload import build_payload
from bridge.config.alert_settings import (
    AlertTarget,
    Webhook,
    list_alert_targets,
)
from bridge.config.settings import Settings
from bridge.order.notifications import (
    News,
    find_topic,
    is_loud,
)
from bridge.order.records import OrderRecord
from bridge.store.outbox import MessageDraft, OutletTarget


def build_outlet_name(kind: str, secret: str) -> str:
    """A name that tells outlets apart, and not their addresses."""
    return f"{kind}:{hashlib.sha256(secret.encode()).hexdigest()[:16]}"


@dataclass(frozen=True, slots=True)
class AlertOutlet:
    """People, by way of an Apprise URL. `label` is what it is called where people see it."""

    name: str
    label: str
    target: AlertTarget
    slot: str = "alert:0"

    @property
    def url(self) -> str:
        return self.target.url.get_secret_value()

    @property
    def digest(self) -> timedelta:
        return self.target.digest

    def to_target(self) -> OutletTarget:
        return OutletTarget(self.name, self.slot)

    def build_draft(self, news: News, order: OrderRecord | None) -> MessageDraft | None:
        topic = find_topic(news)
        if topic is None or (self.target.on and topic not in self.target.on):
            return None
        return MessageDraft(loud=is_loud(news))


@dataclass(frozen=True, slots=True)
class HookOutlet:
    """Another system, by way of signed requests."""

    name: str
    label: str
    hook: Webhook
    console: str  # the console's address
    slot: str = "hook:0"

    def to_target(self) -> OutletTarget:
        """The secret stays when an address is corrected."""
        return OutletTarget(
            self.name, self.slot, build_outlet_name("hook", self.hook.secret.get_secret_value())
        )

    def build_draft(self, news: News, order: OrderRecord | None) -> MessageDraft | None:
        body = build_payload(news, order, self.console) if order is not None else None
        if body is None or (self.hook.events and news.code not in self.hook.events):
            return None
        return MessageDraft(body=body)


def build_alert_outlets(settings: Settings) -> tuple[AlertOutlet, ...]:
    """Labels show the kind of service only: the rest of the URL may be secret."""
    found = []
    for index, target in enumerate(list_alert_targets(settings.alerts)):
        url = target.url.get_secret_value()
        label = f"alerts[{index}] ({url.partition('://')[0].lower()})"
        found.append(AlertOutlet(build_outlet_name("alert", url), label, target, f"alert:{index}"))
    return tuple({outlet.name: outlet for outlet in found}.values())


def build_hook_outlets(settings: Settings) -> tuple[HookOutlet, ...]:
    console = settings.server.public_url.rstrip("/")
    found = []
    for index, hook in enumerate(settings.webhooks):
        host = hook.url.partition("://")[2].partition("/")[0]
        label = f"webhooks[{index}] ({host})"
        found.append(HookOutlet(build_outlet_name("hook", hook.url), label, hook, console, f"hook:{index}"))
    return tuple({outlet.name: outlet for outlet in found}.values())
