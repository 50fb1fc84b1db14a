"""What people do is a line of the log: where it happens, and in the service when it happened elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from structlog.testing import capture_logs

from bridge.config.loader import Loaded, load_config
from bridge.runtime.presence import Presence
from bridge.store import Store
from tests.cli.test_orders import CONFIG
from tests.support.clocks import TurnedClock
from tests.support.store_factories import word


def presence(store: Store, clock: TurnedClock, folder: Path) -> Presence:
    path = folder / "config.yaml"
    path.write_text(CONFIG % (folder / "bridge.db"))
    loaded = load_config(path, {})
    in_force: Callable[[], Loaded] = lambda: loaded  # noqa: E731
    return Presence(
        store, clock, "me", role="all", listen="127.0.0.1:1", in_force=in_force, read_at=clock.now,
        digest=lambda: "0", dates=dict,
    )  # fmt: skip


def lines(said: list[Any]) -> list[tuple[str, str, dict[str, Any]]]:
    known = {"event", "log_level", "logger"}
    return [
        (one["log_level"], one["event"], {name: told for name, told in one.items() if name not in known})
        for one in said
    ]


async def test_a_failed_sign_in_and_a_refused_decision_are_warnings_and_the_rest_are_lines(
    store: Store, clock: TurnedClock
) -> None:
    key = await store.orders.receive_signal(word(1001))
    with capture_logs() as said:
        await store.sessions.record_action("?", "sign_in", "refused", address="203.0.113.9")
        await store.sessions.record_action("anna", "sign_in", "done", address="203.0.113.9")
        await store.sessions.record_action("anna", "approve", "done", order=key)
        await store.sessions.record_action(
            "anna", "cancel", "refused", order=key, facts={"why": "a customer's words"}
        )
        await store.sessions.record_action("vera", "refused", "role")
    named = {"order": "#1001", "shop": "acme", "who": "anna"}
    assert lines(said) == [
        ("warning", "a sign-in failed", {"action": "sign_in", "who": "?", "ip": "203.0.113.9"}),
        ("info", "somebody signed in", {"action": "sign_in", "who": "anna", "ip": "203.0.113.9"}),
        ("info", "decided", {**named, "action": "approve"}),
        ("warning", "a decision was refused", {**named, "action": "cancel"}),
        ("warning", "somebody tried what their role does not allow", {"action": "refused", "who": "vera"}),
    ]


async def test_the_service_tells_what_was_decided_and_paused_at_a_terminal(
    store: Store, clock: TurnedClock, tmp_path: Path
) -> None:
    key = await store.orders.receive_signal(word(1001))
    await store.sessions.record_action(
        "ada (terminal)", "approve", "done", order=key
    )  # before the service began
    service = presence(store, clock, tmp_path)
    await service.report_presence()
    await store.sessions.record_action("ada (terminal)", "hold", "done", order=key)
    await store.sessions.record_action(
        "anna", "release", "done", order=key
    )  # by the console, which told it itself
    await store.switch.pause_ordering("*", "ada (terminal)", "stocktaking")
    clock.forward(timedelta(seconds=1))
    with capture_logs() as said:
        await service.report_presence()
        await service.report_presence()
        await store.switch.resume_ordering("*")
        await service.report_presence()
    assert lines(said) == [
        ("warning", "ordering is paused", {"scope": "*", "who": "ada (terminal)", "why": "stocktaking"}),
        ("info", "decided", {"order": "#1001", "shop": "acme", "action": "hold", "who": "ada (terminal)"}),
        ("info", "ordering goes on", {"scope": "*"}),
    ]
