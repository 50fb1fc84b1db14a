"""Today says whether everything is fine and, if not, what to do."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape

import pytest

from bridge.errors import SCULPTEO, TryAgain
from bridge.health.report import (
    Words,
    collect_issues,
    load_health,
)
from bridge.order.explanations import to_english
from bridge.order.model import Mode, Money
from bridge.order.problems import PROBLEMS, Alarm, Problem
from bridge.order.records import Transition
from bridge.order.states import State, Wait
from bridge.shopify.scopes import SCOPES
from bridge.shopify.shop_status import (
    ShopFacts,
    Status,
    Version,
)
from bridge.shopify.subscriptions import Create, Plan
from bridge.store.tables import metadata
from bridge.web.console.background_cache import CHECKS
from bridge.web.console.context import CONSOLE
from tests.support.store_factories import attempt, claimed, get, sent, waiting, word
from tests.web.console.conftest import OpenSite, Site, configuration
from tests.web.console.orders import SCRIPT, alarmed, asking, bought, needing

FACTS = ShopFacts("Acme", "acme.myshopify.com", "EUR", "Basic", True)
GOOD = Status(FACTS, Version("2026-10", "2026-10", True), (), Plan((), ("ORDERS_PAID",), 0))


async def page(site: Site, **headers: str) -> str:
    status, text = await site.get("/", headers=headers)
    assert status == 200
    return unescape(" ".join(text.split()))


async def settled(site: Site) -> str:
    """The page, once the shops have been asked."""
    await page(site)
    await asyncio.gather(*site.app[CHECKS].asking.values())
    return await page(site)


async def test_with_nothing_to_do_it_says_that_all_is_fine(site: Site) -> None:
    site.statuses["acme"] = GOOD
    await site.sign_in("vera")
    text = await settled(site)
    assert "Everything is fine" in text
    assert "orders need" not in text


async def test_an_order_that_needs_a_person_comes_first_with_its_reason_and_remedy(site: Site) -> None:
    site.statuses["acme"] = GOOD
    await site.sign_in("vera")
    record = await needing(site.store, facts={"skus": "“NEW-1”"})
    text = await settled(site)
    assert "Everything is fine" not in text
    assert "1 order needs you" in text
    assert f'href="/orders/{record.key}">#1001</a>' in text
    assert "No design is mapped to “NEW-1”." in text
    assert "<code>products</code>" in text
    assert text.index("No design is mapped") < text.index("Orders by state")


@pytest.mark.parametrize("problem", list(Problem))
async def test_every_problem_is_told_in_both_languages(site: Site, problem: Problem) -> None:
    await site.sign_in("vera")
    await needing(site.store, problem=problem)
    start = PROBLEMS[problem].sentence.split("{")[0].strip()
    assert start in await page(site)
    french = await page(site, **{"Accept-Language": "fr"})
    assert "1 commande a besoin de vous" in french
    assert not start or f"<p>{start}" not in french


@pytest.mark.parametrize("reason", [Wait.APPROVAL, Wait.RISK])
async def test_an_order_that_waits_for_approval_is_listed_and_counted(site: Site, reason: Wait) -> None:
    await site.sign_in("vera")
    await asking(site.store, 1001, reason)
    text = await page(site)
    assert "1 order waits for your approval" in text
    assert "1 order needs a person" in text  # at the navigation


async def test_what_ends_by_itself_needs_nobody(site: Site) -> None:
    site.statuses["acme"] = GOOD
    await site.sign_in("vera")
    await asking(site.store, 1001, Wait.PAYMENT)
    assert "Everything is fine" in await settled(site)


async def test_an_unknown_outcome_is_to_be_looked_for(site: Site) -> None:
    await site.sign_in("vera")
    order = await sent(site.store)
    await site.store.orders.record_transition(
        order, Transition(State.UNKNOWN, None, facts={"why": "no answer came"})
    )
    text = await page(site)
    assert "Sculpteo may or may not have it: no answer came." in text
    assert "Look for it at Sculpteo" in text
    assert "sculpteo-bridge orders" not in text


async def test_an_alarm_is_cleared_once_and_by_an_operator_only(site: Site) -> None:
    await site.sign_in("otto")
    await alarmed(site.store, 1001, Alarm.SECOND_REFERENCE, {"reference": "ABCD1234"})
    text = await page(site)
    assert "Sculpteo told of a second order ABCD1234" in text
    (alarm,) = await site.store.queries.list_alarms()
    path = f"/alarms/{alarm.key}/clear"
    for said in ("The alarm is cleared.", "It was cleared already."):
        assert (await site.press(path)).headers["Location"] == "/"
        assert said in await page(site)
    (cleared,) = await site.store.queries.list_alarms(open_only=False)
    assert cleared.cleared_by == "otto"
    deeds = [deed.action for deed in await site.store.sessions.list_audit_entries()]
    assert deeds.count("clear_alarm") == 1
    assert (await site.press("/alarms/99999/clear")).status == 303


async def test_a_viewer_sees_alarms_without_a_button(site: Site) -> None:
    await site.sign_in("vera")
    await alarmed(site.store, 1001, Alarm.LATE_ANSWER, {"reference": "ABCD1234"})
    text = await page(site)
    assert "although a person had said" in text
    assert "/clear" not in text
    assert "/pause" not in text


async def test_script_in_what_others_wrote_is_text(site: Site) -> None:
    await site.sign_in("anna")
    await needing(site.store, facts={"skus": SCRIPT})
    await alarmed(site.store, 1002, Alarm.SECOND_REFERENCE, {"reference": SCRIPT})
    await site.store.switch.pause_ordering("*", SCRIPT, SCRIPT)
    _, text = await site.get("/")
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert" not in text
    assert "<img src=x" not in text


async def test_braces_in_what_others_wrote_are_left_alone(site: Site) -> None:
    await site.sign_in("anna")
    await needing(site.store, facts={"skus": "{skus.__class__} {0} {"})
    assert "{skus.__class__} {0} {" in await page(site)


async def test_an_order_is_decided_from_today_and_what_may_cost_money_is_asked_first(site: Site) -> None:
    await site.sign_in("otto")
    record = await asking(site.store, 1001, Wait.RISK)
    _, text = await site.get("/")
    assert 'action="/orders/decide" class="inline"><input type="hidden" name="action" value="approve"' in text
    _, asked = await site.get(f"/orders/decide?action=approve&key={record.key}&back=/")
    assert "#1001" in asked
    cancel = re.search(
        r'name="action" value="cancel"><input type="hidden" name="order" value="([^"]+)"', text
    )
    assert cancel
    answer = await site.press("/orders/decide", action="cancel", order=cancel[1], back="/")
    assert answer.headers["Location"] == "/"
    assert (await get(site.store, record.key)).state is State.CANCELLED


async def test_an_unmapped_order_leads_to_where_it_can_be_said_what_it_is(site: Site) -> None:
    record = await needing(site.store, facts={"skus": "“NEW-1”"})
    await site.sign_in("vera")
    assert f'/orders/{record.key}#lines"' not in await page(site)
    await site.sign_in_again("otto")
    assert f'<a class="button" href="/orders/{record.key}#lines">Say what it is</a>' in await page(site)


async def test_before_the_first_order_it_says_what_to_do_next(open_site: OpenSite) -> None:
    async with open_site(configuration()) as site:
        await site.sign_in("vera")
        text = await page(site)
        assert "No order has come in yet. What to do next:" in text
        assert "See whether every variant of your shop leads to its design." in text
        assert "<code>mode: live</code>" in text  # the configuration of the tests is for testing
        french = await page(site, **{"Accept-Language": "fr"})
        assert "Aucune commande n’est encore arrivée." in french
        await asking(site.store, 1001, Wait.PAYMENT)
        assert "What to do next" not in await page(site)


async def test_what_is_wrong_with_the_bridge_is_told_as_status_tells_it(site: Site) -> None:
    site.statuses["acme"] = GOOD
    await site.sign_in("vera")
    facts = {"upstream": "Sculpteo", "minutes": 12, "why": "HTTP 503"}
    await site.store.conditions.open_incident("upstream:sculpteo", "upstream", "north", facts)
    text = await settled(site)
    assert "Everything is fine" not in text
    assert "The bridge itself needs you" in text
    found = await load_health(
        site.store, site.loaded.settings, Money(Decimal(0), "EUR"), site.world.clock.now()
    )
    words = Words(to_english, lambda at: "", lambda money: "")
    for trouble in collect_issues(found, words, just_begun=True):
        assert trouble.sentence in text
        assert trouble.remedy in text
    assert "Sculpteo has not answered as it should for 12 minutes: HTTP 503." in text
    await site.store.conditions.close_incident("upstream:sculpteo", "north", silent_for=timedelta(hours=1))
    assert "Everything is fine" in await settled(site)


async def test_a_reached_limit_and_a_late_comparison_need_a_person(open_site: OpenSite) -> None:
    async with open_site(configuration(per_day="50 EUR")) as site:
        await site.sign_in("vera")
        order = await waiting(site.store, 1001)
        made = attempt(
            order, mode=Mode.TEST, cost=Money(Decimal("50.00"), "EUR"), created_at=datetime.now(UTC)
        )
        await site.store.orders.open_attempt(order, made, values={})
        late = datetime.now(UTC) - timedelta(hours=1)
        await site.store.memory.set("reconciled_at:acme", late.isoformat())
        text = await page(site)
        assert "The spending limit of the day, €50.00, is reached." in text
        assert "The shop acme was last looked through for missed orders" in text
        assert "La limite de dépenses du jour" in await page(site, **{"Accept-Language": "fr"})


# --- connections -----------------------------------------------------------------------------------------


async def test_a_missing_permission_is_named_with_what_is_lost(site: Site) -> None:
    ledger = next(scope for scope in SCOPES if scope.handle == "write_orders")
    site.statuses["acme"] = Status(FACTS, GOOD.version, (ledger,), GOOD.subscriptions)
    await site.sign_in("vera")
    text = await settled(site)
    assert "The permission <code>write_orders</code> is missing." in text
    assert "The second ledger on the Shopify order is off" in text
    assert "No order needs you" in text
    assert "Everything is fine" not in text


async def test_missing_webhooks_a_dead_token_and_an_old_version_are_told(site: Site) -> None:
    plan = Plan((Create("ORDERS_PAID"), Create("ORDERS_EDITED")), (), 0)
    site.statuses["acme"] = Status(FACTS, Version("2026-10", "2027-10", False), (), plan)
    await site.sign_in("vera")
    text = await settled(site)
    assert "2 webhooks do not reach the bridge: orders_paid, orders_edited." in text
    assert "Shopify no longer supports the API version 2026-10." in text
    site.statuses["acme"] = Status(problems=("the shop does not accept the access token",))
    await site.sign_in_again("otto")
    await site.press("/settings/look")
    text = await settled(site)
    assert "The shop does not accept the access token." in text
    assert "Shopify answers as it should." not in text


async def test_an_upstream_in_trouble_is_told(site: Site) -> None:
    breaker = site.app[CONSOLE].breakers[SCULPTEO]

    async def fail() -> None:
        raise TryAgain("Sculpteo answered HTTP 503", upstream=SCULPTEO)

    await site.sign_in("vera")
    for count in range(5):
        with pytest.raises(TryAgain):
            await breaker.call_upstream(fail, lambda _: None)
        assert ("is in trouble" in await page(site)) is (count == 4)
    assert "Sculpteo is in trouble: Sculpteo answered HTTP 503." in await page(site)


async def test_a_shop_that_was_not_compared_for_long_is_told(site: Site) -> None:
    await site.sign_in("vera")
    assert "The shop's orders were not compared yet." in await page(site)
    for hours, late in ((0.2, False), (3, True)):
        at = datetime.now(UTC) - timedelta(hours=hours)
        await site.store.memory.set("reconciled_at:acme", at.isoformat())
        assert ("Look at the log" in await page(site)) is late
    await site.store.memory.set("reconciled_at:acme", "nonsense")
    assert "not compared yet" in await page(site)


async def test_a_shop_whose_look_fails_does_not_fail_the_page(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(shop: str) -> Status:
        raise RuntimeError("an answer with the token shpat_secret")

    monkeypatch.setattr(site.app[CONSOLE], "inspect", broken)
    await site.sign_in("vera")
    text = await settled(site)
    assert "The look at the shop failed (RuntimeError)." in text
    assert "shpat_secret" not in text


async def test_the_shops_are_asked_once_for_many_pages(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def inspect(shop: str) -> Status:
        asked.append(shop)
        return GOOD

    monkeypatch.setattr(site.app[CONSOLE], "inspect", inspect)
    await site.sign_in("vera")
    await settled(site)
    await asyncio.gather(*(page(site) for _ in range(5)))
    assert asked == ["acme"]


async def test_the_database_that_is_away_is_told_as_a_page(site: Site) -> None:
    await site.sign_in("vera")
    await site.store._db.write(lambda c: metadata.tables["alarms"].drop(c))
    status, text = await site.get("/")
    assert status == 503
    assert "The database cannot be used just now." in text


# --- the stop switch -------------------------------------------------------------------------------------


async def test_placing_is_paused_and_goes_on_after_a_question_each(site: Site) -> None:
    await site.sign_in("otto")
    assert "Nothing more is ordered" in (await site.get("/pause"))[1]
    assert not await site.store.switch.list_pauses()
    await site.press("/pause", why="The printer smokes")
    (pause,) = await site.store.switch.list_pauses()
    assert (pause.scope, pause.who, pause.why) == ("*", "otto", "The printer smokes")
    text = await page(site)
    assert "Placing is paused." in text
    assert "“The printer smokes”" in text
    await site.press("/pause")
    assert "It was paused already." in await page(site)
    await asking(site.store, 1001, Wait.PAUSED)
    assert "1 order waits for this." in (await site.get("/resume?scope=*"))[1]
    await site.press("/resume", scope="*")
    assert not await site.store.switch.list_pauses()
    await site.press("/resume", scope="*")
    assert "It goes on already." in await page(site)
    deeds = [deed.action for deed in await site.store.sessions.list_audit_entries()]
    assert (deeds.count("pause"), deeds.count("resume")) == (1, 1)


async def test_only_a_shop_of_the_configuration_can_be_paused(site: Site) -> None:
    await site.sign_in("otto")
    assert (await site.press("/pause", scope="nowhere")).status == 400
    await site.press("/pause", scope="acme")
    assert "Placing is paused for acme." in await page(site)


@pytest.mark.parametrize("path", ["/pause", "/resume"])
async def test_a_viewer_cannot_touch_the_switch(site: Site, path: str) -> None:
    await site.sign_in("vera")
    assert (await site.get(path))[0] == 403
    assert (await site.press(path)).status == 403
    assert not await site.store.switch.list_pauses()


# --- limits and figures ----------------------------------------------------------------------------------


async def test_what_is_spent_today_stands_beside_the_limit(open_site: OpenSite) -> None:
    async with open_site(configuration(per_day="50 EUR")) as site:
        await site.sign_in("vera")
        text = await page(site)
        assert "€0.00" in text
        assert "of €50.00 per day" in text
        assert 'value="0"' in text


async def test_without_an_order_there_is_no_chart(site: Site) -> None:
    await site.sign_in("vera")
    text = await page(site)
    assert "No order was placed in this time." in text
    assert 'class="chart"' not in text


async def test_the_charts_have_names_and_their_numbers_stand_in_a_table(site: Site) -> None:
    cost = Money(Decimal("12.50"), "EUR")
    await bought(site.store, 1001, timedelta(days=2), cost=cost, shipped_at=datetime.now(UTC))
    await bought(site.store, 1002, timedelta(days=3), cost=cost)
    await site.sign_in("vera")
    text = await page(site)
    for name in ("Orders placed: 2", "Time to ship (median): 2 days", "Cost and margin: 69% margin"):
        assert f'role="img" aria-label="{name}"' in text
    assert text.count('<rect class="series-0"') == 2 + 1 + 2
    assert "Cost: €25.00" in text
    assert "Margin: €54.60" in text  # two orders of 39.80
    table = text[text.index("<summary>As a table</summary>") :]
    assert table.count('<td data-label="Orders" class="number">1</td>') == 2


async def test_what_is_from_before_going_live_is_listed_and_decided_together(site: Site) -> None:
    await site.sign_in("otto")
    found = [
        await asking(site.store, number, reason)
        for number, reason in ((1001, Wait.BEFORE_GO_LIVE), (1002, Wait.OTHER_MODE), (1003, Wait.WAS_TEST))
    ]
    text = await page(site)
    assert "3 orders from before going live wait for your decision" in text
    assert all(f'name="key" value="{one.key}"' in text for one in found)
    keys = "&".join(f"key={one.key}" for one in found)
    status, asked = await site.get(f"/orders/decide?action=ignore&back=/&{keys}")
    assert status == 200
    assert all(str(one.name) in asked for one in found)


async def test_the_first_steps_stay_until_each_is_done(site: Site) -> None:
    await site.is_signed_in("anna")
    with_alerts = site.loaded
    site.loaded = replace(with_alerts, settings=with_alerts.settings.model_copy(update={"alerts": ()}))
    text = await page(site)
    for told in (
        "3 steps are left before you can rely on the bridge",
        "Done:</span> The console has a password",
        "Done:</span> Your products are mapped to designs",
        "To do:</span> You are told when an order needs you",
        "<code>sculpteo-bridge alerts test</code>",
        "To do:</span> The database is backed up",
        "To do:</span> A first order was printed and shipped",
    ):
        assert told in text, told
    assert "Il reste 3 étapes" in await page(site, **{"Accept-Language": "fr"})
    site.loaded = with_alerts
    assert "2 steps are left" in await page(site)
    assert (await site.press("/checklist/backup")).status == 303
    assert await site.notice() == "Noted: the database is backed up."
    await site.press("/checklist/backup")
    assert await site.notice() == "That was noted already."
    assert [deed.action for deed in await site.store.sessions.list_audit_entries()].count(
        "backup_confirmed"
    ) == 1
    order = await bought(site.store, 1001, timedelta(days=3))
    assert "1 step is left" in await page(site)
    await site.store.orders.receive_signal(word(1001))
    await site.store.orders.record_transition(await claimed(site.store), Transition(State.SHIPPED, None))
    assert (await get(site.store, order.key)).state is State.SHIPPED
    assert 'id="checklist"' not in await page(site)


@pytest.mark.parametrize("name", ["vera", "otto"])
async def test_only_an_owner_says_that_the_database_is_backed_up(site: Site, name: str) -> None:
    await site.is_signed_in(name)
    text = await page(site)
    assert "The database is backed up" in text
    assert "It is backed up" not in text
    assert (await site.press("/checklist/backup")).status == 403


async def test_the_demo_has_nothing_to_set_up(open_site: OpenSite) -> None:
    async with open_site(open_here=True) as site:
        assert 'id="checklist"' not in await page(site)
