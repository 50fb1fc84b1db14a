"""The order call against servers that misbehave: sent once, and never a wrong word on whether it was sent."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import ssl
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from bridge.config.settings import SculpteoSettings
from bridge.errors import LeaseLost
from bridge.order.model import PlaceResult, PrintOrder, Verdict
from bridge.ports import Printer
from bridge.sculpteo.client import SculpteoPrinter
from bridge.sculpteo.http import send_once
from tests.sculpteo.raw_server import RawServer, Respond, answer, is_silent, resets, sends, serving
from tests.sculpteo.sample_orders import ADDRESS, NOW, item, print_order
from tests.support.clocks import TurnedClock
from tests.support.waiting import eventually

PASSWORD = "s3kr&t <pass>"
REFERENCE = b"AB12CD34"
PATIENCE = 30.0  # seconds for what must come: a busy machine may take them, and no test waits for their end
BRIEF = 0.25  # seconds for what never comes: all of them are waited for


def printer(url: str, timeout: float = PATIENCE) -> SculpteoPrinter:
    settings = SculpteoSettings(
        login="me@example.com", password=PASSWORD, timeout=timedelta(seconds=timeout)
    ).model_copy(update={"base_url": url})  # past its checks: a broken address must be harmless too
    return SculpteoPrinter(settings, TurnedClock(NOW))


@pytest.fixture
def connects_in_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The printer's time-out is for the answer alone: a busy machine may take long to connect."""

    async def patient(*request: Any, connect_within: float, **limits: Any) -> None:
        await send_once(*request, connect_within=PATIENCE, **limits)

    monkeypatch.setattr("bridge.sculpteo.client.send_once", patient)


class Sending:
    """The caller's side: counts how often it is told that the request is about to leave."""

    def __init__(self, then: Callable[[], Awaitable[None]] | None = None) -> None:
        self.calls = 0
        self._then = then

    async def __call__(self) -> None:
        self.calls += 1
        if self._then:
            await self._then()


async def place(
    *responses: Respond,
    order: PrintOrder | None = None,
    sending: Sending | None = None,
    timeout: float = PATIENCE,  # noqa: ASYNC109 - the printer's own
) -> tuple[PlaceResult, RawServer]:
    async with serving(*responses) as server:
        receipt = await printer(server.url, timeout).place_order(order or print_order(), sending or Sending())
    return receipt, server


def test_the_client_is_a_printer() -> None:
    client: Printer = printer("https://www.sculpteo.com")
    assert client.find_address_problem(ADDRESS) is None
    assert client.find_address_problem(None) == "there is no shipping address"


def test_the_summary_is_the_form_without_secrets() -> None:
    text = json.dumps(printer("https://www.sculpteo.com").build_summary(print_order()))
    assert "QfGQC4YQ:4:0.8697:in:color_plastic" in text
    for private in ("me@example.com", "s3kr", "s3cr3t", "Varenne"):
        assert private not in text


async def test_a_reference_places_the_order_with_one_request_as_documented() -> None:
    sending = Sending()
    receipt, server = await place(answer(REFERENCE + b"\n"), sending=sending)
    assert (receipt.verdict, receipt.reference) == (Verdict.PLACED, "AB12CD34")
    assert receipt.answer.at == NOW
    assert receipt.answer.body == "AB12CD34\n"
    assert (server.connections, sending.calls) == (1, 1)
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /en/api/store/3D/order/ HTTP/1.1\r\n")
    assert b"Content-Type: application/x-www-form-urlencoded" in head
    assert b"Cookie" not in head
    form = parse_qsl(body.decode())
    assert ("password", PASSWORD) in form
    assert ("item[0]", "QfGQC4YQ:4:0.8697:in:color_plastic") in form
    assert ("fake", "1") in form


async def test_an_invoice_travels_along_as_multipart() -> None:
    receipt, server = await place(answer(REFERENCE), order=print_order(invoice=b"%PDF-1.7 invoice"))
    assert receipt.verdict is Verdict.PLACED
    request = server.requests[0]
    assert b"Content-Type: multipart/form-data; boundary=" in request
    assert b'name="ship_invoice"; filename="invoice.pdf"\r\nContent-Type: application/pdf\r\n' in request
    assert b"%PDF-1.7 invoice" in request


