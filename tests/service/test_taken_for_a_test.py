"""Sculpteo takes an order for what it is not: a real bridge tells it at once, whichever form its page has."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.order.problems import Alarm
from bridge.sandbox.http.faults import Kind
from bridge.store import Store
from bridge.store.queries import AlarmRecord
from tests.service.serve_process import Serving, Stage, staged, until
from tests.support.clocks import RealClock
from tests.support.sandbox_factories import ADA

pytestmark = pytest.mark.long

FORMS: dict[str, dict[str, object]] = {
    "json": {},
    "page": {"json_tracking": False},
    "steps": {"json_tracking": False, "page_status": False},
    "french page": {"json_tracking": False, "page_language": "fr"},
}
FORM = pytest.mark.parametrize("form", FORMS)


def buy(stage: Stage, *lines: str) -> str:
    return stage.box.shop.create_order(lines, address=ADA, email="ada@example.com").name


def shows(stage: Stage, form: str) -> None:
    for name, value in FORMS[form].items():
        setattr(stage.box.printer.settings, name, value)


async def alarms(stage: Stage) -> list[AlarmRecord]:
    async with Store.open(stage.database, clock=RealClock(), create=False) as store:
        return await store.queries.list_alarms()


async def alarmed(stage: Stage, alarm: Alarm, serving: Serving) -> AlarmRecord:
    async def raised() -> list[AlarmRecord]:
        return [one for one in await alarms(stage) if one.alarm == alarm]

    await until(raised, serving)
    return (await raised())[0]


@pytest.mark.parametrize("form", ["json", "page", "french page"])
async def test_a_live_order_that_becomes_an_api_test_needs_a_person_and_is_bought_once(
    tmp_path: Path, form: str
) -> None:
    async with staged(tmp_path) as stage:
        shows(stage, form)
        async with stage.serve(stage.config()) as serving:
            stage.box.faults.add("sculpteo.order", Kind.AS_TEST)
            order = await stage.reaches(buy(stage, "RING-S"), "attention", serving)
            assert order.problem == "live_is_test"
            alarm = await alarmed(stage, Alarm.LIVE_IS_TEST, serving)
            assert alarm.facts == {"reference": order.reference}
            assert len(stage.box.printer.books()) == 1


@FORM
async def test_a_test_order_that_is_made_keeps_the_bridge_from_buying_in_live_until_its_alarm_is_cleared(
    tmp_path: Path, form: str
) -> None:
    async with staged(tmp_path) as stage:
        shows(stage, form)
        stage.box.faults.add("sculpteo.order", Kind.AS_REAL)
        async with stage.serve(stage.config(mode="test")) as serving:
            fake = await stage.reaches(buy(stage, "RING-S"), "placed", serving)
            alarm = await alarmed(stage, Alarm.TEST_IS_REAL, serving)
            assert alarm.facts == {"reference": fake.reference}
        async with stage.serve(stage.config()) as serving:
            name = buy(stage, "RING-S")
            waits = await stage.reaches(name, "waiting", serving)

            async def held() -> bool:
                found = await stage.order(name)
                return found is not None and found.reason == "test_billed"

            await until(held, serving)
            assert waits.reference is None
            assert len(stage.box.printer.books()) == 1
            async with Store.open(stage.database, clock=RealClock(), create=False) as store:
                assert await store.clear_alarm(alarm.key, "anna")
            await stage.reaches(name, "placed", serving)
            before = await stage.order(fake.name or "")
            assert before is not None and before.state == "waiting"
            assert len(stage.box.printer.books(fake=False)) == 1
