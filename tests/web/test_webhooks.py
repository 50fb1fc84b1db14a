"""Deliveries over real HTTP: durable before the 200, and nothing that a stranger sends makes a 5xx."""

from __future__ import annotations

import asyncio
import gzip
import logging
import random

import pytest

from bridge.errors import StoreUnavailable
from bridge.order.records import Delivery
from bridge.shopify.webhooks import sign
from bridge.web.webhooks import Room
from tests.web.conftest import BODY, Service


async def stored(service: Service) -> list[Delivery]:
    return await service.store.inbox.list_pending(1000)


async def test_a_signed_delivery_is_stored_as_it_came_and_the_worker_is_told(service: Service) -> None:
    assert await service.post() == 200
    [delivery] = await stored(service)
    assert (delivery.shop, delivery.webhook_id, delivery.topic, delivery.body) == (
        "acme",
        "id-1",
        "orders/paid",
        BODY,
    )
    assert service.news == ["news"]


async def test_a_delivery_that_comes_twice_is_acknowledged_and_stored_once(service: Service) -> None:
    assert [await service.post() for _ in range(3)] == [200] * 3
    assert len(await stored(service)) == 1


async def test_the_old_secret_counts_while_secrets_are_rotated(service: Service) -> None:
    assert await service.post(hmac_sha256=sign(b"the-old-secret", BODY).decode()) == 200


@pytest.mark.parametrize(
    "signature", [None, "", "x", "AAAA" * 11, "é" * 44, "=" * 4000, sign(b"other", BODY).decode()]
)
async def test_what_is_not_signed_by_a_known_secret_is_refused_and_not_stored(
    service: Service, signature: str | None
) -> None:
    assert await service.post(hmac_sha256=signature) == 401
    assert await stored(service) == []
    assert service.news == []


async def test_one_changed_byte_breaks_the_signature(service: Service) -> None:
    answer = await service.client.post(
        f"{service.url}/webhooks/shopify/acme", data=BODY + b" ", headers=service.headers()
    )
    assert answer.status == 401


async def test_a_delivery_for_another_shop_is_refused(service: Service) -> None:
    assert await service.post(shop_domain="other.myshopify.com") == 401
    assert await service.post(shop="other", shop_domain="other.myshopify.com") == 404
    assert await service.post(shop="other", shop_domain=None) == 404
    assert await service.post(shop="../acme", shop_domain=None) == 404
    assert await stored(service) == []


async def test_a_delivery_to_a_former_address_is_taken_for_the_shop_that_it_names(service: Service) -> None:
    """A shop that has another name delivers to the address with the old one until its subscriptions are
    repaired; the signature decides as ever."""
    assert await service.post(shop="old-name") == 200
    assert await service.post(shop="old-name", shop_domain="ACME.myshopify.com", webhook_id="id-2") == 200
    unsigned = sign(b"another secret", BODY).decode()
    assert await service.post(shop="old-name", webhook_id="id-3", hmac_sha256=unsigned) == 401
    assert [delivery.shop for delivery in await stored(service)] == ["acme", "acme"]


async def test_an_unknown_topic_is_stored_too(service: Service) -> None:
    assert await service.post(topic="moons/full") == 200
    assert (await stored(service))[0].topic == "moons/full"


async def test_only_post_is_allowed(service: Service) -> None:
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        answer = await service.client.request(method, f"{service.url}/webhooks/shopify/acme")
        assert answer.status == 405


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\x00",
        b'{"id": 1' + b"0" * 5000 + b"}",
        b"[" * 100_000,
        b'{"id": 1}',
        random.Random(3).randbytes(300_000),
        b"x" * (16 * 1024 * 1024 - 1),
    ],
    ids=["empty", "not UTF-8", "huge number", "deep", "id only", "noise", "16 MB"],
)
async def test_any_body_that_is_signed_is_stored_byte_for_byte(service: Service, body: bytes) -> None:
    assert await service.post(body) == 200
    assert (await stored(service))[0].body == body


async def test_a_body_over_16_mb_is_refused_whether_it_says_so_or_not(service: Service) -> None:
    body = b"x" * (16 * 1024 * 1024 + 1)
    assert await service.post(body) == 413

    async def chunks() -> object:
        for _ in range(17):
            yield b"x" * 1024 * 1024

    answer = await service.client.post(f"{service.url}/webhooks/shopify/acme", data=chunks())
    assert answer.status == 413
    assert await stored(service) == []


