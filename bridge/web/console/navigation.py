"""What stands around every page: the places to go to, and words that many pages use."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.i18n.formatter import mark
from bridge.order.states import State
from bridge.web.console.auth import Role


@dataclass(frozen=True, slots=True)
class Tab:
    """A place in the navigation. `icon` is one of `templates/_parts.html`."""

    path: str
    icon: str
    label: str


NAVIGATION = (
    Tab("/", "today", mark("Today")),
    Tab("/orders", "orders", mark("Orders")),
    Tab("/mapping", "mapping", mark("Mapping")),
    Tab("/settings", "settings", mark("Settings")),
)

STATES: dict[State, str] = {
    State.RECEIVED: mark("Received"),
    State.WAITING: mark("Waiting"),
    State.PLACING: mark("Placing"),
    State.PLACED: mark("Placed"),
    State.SHIPPED: mark("Shipped"),
    State.DONE: mark("Done"),
    State.UNKNOWN: mark("Unknown"),
    State.ATTENTION: mark("Needs you"),
    State.CANCELLED: mark("Cancelled"),
    State.IGNORED: mark("Not printed"),
}

ROLES: dict[Role, str] = {
    "viewer": mark("Viewer: sees everything"),
    "operator": mark("Operator: also decides of orders"),
    "owner": mark("Owner: may do everything"),
}
