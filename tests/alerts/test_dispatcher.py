"""From the outbox to people and systems: real Apprise, real HTTP, real stores."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from bridge.alerts import (
    apprise_client,
    webhook_client,
)
from bridge.alerts.channels import (
    AlertOutlet,
    HookOutlet,
    build_alert_outlets,
    build_hook_outlets,
)
from bridge.alerts.dispatcher import Dispatcher
from bridge.config.alert_settings import (
    AlertTarget,
    Webhook,
)
from bridge.config.settings import Settings
from bridge.order.explanations import to_english
from bridge.order.model import Mode
from bridge.order.notifications import (
    News,
    Topic,
)
from bridge.order.problems import Alarm
from bridge.order.records import Transition
from bridge.order.states import State
from bridge.store import Store
from bridge.store.outbox import OutletTarget
from bridge.store.tables import metadata
from tests.alerts.conftest import Receiver
from tests.alerts.test_outbox import SOON, held
from tests.support.clocks import TurnedClock
from tests.support.store_factories import claimed, word

SECRET = "whsec_" + base64.b64encode(b"a-secret-of-the-test").decode()
CONSOLE = "https://bridge.example.org"
BASE: dict[str, Any] = {
    "mode": "test",
    "server": {"public_url": CONSOLE},
    "shops": {"acme": {"domain": "acme.myshopify.com"}},
    "sculpteo": {"login": "me", "password": "secret"},
}


def alert(receiver: Receiver, *on: Topic, minutes: int = 15) -> AlertOutlet:
    target = AlertTarget(url=SecretStr(receiver.json_url), on=on, digest=timedelta(minutes=minutes))
    return AlertOutlet("alert:1", "alerts[0] (json)", target)


def hooked(receiver: Receiver, **more: Any) -> HookOutlet:
    values = {"url": receiver.url, "secret": SecretStr(SECRET), "allow_private_addresses": True, **more}
    return HookOutlet("hook:1", "webhooks[0]", Webhook(**values), CONSOLE)


def sender(
    store: Store, clock: TurnedClock, *outlets: AlertOutlet | HookOutlet, owner: str = "one"
) -> Dispatcher:
    return Dispatcher(
        store.outbox,
        clock,
        owner,
        outlets=lambda: outlets,
        console=lambda: CONSOLE,
        translate=lambda: to_english,
        random=Random(1),
    )


async def work(*senders: Dispatcher, looks: int = 2) -> None:
    """Look so often, and let what began end."""
    for _ in range(looks):
        await asyncio.gather(*(one.dispatch_due() for one in senders))
        for one in senders:
            await asyncio.gather(*one._busy.values())


def told(receiver: Receiver) -> list[dict[str, Any]]:
    return [json.loads(body) for _, body in receiver.taken]


# --- people ------------------------------------------------------------------------------------------------


async def test_the_first_alert_is_sent_at_once_and_what_follows_comes_together(
    store: Store, clock: TurnedClock, receiver: Receiver
) -> None:
    one = sender(store, clock, alert(receiver))
    await held(store, clock, 1)
    await work(one)
    [first] = told(receiver)
    assert first["title"] == "#1: No design is mapped to “A”."
    assert "https://bridge.example.org/orders/" in first["message"]
    for number in (2, 3, 4):
        await held(store, clock, number)
        await work(one)
    assert len(receiver.taken) == 1
    clock.forward(timedelta(minutes=15))
    await work(one)
    assert len(receiver.taken) == 2
    assert told(receiver)[1]["title"] == "3 messages from sculpteo-bridge"
    assert all(f"#{number} (acme)" in told(receiver)[1]["message"] for number in (2, 3, 4))


async def test_an_alarm_waits_for_no_digest_and_takes_along_what_waits(
    store: Store, clock: TurnedClock, receiver: Receiver
) -> None:
    one = sender(store, clock, alert(receiver))
    await held(store, clock, 1)
    await work(one)
    await held(store, clock, 2)
    await work(one)
    await store.orders.receive_signal(word(3))
    clock.forward(SOON)
    alarms = ((Alarm.SECOND_REFERENCE, {"reference": "ABCD1234"}),)
    await store.orders.record_transition(
        await claimed(store), Transition(State.RECEIVED, None, alarms=alarms)
    )
    await work(one)
    [_, loud] = told(receiver)
    assert "It may be printed twice" in loud["message"]
    assert "#2 (acme)" in loud["message"]


async def test_only_the_topics_that_are_wanted_are_told(
    store: Store, clock: TurnedClock, receiver: Receiver
) -> None:
    one = sender(store, clock, alert(receiver, Topic.ALARM, Topic.UPSTREAM))
    await held(store, clock, 1)
    await store.conditions.open_incident(
        "upstream:sculpteo", "upstream", "me", {"upstream": "Sculpteo", "why": "?"}
    )
    await work(one)
    [only] = told(receiver)
    assert only["title"].startswith("Sculpteo has not answered")


async def test_a_target_that_fails_is_tried_again_and_nothing_is_lost(
    store: Store, clock: TurnedClock, receiver: Receiver
) -> None:
    one = sender(store, clock, alert(receiver))
    receiver.answers = [500, 503]
    await held(store, clock, 1)
    await work(one)
    await held(store, clock, 2)
    await work(one)
    assert receiver.taken == []
    for _ in range(2):
        clock.forward(timedelta(minutes=1))
        await work(one)
    [both] = told(receiver)
    assert both["title"] == "2 messages from sculpteo-bridge"


async def test_what_nobody_could_be_told_for_days_is_given_up(
    store: Store, clock: TurnedClock, receiver: Receiver
) -> None:
    one = sender(store, clock, alert(receiver))
    await held(store, clock, 1)
    await store.outbox.fan_out_news({"alert:1": alert(receiver).build_draft})
    clock.forward(timedelta(days=4))
    await work(one)
    assert receiver.taken == []
    assert await store.outbox.load_waiting(["alert:1"]) == {}


async def test_two_replicas_send_an_alert_once(store: Store, clock: TurnedClock, receiver: Receiver) -> None:
    receiver.slow = 0.3
    senders = [sender(store, clock, alert(receiver), owner=name) for name in ("one", "two", "three")]
    for number in range(1, 6):
        await held(store, clock, number)
    await work(*senders, looks=3)
    assert len(receiver.taken) == 1


async def test_a_replica_that_dies_while_it_sends_leaves_the_alert_to_another(
    store: Store, clock: TurnedClock, receiver: Receiver
) -> None:
    dead, alive = (sender(store, clock, alert(receiver), owner=name) for name in ("dead", "alive"))
    await held(store, clock, 1)
    await store.outbox.fan_out_news({"alert:1": alert(receiver).build_draft})
    assert await store.outbox.claim_outlet("alert:1", "dead", timedelta(minutes=3))  # and then it is gone
    await work(alive)
    assert receiver.taken == []
    clock.forward(timedelta(minutes=4))
    await work(alive)
    assert len(receiver.taken) == 1
    await work(dead, alive)
    assert len(receiver.taken) == 1


async def test_a_target_that_hangs_keeps_no_other_waiting(
    store: Store, clock: TurnedClock, receiver: Receiver
) -> None:
    over = asyncio.Event()

    async def hang(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    stuck = await asyncio.start_server(hang, "127.0.0.1", 0)
    # Apprise itself would give up after 4 s, which a busy machine may need for the other target
    url = f"json://127.0.0.1:{stuck.sockets[0].getsockname()[1]}?rto=40"
    target = AlertTarget(url=SecretStr(url), digest=timedelta(0))
    one = sender(store, clock, AlertOutlet("alert:stuck", "stuck", target), alert(receiver))
    await held(store, clock, 1)
    try:
        await one.dispatch_due()
        await one._busy["alert:1"]
        assert len(receiver.taken) == 1
        assert "alert:stuck" in one._busy
    finally:
        over.set()
        await one.close()
        stuck.close()


async def test_the_time_limit_is_kept_and_the_reason_holds_no_secret(receiver: Receiver) -> None:
    receiver.slow = 2
    assert (
        await apprise_client.send_alert(receiver.json_url, "t", "b", within=0.1)
        == "it did not answer within 0.1 s"
    )
    receiver.slow = 0
    receiver.answers = [401]
    why = await apprise_client.send_alert(receiver.json_url, "t", "b")
    assert why and "401" in why
    assert await apprise_client.send_alert("nosuchthing://token-of-mine", "t", "b") == (
        "Apprise cannot use this URL: its service is not known, or a part is missing"
    )
    for text in (
        why,
        str(await apprise_client.send_alert("json://user:s3cret-word@127.0.0.1:9/path-token", "t", "b")),
    ):
        assert "s3cret-word" not in text
        assert "path-token" not in text


def test_what_is_said_is_scrubbed_of_every_part_of_the_url() -> None:
    url = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ?name=%C3%A9t%C3%A9-1"
    text = "failed at T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ for été-1"
    assert apprise_client.redact_url(text, url) == "failed at ***/***/*** for ***"


# --- other systems -----------------------------------------------------------------------------------------


def verified(headers: dict[str, str], body: bytes, secret: str) -> bool:
    """As a receiver would write it."""
    found = {name.lower(): value for name, value in headers.items()}
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join([found["webhook-id"].encode(), found["webhook-timestamp"].encode(), body])
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(one, f"v1,{expected}") for one in found["webhook-signature"].split())


async def placed(store: Store, clock: TurnedClock, number: int) -> None:
    await store.orders.receive_signal(word(number))
    clock.forward(SOON)
    await store.orders.record_transition(await claimed(store), Transition(State.WAITING, clock.now()))
    order = await claimed(store)
    values = {"reference": f"REF{number:05d}", "mode": Mode.LIVE, "placed_at": clock.now()}
    await store.orders.record_transition(order, Transition(State.PLACED, None, values=values))


async def test_a_webhook_is_signed_and_tells_of_the_order_without_its_customer(
    store: Store, clock: TurnedClock, receiver: Receiver
) -> None:
    await placed(store, clock, 1)
    await work(sender(store, clock, hooked(receiver)))
    [(headers, body)] = receiver.taken
    assert verified(headers, body, SECRET)
    assert not verified(headers, body + b" ", SECRET)
    assert abs(int(headers["webhook-timestamp"]) - clock.now().timestamp()) < 1
    event = json.loads(body)
    assert event["type"] == "order.placed"
    data = event["data"]
    assert (data["shop"], data["order"], data["state"], data["reference"]) == (
        "acme",
        "#1",
        "placed",
        "REF00001",
    )
    assert data["test"] is False
    assert data["url"].startswith("https://bridge.example.org/orders/")
    assert set(data) == {
        *("shop", "order", "order_id", "state", "reason", "problem", "alarm", "reference", "test"),
        *("cost", "parcels", "items", "url"),
    }


async def test_only_the_events_that_are_wanted_are_sent_and_none_of_the_bridge_itself(
    store: Store, clock: TurnedClock, receiver: Receiver
) -> None:
    await placed(store, clock, 1)
    await held(store, clock, 2)
    await store.outbox.add_news(News("restart", "restart", clock.now()))
    await work(sender(store, clock, hooked(receiver, events=("attention",))))
    assert [one["type"] for one in told(receiver)] == ["order.attention"]


async def test_a_message_keeps_its_id_and_body_when_it_is_sent_again(
    store: Store, clock: TurnedClock, receiver: Receiver
) -> None:
    await placed(store, clock, 1)
    one = sender(store, clock, hooked(receiver))
    receiver.answers = [500]
    await work(one)
    [message] = await store.outbox.list_pending("hook:1", limit=9)
    clock.forward(timedelta(minutes=1))
    await work(one)
    [(headers, body)] = receiver.taken
    assert body.decode() == message.body
    assert headers["webhook-id"] == f"msg_{message.uid}"


async def test_no_copy_of_the_database_gives_an_event_an_id_that_another_gave(
    store: Store, clock: TurnedClock, receiver: Receiver
) -> None:
    """A restored copy counts its rows and events on from where it was, so nothing that counts may be in the id."""
    await placed(store, clock, 1)
    await work(sender(store, clock, hooked(receiver)))
    ids = [headers["webhook-id"] for headers, _ in receiver.taken]
    receiver.taken.clear()
    await store._db.write(
        lambda c: [c.execute(sa.delete(table)) for table in reversed(metadata.sorted_tables)]
    )
    await placed(store, clock, 1)
    await work(sender(store, clock, hooked(receiver)))
    again = [headers["webhook-id"] for headers, _ in receiver.taken]
    assert ids and again and not set(ids) & set(again)


@pytest.mark.parametrize("kind", ["hook", "alert"])
async def test_what_waits_for_a_wrong_address_goes_to_the_corrected_one(
    store: Store, clock: TurnedClock, receiver: Receiver, kind: str
) -> None:
    def configured(url: str) -> AlertOutlet | HookOutlet:
        hook_settings = Webhook(url=url, secret=SecretStr(SECRET), allow_private_addresses=True)
        target = AlertTarget(url=SecretStr(url.replace("http:", "json:")))
        settings = Settings.model_validate({**BASE, "webhooks": [hook_settings], "alerts": [target]})
        [one] = build_hook_outlets(settings) if kind == "hook" else build_alert_outlets(settings)
        return one

    await placed(store, clock, 1)
    await held(store, clock, 2)
    await work(sender(store, clock, configured("http://127.0.0.1:9/wrong")))
    assert receiver.taken == []
    corrected = configured(receiver.url)
    await work(sender(store, clock, corrected))
    assert len(receiver.taken) == (2 if kind == "hook" else 1)
    assert await store.outbox.load_waiting([corrected.name]) == {}
    await work(sender(store, clock, corrected))
    assert len(receiver.taken) == (2 if kind == "hook" else 1)


async def test_what_waits_stays_with_its_own_target_when_others_come_and_go(
    store: Store, clock: TurnedClock, receiver: Receiver
) -> None:
    """`a` is taken out and `b` moves up: b does not get what waited for a. A target that comes later neither."""
    a, b, c = (
        OutletTarget(f"hook:{name}", slot, f"secret {name}")
        for name, slot in (("a", "hook:0"), ("b", "hook:1"), ("c", "hook:0"))
    )
    await store.outbox.configure_outlets([a, b])
    await placed(store, clock, 1)
    await store.outbox.fan_out_news({"hook:a": hooked(receiver).build_draft})
    await store.outbox.configure_outlets([replace(b, slot="hook:0")])
    assert await store.outbox.move_to_heirs(["hook:b"]) == 0
    await store.outbox.configure_outlets([c, replace(b, slot="hook:1")])
    assert await store.outbox.move_to_heirs(["hook:b", "hook:c"]) == 0
    await store.outbox.configure_outlets([c, b, OutletTarget("hook:corrected", "hook:2", "secret a")])
    assert await store.outbox.move_to_heirs(["hook:b", "hook:c", "hook:corrected"]) == 1


async def test_a_refused_message_holds_up_its_own_order_only_and_the_order_of_events_stays(
    store: Store, clock: TurnedClock, receiver: Receiver
) -> None:
    one = sender(store, clock, hooked(receiver))
    receiver.refuse = "REF00001"
    await placed(store, clock, 1)
    await placed(store, clock, 2)
    await work(one)
    [first] = await store.queries.search_orders("#1")
    await store.orders.receive_signal(word(1))
    clock.forward(SOON)
    await store.orders.record_transition(
        await claimed(store), Transition(State.ATTENTION, None, problem="blocked")
    )
    await work(one)
    assert [event["data"]["order"] for event in told(receiver)] == ["#2"]
    receiver.refuse = None
    for _ in range(8):
        clock.forward(timedelta(minutes=1))
        await work(one)
    found = [(event["data"]["order"], event["type"]) for event in told(receiver)]
    assert found == [("#2", "order.placed"), ("#1", "order.placed"), ("#1", "order.attention")]
    assert first.reference == "REF00001"


async def test_a_receiver_that_is_away_is_given_up_after_a_day(
    store: Store, clock: TurnedClock, receiver: Receiver
) -> None:
    await placed(store, clock, 1)
    one = sender(store, clock, hooked(receiver))
    receiver.answers = [503] * 200
    for _ in range(30):
        clock.forward(timedelta(hours=1))
        await work(one)
    assert await store.outbox.load_waiting(["hook:1"]) == {}
    assert 20 <= 200 - len(receiver.answers) <= 26
    assert receiver.taken == []


@pytest.mark.parametrize(
    ("status", "headers", "why", "ours", "seconds"),
    [
        (204, {}, None, False, None),
        (422, {}, "it answered HTTP 422", True, None),
        (503, {"Retry-After": "120"}, "it answered HTTP 503", False, 120),
        (429, {"Retry-After": "soon"}, "it answered HTTP 429", False, None),
        (
            307,
            {"Location": "http://127.0.0.1:1/"},
            "it answered HTTP 307, a redirect; write the address that it leads to",
            False,
            None,
        ),
    ],
)
async def test_each_answer_says_what_to_do(
    receiver: Receiver,
    clock: TurnedClock,
    status: int,
    headers: dict[str, str],
    why: str | None,
    ours: bool,
    seconds: int | None,
) -> None:
    receiver.answers, receiver.headers = [status], headers
    answer = await webhook_client.send_webhook(hooked(receiver).hook, "msg_1", "{}", clock.now())
    after = timedelta(seconds=seconds) if seconds else None
    assert answer == webhook_client.Answer(why, ours, after)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
async def test_a_webhook_does_not_reach_into_the_own_network_unless_it_may(
    receiver: Receiver, clock: TurnedClock, host: str
) -> None:
    outlet = hooked(receiver, url=f"http://{host}:{receiver.port}/hook", allow_private_addresses=False)
    answer = await webhook_client.send_webhook(outlet.hook, "msg_1", "{}", clock.now())
    assert answer.why and "allow_private_addresses" in answer.why
    assert receiver.taken == []


async def test_a_receiver_that_is_not_there_is_told_without_a_trace(clock: TurnedClock) -> None:
    nobody = Webhook(url="http://127.0.0.1:9/", secret=SecretStr(SECRET), allow_private_addresses=True)
    answer = await webhook_client.send_webhook(nobody, "msg_1", "{}", clock.now())
    assert answer.why == "it cannot be reached (the connection failed: Connection refused)"


async def test_a_secret_may_be_any_text(receiver: Receiver, clock: TurnedClock) -> None:
    outlet = hooked(receiver, secret=SecretStr("any text that is long"))
    await webhook_client.send_webhook(outlet.hook, "msg_1", "{}", clock.now())
    [(headers, body)] = receiver.taken
    signed = f"msg_1.{headers['webhook-timestamp']}.{{}}".encode()
    expected = hmac.new(b"any text that is long", signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(expected).decode()
    assert body == b"{}"