async def test_a_body_is_not_unpacked_since_its_signature_covers_the_bytes_as_sent(service: Service) -> None:
    packed = gzip.compress(b"0" * 50_000_000)
    answer = await service.client.post(
        f"{service.url}/webhooks/shopify/acme",
        data=packed,
        headers={**service.headers(packed), "Content-Encoding": "gzip"},
    )
    assert answer.status == 200
    assert (await stored(service))[0].body == packed


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST /webhooks/shopify/acme HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /webhooks/shopify/acme HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"POST /webhooks/shopify/%ff%fe HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        b"POST /webhooks/shopify/acme HTTP/1.1\r\nHost: x\r\nX-Shopify-Hmac-Sha256: \xff\xfe\xfd\r\nContent-Length: 2\r\n\r\n{}",
        b"POST /webhooks/shopify/acme HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"POST /webhooks/shopify/acme HTTP/1.1\r\nX-Long: " + b"x" * 20_000 + b"\r\n\r\n",
        b"NONSENSE\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
    ],
)
async def test_broken_http_never_makes_a_5xx(service: Service, request_bytes: bytes) -> None:
    answer = await service.raw(request_bytes)
    assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))
    assert await stored(service) == []


async def test_a_database_that_cannot_write_is_a_503_so_that_the_shop_delivers_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(self: object, delivery: Delivery) -> None:
        raise StoreUnavailable("OperationalError: database or disk is full")

    monkeypatch.setattr(type(service.store.inbox), "add_delivery", full)
    answer = await service.client.post(
        f"{service.url}/webhooks/shopify/acme", data=BODY, headers=service.headers()
    )
    assert answer.status == 503
    assert answer.headers["Retry-After"]
    assert "disk" not in await answer.text()


async def test_a_burst_is_stored_whole(service: Service) -> None:
    answers = await asyncio.gather(*(service.post(webhook_id=f"id-{number}") for number in range(300)))
    assert answers == [200] * 300
    assert {one.webhook_id for one in await stored(service)} == {f"id-{number}" for number in range(300)}


async def test_a_body_that_never_ends_is_given_up(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.web.webhooks.READ_WITHIN", 0.2)
    for length in (100, 1_000_000):
        head = f"POST /webhooks/shopify/acme HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\nabc"
        assert (await service.raw(head.encode())).startswith(b"HTTP/1.1 408")


async def test_slow_strangers_do_not_keep_a_large_body_waiting(service: Service) -> None:
    head = b"POST /webhooks/shopify/acme HTTP/1.1\r\nHost: x\r\nContent-Length: 16000000\r\n\r\n"
    slow = [await asyncio.open_connection("127.0.0.1", service.port) for _ in range(40)]
    for _, writer in slow:
        writer.write(head + b"{" * 1000)
        await writer.drain()
    async with asyncio.timeout(10):
        assert await service.post(b'{"id": 1001, "note": "' + b"x" * 1_000_000 + b'"}') == 200
    for _, writer in slow:
        writer.close()


async def test_what_finds_no_room_waits_until_some_is_given_back() -> None:
    room = Room(100)
    await room.take(60)
    waiting = [asyncio.create_task(room.take(50)) for _ in range(2)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    room.give_back(60)
    async with asyncio.timeout(5):
        await asyncio.gather(*waiting)


async def test_every_answer_carries_the_security_headers(service: Service) -> None:
    for path in ("/healthz", "/nothing", "/webhooks/shopify/acme"):
        answer = await service.client.get(service.url + path)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Server"] == "sculpteo-bridge"


async def test_logs_hold_neither_body_nor_query_nor_token(
    service: Service, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    await service.post(b'{"note": "s3cret-body"}', hmac_sha256="wrong")
    await service.client.post(f"{service.url}/sculpteo/notify/s3cret-token?reference=s3cret-query")
    await service.client.get(f"{service.url}/s3cret-path?s3cret-query")
    written = caplog.text + "".join(capsys.readouterr())
    assert "s3cret" not in written


@pytest.mark.parametrize(
    "junk", [b"\x16\x03\x01\x02\x00\x01\n\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n"]
)
async def test_what_is_no_http_is_refused_and_leaves_no_line(
    service: Service, junk: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    assert b" 400 " in await service.raw(junk)
    assert not [record for record in caplog.records if record.exc_info]