# --- before the first byte -------------------------------------------------------------------------------


async def test_the_caller_is_told_once_the_connection_stands_and_before_any_byte() -> None:
    seen: list[tuple[int, list[bytes]]] = []
    async with serving(answer(REFERENCE)) as server:

        async def look() -> None:
            await asyncio.sleep(0.05)  # time for bytes to arrive, if any had left
            seen.append((server.connections, list(server.requests)))

        await printer(server.url).place_order(print_order(), Sending(look))
    assert seen == [(1, [])]


@pytest.mark.parametrize(
    "error", [LeaseLost("taken over"), TimeoutError(), OSError("disk full"), ValueError("x")]
)
async def test_when_the_caller_objects_not_one_byte_is_sent_and_its_own_error_comes_back(
    error: Exception,
) -> None:
    async def object_to_it() -> None:
        raise error

    async with serving(answer(REFERENCE)) as server:
        with pytest.raises(type(error)) as raised:
            await printer(server.url).place_order(print_order(), Sending(object_to_it))
        await eventually(lambda: server.ended, PATIENCE)
        assert raised.value is error
        assert server.connections == 1
        assert server.requests == [b""]
        assert server.ended == [True]  # the connection was closed, not left behind


async def test_the_callers_own_time_is_not_counted_as_sculpteos(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    clock = loop.time

    async def slow_disk() -> None:
        monkeypatch.setattr(loop, "time", lambda: clock() + 3600)
        for _ in range(3):  # rounds of the loop, in which a time-out that still ran would be noticed
            await asyncio.sleep(0)

    receipt, _ = await place(answer(REFERENCE), sending=Sending(slow_disk))
    assert receipt.verdict is Verdict.PLACED


def unused_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


async def not_sent(url: str, timeout: float = PATIENCE) -> PlaceResult:  # noqa: ASYNC109 - the printer's own
    sending = Sending()
    receipt = await printer(url, timeout).place_order(print_order(), sending)
    assert sending.calls == 0
    assert receipt.verdict is Verdict.NOT_SENT
    assert receipt.reference is receipt.candidate is None
    assert receipt.answer.status is None
    assert receipt.answer.error
    return receipt


async def test_a_refused_connection_is_not_sent() -> None:
    receipt = await not_sent(f"http://127.0.0.1:{unused_port()}")
    assert "nothing was sent" in receipt.why


async def test_a_name_that_cannot_be_resolved_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_such_name(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_such_name)
    receipt = await not_sent("http://sculpteo.invalid")
    assert "the name could not be resolved" in receipt.why


async def test_a_broken_address_in_the_settings_is_not_sent() -> None:
    await not_sent("http://")


async def test_a_certificate_that_nobody_signed_is_not_sent() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(__file__).parent / "samples" / "self_signed.pem")
    async with serving(answer(REFERENCE), context=context) as server:
        receipt = await not_sent(f"https://127.0.0.1:{server.port}")
        assert "TLS failed" in receipt.why
        assert server.requests == []


async def tls_talk(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    timeout: float = PATIENCE,  # noqa: ASYNC109 - the printer's own
) -> PlaceResult:
    listener = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with listener:
        return await not_sent(f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}", timeout)


async def test_no_tls_at_the_other_end_is_not_sent() -> None:
    async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nAB12CD34")
        writer.close()

    await tls_talk(garbage)


async def test_a_handshake_that_is_cut_is_not_sent() -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.transport.abort()

    await tls_talk(cut)


async def test_a_handshake_that_hangs_is_not_sent() -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # until the client has gone
        writer.close()

    receipt = await tls_talk(hang, BRIEF)
    assert "the time was over" in receipt.why


# --- after it --------------------------------------------------------------------------------------------


