"""Evidence that comes after a person's wrong word is not lost by a crash in the moment that it is weighed."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest

from bridge.decisions import transitions
from bridge.order.problems import Alarm
from bridge.order.states import State
from bridge.runtime.worker import LEASE
from bridge.store.orders import StoredOrders
from tests.support.fake_upstreams import Crash
from tests.support.order_factories import line, order
from tests.support.step_player import Playing, playing

RING = order(line(1, "RING"))


async def _said_not_placed(play: Playing) -> int:
    """Sculpteo has it, its answer was lost, and a person said that it has not. Placing is paused."""
    play.fate.printer = ["after"]
    key = await play.hear_of(RING)
    await play.steps()
    await play.store.switch.pause_ordering("*", "Ada")
    unknown = await play.record(key)
    assert unknown.state is State.UNKNOWN
    await play.store.orders.apply_decision(
        unknown, transitions.resolve_as_not_placed(unknown, "Ada", play.clock.now()), "Ada"
    )
    await play.steps()
    return key


async def _die(*_: Any) -> None:
    raise Crash


@pytest.mark.parametrize("moment", ["revive_attempt", "record_transition", None])
async def test_the_order_is_taken_back_with_an_alarm_and_not_printed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str | None
) -> None:
    async with playing(tmp_path) as play:
        key = await _said_not_placed(play)
        (reference, made), *_ = play.printer.books.items()
        await play.store.calls.receive_notification(made.token, reference, b"")
        if moment is not None:
            with monkeypatch.context() as patch, contextlib.suppress(Crash):
                patch.setattr(StoredOrders, moment, _die)
                await play.step()
            play.forward(2 * LEASE)
        await play.store.switch.resume_ordering("*")
        await play.steps()
        found = await play.record(key)
        alarms = await play.store.queries.list_alarms(order=key)
    assert found.reference == reference
    assert len(play.printer.books) == 1
    assert [alarm.alarm for alarm in alarms] == [Alarm.LATE_ANSWER]
