"""Sculpteo's calls on the secret URLs, in whatever form they come."""

from __future__ import annotations

import json
from datetime import timedelta

import aiohttp
import pytest

from bridge.web.notifications import read_reference
from tests.support.clocks import RealClock
from tests.support.store_factories import claimed, placing
from tests.web.conftest import Service


async def token_of(service: Service) -> str:
    order = await placing(service.store)
    assert order.attempt is not None
    return order.attempt.token


async def references(service: Service) -> list[str | None]:
    service.store.orders._clock = RealClock(
        timedelta(minutes=5)
    )  # once the lease of the order under test is over
    order = await claimed(service.store, "another")
    return [call.reference for call in await service.store.orders.list_notifications(order)]


@pytest.mark.parametrize("form", ["urlencoded", "multipart", "json", "text", "query"])
async def test_every_form_of_a_call_is_understood(service: Service, form: str) -> None:
    token = await token_of(service)
    url = f"{service.url}/sculpteo/notify/{token}"
    multipart = aiohttp.FormData({"reference": "ABCD1234"})
    multipart.add_field("file", b"x", filename="x.bin")
    sent: dict[str, dict[str, object]] = {
        "urlencoded": {"data": {"reference": "ABCD1234"}},
        "multipart": {"data": multipart},
        "json": {"json": {"reference": "ABCD1234", "status": "new"}},
        "text": {"data": b" ABCD1234\n"},
        "query": {"params": {"reference": "ABCD1234"}},
    }
    answer = await service.client.post(url, **sent[form])  # type: ignore[arg-type] # one of its own arguments
    assert answer.status == 200
    assert await references(service) == ["ABCD1234"]
    assert service.news == ["news"]


@pytest.mark.parametrize(
    "body", [b"", b"\xff" * 100, b"[" * 50_000, b"reference=<script>", b"reference=" + b"A" * 60_000]
)
async def test_a_call_that_names_nothing_still_wakes_its_order(service: Service, body: bytes) -> None:
    token = await token_of(service)
    answer = await service.client.post(f"{service.url}/sculpteo/notify/{token}", data=body)
    assert answer.status == 200
    assert await references(service) == [None]


async def test_a_call_that_is_too_large_is_refused(service: Service) -> None:
    token = await token_of(service)
    answer = await service.client.post(f"{service.url}/sculpteo/notify/{token}", data=b"x" * 70_000)
    assert answer.status == 413


async def test_only_post_is_allowed(service: Service) -> None:
    answer = await service.client.get(f"{service.url}/sculpteo/notify/abc")
    assert answer.status == 405


async def test_strangers_are_answered_alike_and_few_of_their_calls_are_kept(service: Service) -> None:
    for number in range(60):
        answer = await service.client.post(
            f"{service.url}/sculpteo/notify/guess-{number}", data={"reference": "ABCD1234"}
        )
        assert (answer.status, await answer.text()) == (200, "")
    assert 25 <= await service.store.calls.count_notifications() <= 35
    assert service.news == []


@pytest.mark.parametrize("token", ["%00", "%ff", "é" * 20, "x" * 5000, "a%2Fb", "%F0%9F%96%A8"])
async def test_a_strange_token_is_just_unknown(service: Service, token: str) -> None:
    answer = await service.client.post(f"{service.url}/sculpteo/notify/{token}", data=b"reference=ABCD1234")
    assert answer.status in {200, 404}


def test_the_named_field_comes_before_the_whole_text() -> None:
    assert read_reference("application/json", json.dumps("ABCD1234").encode()) == "ABCD1234"
    assert read_reference("", b"status=new&reference=ABCD1234&x=1") == "ABCD1234"
    assert read_reference("", b"ABCD1234", "reference=WXYZ9876") == "WXYZ9876"
    assert read_reference("", b"ABC") is None
    assert read_reference("", b"AB CD 12 34") is None
    assert read_reference("application/json", b'{"reference": {"a": 1}}') is None
    assert read_reference("multipart/form-data; boundary=x", b"--x\r\n\r\n--x--") is None