async def slowly(request: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nAB12")
    await writer.drain()
    await asyncio.sleep(30)


async def cuts_in_the_middle(request: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\nAB12CD34")
    await writer.drain()
    await asyncio.sleep(0.02)
    writer.transport.abort()


PAGE = b"<!DOCTYPE html><html><body><h1>Sign in</h1></body></html>"
UNCLEAR: dict[str, Respond] = {
    "reset": resets,
    "silence": is_silent,
    "closed without a word": sends(b""),
    "half an answer": slowly,
    "cut in the middle": cuts_in_the_middle,
    "truncated": answer(b"AB12CD34", "200 OK", length=20),
    "garbage": sends(b"\x00\xff\x13 what?\r\n\r\n"),
    "another protocol": sends(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "empty": answer(b""),
    "page": answer(PAGE, "200 OK", "Content-Type: text/html"),
    "redirect to sign in": answer(b"", "302 Found", "Location: /en/login/"),
    "redirect elsewhere": answer(b"", "307 Temporary Redirect", "Location: http://127.0.0.1:9/"),
    "redirect with a body": answer(REFERENCE, "303 See Other", "Location: /"),
    "server error": answer(b"", "500 Internal Server Error"),
    "gateway page": answer(PAGE, "502 Bad Gateway"),
    "busy": answer(b"", "503 Service Unavailable", "Retry-After: 5"),
    "conflict": answer(b"", "409 Conflict"),
    "time-out told": answer(b"", "408 Request Timeout"),
    "refusal with a page": answer(PAGE, "403 Forbidden"),
    "quoted": answer(b'"AB12CD34"'),
    "JSON": answer(b'{"reference": "AB12CD34"}', "200 OK", "Content-Type: application/json"),
    "huge": answer(b"A" * 300_000),
    "endless header": sends(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\nAB12CD34"),
    "bad length": sends(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nAB12CD34"),
    "two lengths": sends(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\nContent-Length: 9\r\n\r\nAB12CD34"),
    "not gzip": answer(REFERENCE, "200 OK", "Content-Encoding: gzip"),
    "unknown encoding": answer(b"\x8b\x03\x80AB12CD34\x03", "200 OK", "Content-Encoding: br"),
    "zip bomb": answer(gzip.compress(b"A" * 5_000_000), "200 OK", "Content-Encoding: gzip"),
    "bad chunk": sends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nAB12CD34\r\n0\r\n\r\n"),
    "missing last chunk": sends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nAB12CD34\r\n"),
    "not utf-8": answer(b"\xff\xfeA\x00B\x001\x00"),
    "switching": sends(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"),
}


@pytest.mark.usefixtures("connects_in_any_time")
@pytest.mark.parametrize("respond", UNCLEAR.values(), ids=UNCLEAR.keys())
async def test_whatever_else_comes_after_the_request_is_unclear_and_never_repeated(respond: Respond) -> None:
    sending = Sending()
    timeout = BRIEF if respond in (is_silent, slowly) else PATIENCE
    receipt, server = await place(respond, answer(REFERENCE), sending=sending, timeout=timeout)
    assert receipt.verdict is Verdict.UNCLEAR
    assert receipt.reference is None
    assert receipt.why
    assert (server.connections, sending.calls) == (1, 1)
    assert len(receipt.answer.body) <= 64 * 1024


@pytest.mark.parametrize(
    "respond",
    [
        sends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nAB1\r\n5\r\n2CD34\r\n0\r\n\r\n"),
        sends(b"HTTP/1.0 200 OK\r\n\r\nAB12CD34"),
        answer(gzip.compress(REFERENCE), "200 OK", "Content-Encoding: gzip"),
        answer(REFERENCE, "201 Created", "Set-Cookie: session=1"),
        sends(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nAB12CD34"),
    ],
    ids=["chunked", "until closed", "gzip", "created", "continue first"],
)
async def test_a_reference_is_understood_however_http_carries_it(respond: Respond) -> None:
    receipt, _ = await place(respond)
    assert (receipt.verdict, receipt.reference) == (Verdict.PLACED, "AB12CD34")
    assert "set-cookie" not in dict(receipt.answer.headers)


@pytest.mark.parametrize("status", ["400 Bad Request", "401 Unauthorized", "403 Forbidden", "404 Not Found"])
@pytest.mark.parametrize("body", [b"", b"\n"])
async def test_a_documented_refusal_is_refused(status: str, body: bytes) -> None:
    receipt, server = await place(answer(body, status))
    assert receipt.verdict is Verdict.REFUSED
    assert receipt.answer.status == int(status[:3])
    assert server.connections == 1


async def test_what_may_be_the_reference_in_a_broken_answer_is_kept() -> None:
    for respond in (UNCLEAR["cut in the middle"], UNCLEAR["truncated"], UNCLEAR["JSON"], UNCLEAR["quoted"]):
        receipt, _ = await place(respond)
        assert receipt.candidate == "AB12CD34"
        assert "AB12CD34" in receipt.answer.body


async def test_a_slow_answer_within_the_time_is_an_answer() -> None:
    async def late(request: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.1)
        await answer(REFERENCE)(request, writer)

    receipt, _ = await place(late)
    assert receipt.verdict is Verdict.PLACED


@pytest.mark.usefixtures("connects_in_any_time")
async def test_a_server_that_never_answers_is_not_waited_for_longer_than_set() -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    receipt, _ = await place(is_silent, timeout=BRIEF)
    assert BRIEF < loop.time() - began < PATIENCE
    assert "the time was over" in receipt.why


async def test_our_own_secrets_are_taken_out_of_the_evidence() -> None:
    echo = (
        f"login=me@example.com password={PASSWORD} or s3kr&amp;t &lt;pass&gt; or s3kr%26t+%3Cpass%3E".encode()
    )
    receipt, _ = await place(answer(echo + b" s3cr3t-t0ken", "400 Bad Request"))
    assert receipt.verdict is Verdict.UNCLEAR
    for secret in ("me@example.com", "s3kr", "s3cr3t-t0ken"):
        assert secret not in repr(receipt)


async def test_an_echo_of_our_design_or_token_is_no_reference() -> None:
    receipt, _ = await place(answer(b"QfGQC4YQ"))
    assert (receipt.verdict, receipt.candidate) == (Verdict.UNCLEAR, None)
    receipt, _ = await place(answer(b"s3cr3t-t0ken"))
    assert (receipt.verdict, receipt.candidate) == (Verdict.UNCLEAR, None)


@pytest.mark.parametrize("gate_opens", [True, False])
async def test_cancelling_passes_and_the_caller_knows_whether_it_may_have_left(gate_opens: bool) -> None:
    sending = Sending(None if gate_opens else lambda: asyncio.sleep(PATIENCE))
    async with serving(is_silent) as server:
        task = asyncio.create_task(printer(server.url).place_order(print_order(), sending))
        await eventually(lambda: server.requests if gate_opens else sending.calls, PATIENCE)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await eventually(lambda: server.requests, PATIENCE)
        assert sending.calls == 1
        assert bool(server.requests[0]) is gate_opens


async def test_items_that_cannot_be_written_fail_before_any_connection() -> None:
    async with serving(answer(REFERENCE)) as server:
        with pytest.raises(ValueError, match="item"):
            await printer(server.url).place_order(print_order(items=(item(uuid="a:b"),)), Sending())
        assert server.connections == 0


async def test_the_environments_proxy_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{unused_port()}")
    receipt, _ = await place(answer(REFERENCE))
    assert receipt.verdict is Verdict.PLACED


async def test_politeness_comes_before_the_connection() -> None:
    order: list[str] = []

    async def take() -> None:
        order.append("take")

    async def about_to_send() -> None:
        order.append("send")

    async with serving(answer(REFERENCE)) as server:
        settings = SculpteoSettings(login="me@example.com", password=PASSWORD, base_url=server.url)
        await SculpteoPrinter(settings, TurnedClock(NOW), take).place_order(print_order(), about_to_send)
    assert order == ["take", "send"]
