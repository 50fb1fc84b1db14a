"""Tries are counted; sessions end; where a request comes from is known as well as it can be."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from bridge.store import Store
from bridge.web.console.auth import (
    Gate,
    Origin,
    User,
    device_token,
    known_device,
    origin_of,
)
from bridge.web.console.throttle import KEYS, Rate, Throttle
from tests.support.clocks import TurnedClock
from tests.web.console.conftest import configuration


class Seconds:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@given(st.lists(st.floats(0, 200), min_size=1, max_size=60), st.integers(1, 5), st.floats(1, 60))
def test_no_more_pass_than_the_rate_allows(pauses: list[float], burst: int, every: float) -> None:
    clock = Seconds()
    throttle = Throttle(Rate(burst, every), clock)
    passed = 0
    for pause in pauses:
        clock.at += pause
        if throttle.wait("key") == 0:
            throttle.take("key")
            passed += 1
        assert passed <= burst + (clock.at - 1000.0) / every + 1e-6


def test_whoever_waits_as_long_as_told_passes() -> None:
    clock = Seconds()
    throttle = Throttle(Rate(2, 30.0), clock)
    throttle.take("key")
    throttle.take("key")
    assert throttle.wait("key") == 30.0
    assert throttle.wait("another") == 0
    clock.at += throttle.wait("key")
    assert throttle.wait("key") == 0


def test_strangers_cannot_fill_the_memory() -> None:
    throttle = Throttle(Rate(2, 30.0))
    for number in range(KEYS + 100):
        throttle.take(str(number))
    assert len(throttle._full_at) == KEYS


def test_the_addresses_of_one_customer_count_together_and_others_are_not_kept_waiting() -> None:
    gate = Gate()
    for number in range(10):
        assert gate.take(f"name-{number}", f"2001:db8::{number:x}") == 0
    assert gate.take("name", "2001:db8::ffff") > 0
    assert gate.take("name", "2001:db8:0:1::1") == 0
    assert gate.take("name", "192.0.2.1") == 0


def test_many_addresses_cannot_try_one_name_without_end() -> None:
    gate = Gate()
    passed = sum(gate.take("anna", f"192.0.2.{number}") == 0 for number in range(200))
    assert passed == 20
    assert gate.take("otto", "198.51.100.1") == 0


def test_whoever_signed_in_here_before_is_not_kept_out_by_strangers_and_guesses_no_faster() -> None:
    gate, anna = Gate(), User("anna", "owner", "the hash of her password")
    token = device_token(anna)
    device = known_device(anna, token)
    assert device is not None
    for number in range(300):
        gate.take("anna", f"192.0.2.{number % 250}")
    assert gate.take("anna", "192.0.2.1") > 0
    passed = sum(gate.take("anna", "192.0.2.1", device) == 0 for _ in range(100))
    assert passed == 10


@pytest.mark.parametrize("change", ["", "x", "other", "password", "nobody"])
def test_a_browser_is_known_again_by_nothing_that_others_can_make(change: str) -> None:
    anna = User("anna", "owner", "the hash of her password")
    token, user = device_token(anna), anna
    if change == "x":
        token = token[:-1] + ("0" if token[-1] != "0" else "1")
    elif change == "other":
        token = device_token(User("otto", "owner", anna.password_hash))
    elif change == "password":
        user = User("anna", "owner", "the hash of another one")
    found = known_device(None if change == "nobody" else user, token)
    assert (found is None) == bool(change)


def test_the_clients_of_a_proxy_that_speaks_ipv4_over_ipv6_are_told_apart() -> None:
    gate = Gate()
    for number in range(20):
        assert gate.take(f"name-{number}", f"::ffff:192.0.2.{number}") == 0


async def test_a_session_ends_at_its_time(tmp_path: Path) -> None:
    clock = TurnedClock()
    async with Store.open(f"sqlite:///{tmp_path}/bridge.db", clock=clock) as store:
        opened = {"who": "anna", "proof": "p", "csrf": "c", "address": None, "agent": None}
        await store.sessions.open_session("id", lasts=timedelta(hours=12), **opened)  # type: ignore[arg-type]
        clock.forward(timedelta(hours=11, minutes=59))
        assert await store.sessions.find_session("id") is not None
        clock.forward(timedelta(minutes=1))
        assert await store.sessions.find_session("id") is None


DEFAULT = "[127.0.0.0/8, '::1']"
PROXY = {"X-Forwarded-For": "198.51.100.66, 192.0.2.7, 10.0.0.9"}


@pytest.mark.parametrize(
    ("host", "headers", "trusted", "origin"),
    [
        ("localhost:8080", {}, "[]", Origin("127.0.0.1", True, False)),
        ("bridge.acme-prints.fr", {}, "[]", Origin("127.0.0.1", False, True)),
        ("192.168.1.5:8080", {}, "[]", Origin("127.0.0.1", False, False)),
        ("localhost", PROXY, "[]", Origin("127.0.0.1", False, True)),
        ("localhost", PROXY, "[127.0.0.1]", Origin("10.0.0.9", False, True)),
        ("localhost", PROXY, "[127.0.0.1, 10.0.0.0/8]", Origin("192.0.2.7", False, True)),
        (
            "localhost",
            {"X-Forwarded-For": "evil, 192.0.2.7"},
            "[127.0.0.0/8]",
            Origin("192.0.2.7", False, True),
        ),
        ("localhost", PROXY, DEFAULT, Origin("10.0.0.9", False, True)),
        ("localhost", {"X-Forwarded-For": "192.0.2.7:4711"}, DEFAULT, Origin("192.0.2.7", False, True)),
        ("localhost", {"X-Forwarded-For": "[2001:db8::7]:4711"}, DEFAULT, Origin("2001:db8::7", False, True)),
        ("localhost", {"X-Real-IP": "192.0.2.7"}, DEFAULT, Origin("192.0.2.7", False, True)),
        (
            "localhost",
            {"Forwarded": 'for=198.51.100.1, for="[2001:db8::7]:4711";proto=https'},
            DEFAULT,
            Origin("2001:db8::7", False, True),
        ),
        ("localhost", {"Forwarded": "for=unknown"}, DEFAULT, Origin("127.0.0.1", False, True)),
        ("localhost", {"X-Forwarded-For": "<script>"}, "[127.0.0.0/8]", Origin("127.0.0.1", False, True)),
        ("localhost", {"X-Forwarded-For": "127.0.0.1"}, "[127.0.0.0/8]", Origin("127.0.0.1", False, True)),
    ],
)
def test_an_origin_is_what_can_be_known_of_it(
    host: str, headers: dict[str, str], trusted: str, origin: Origin
) -> None:
    class Transport:
        def get_extra_info(self, name: str, default: object = None) -> object:
            return ("127.0.0.1", 50000) if name == "peername" else None

    request = make_mocked_request("GET", "/", headers={"Host": host, **headers}, transport=Transport())
    assert origin_of(request, configuration(trusted_proxies=trusted).settings) == origin
