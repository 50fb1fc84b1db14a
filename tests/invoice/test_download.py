"""Mode `url` against a real HTTPS server on this machine."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
import trustme
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bridge.config.identifiers import URL_FIELDS
from bridge.config.settings import Invoice
from bridge.errors import NeedsPerson, NotReadyYet, TryAgain
from bridge.invoice import download as fetch_module
from bridge.invoice.data import BadSetting
from bridge.invoice.download import (
    BadInvoice,
    build_invoice_url,
    fetch_pdf,
)
from bridge.invoice.invoices import Invoices
from bridge.net.ssrf import (
    Address,
    SsrfSafeSession,
    allow_any,
    is_public,
)
from tests.invoice.sample_orders import order

PDF = b"%PDF-1.7\n% invented\n%%EOF\n"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


class Names(AbstractResolver):
    """Answers each look-up of any name with the next of these addresses; the last one stays."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = list(addresses)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        address = self._addresses.pop(0) if len(self._addresses) > 1 else self._addresses[0]
        found = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [
            ResolveResult(
                hostname=host, host=address, port=port, family=found, proto=0, flags=socket.AI_NUMERICHOST
            )
        ]

    async def close(self) -> None:
        return None


@asynccontextmanager
async def serving(
    authority: trustme.CA, handler: Handler, seen: list[web.Request] | None = None
) -> AsyncIterator[int]:
    """An HTTPS server for invoices.example and localhost; gives its port."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if seen is not None:
            seen.append(request)
        return await handler(request)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("invoices.example", "elsewhere.example", "127.0.0.1").configure_cert(context)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def plain(body: bytes = PDF, status: int = 200, kind: str = "application/pdf", **headers: str) -> Handler:
    async def handler(_: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(body=body, status=status, content_type=kind, headers=named)

    return handler


def settings(**changes: object) -> Invoice:
    return Invoice.model_validate(
        {"mode": "url", "url": "https://invoices.example/{order_number}", **changes}
    )


async def get(
    handler: Handler,
    authority: trustme.CA,
    tls: ssl.SSLContext,
    *,
    allowed: Callable[[Address], bool] = allow_any,
    names: Names | None = None,
    seen: list[web.Request] | None = None,
    **changes: object,
) -> bytes:
    async with (
        serving(authority, handler, seen) as port,
        SsrfSafeSession(allowed, resolver=names or Names("127.0.0.1"), tls=tls) as guard,
    ):
        return await fetch_pdf(
            URL(f"https://invoices.example:{port}/i.pdf"), settings(**changes), guard.session, guard
        )


# --- what comes back --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["application/pdf", "application/octet-stream"])
async def test_a_pdf_is_fetched(authority: trustme.CA, trusting: ssl.SSLContext, kind: str) -> None:
    assert await get(plain(kind=kind), authority, trusting) == PDF


@pytest.mark.parametrize(
    ("status", "may_never_come"),
    [(202, True), (404, True), (425, True), (429, False), (500, False), (503, False)],
)
async def test_an_invoice_that_is_not_ready_is_tried_again_later(
    authority: trustme.CA, trusting: ssl.SSLContext, status: int, may_never_come: bool
) -> None:
    with pytest.raises(TryAgain, match=f"HTTP {status}") as caught:
        await get(plain(status=status, Retry_After="120"), authority, trusting)
    assert caught.value.after == timedelta(seconds=120)
    assert caught.value.upstream == "invoice"
    assert isinstance(caught.value, NotReadyYet) is may_never_come


@pytest.mark.parametrize(
    ("handler", "why"),
    [
        (plain(kind="text/html"), "sent text/html, not a PDF"),
        (plain(b"<html>Log in</html>"), "is not a PDF"),
        (plain(b" " + PDF), "is not a PDF"),
        (plain(b""), "is not a PDF"),
        (plain(status=401), "check `invoice.headers`"),
        (plain(status=403), "check `invoice.headers`"),
        (plain(status=400), "HTTP 400"),
        (plain(status=204, body=b""), "HTTP 204"),
        (plain(PDF + b"x" * 5000), "larger than 4000 bytes"),
    ],
)
async def test_an_answer_that_is_no_invoice_needs_a_person(
    authority: trustme.CA, trusting: ssl.SSLContext, handler: Handler, why: str
) -> None:
    with pytest.raises(BadInvoice, match=why):
        await get(handler, authority, trusting, max_bytes=4000)


async def test_a_stream_without_a_length_is_cut_off_at_the_limit(
    authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(headers={"Content-Type": "application/pdf"})
        await response.prepare(request)
        await response.write(PDF)
        while True:
            await response.write(b"x" * 65536)
            sent += 65536

    with pytest.raises(BadInvoice, match="larger than 100000 bytes"):
        await get(endless, authority, trusting, max_bytes=100_000)
    assert sent < 30_000_000


async def test_a_compressed_answer_counts_with_its_full_size(
    authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    async def packed(_: web.Request) -> web.StreamResponse:
        response = web.Response(body=PDF + b"\0" * 50_000_000, content_type="application/pdf")
        response.enable_compression(web.ContentCoding.gzip)
        return response

    with pytest.raises(BadInvoice, match="larger than 1000000 bytes"):
        await get(packed, authority, trusting, max_bytes=1_000_000)


async def test_an_answer_that_breaks_off_is_tried_again(
    authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    async def broken(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/pdf", "Content-Length": "1000"})
        await response.prepare(request)
        await response.write(PDF)
        assert request.transport is not None
        request.transport.close()
        return response

    with pytest.raises(TryAgain):
        await get(broken, authority, trusting)


async def test_a_service_that_never_answers_is_tried_again(
    authority: trustme.CA, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(2)
        return web.Response()

    monkeypatch.setattr(fetch_module, "TIMEOUT", aiohttp.ClientTimeout(total=0.3))
    with pytest.raises(TryAgain, match=r"invoices\.example gave no invoice"):
        await get(silent, authority, trusting)


async def test_a_certificate_that_is_not_trusted_is_refused(authority: trustme.CA) -> None:
    seen: list[web.Request] = []
    with pytest.raises(BadInvoice, match=r"certificate of invoices\.example is not valid"):
        await get(plain(), authority, ssl.create_default_context(), seen=seen)
    assert seen == []


# --- redirects --------------------------------------------------------------------------------------------


def redirecting(location: str, status: int = 302) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        if request.path == "/i.pdf":
            target = location.replace("PORT", str(request.url.port))
            return web.Response(status=status, headers={"Location": target})
        return web.Response(body=PDF, content_type="application/pdf")

    return handler


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_on_the_same_host_keeps_the_secret_headers(
    authority: trustme.CA, trusting: ssl.SSLContext, status: int
) -> None:
    seen: list[web.Request] = []
    found = await get(
        redirecting("/real.pdf", status),
        authority,
        trusting,
        seen=seen,
        headers={"Authorization": "Bearer s3cret"},
    )
    assert found == PDF
    assert [request.headers.get("Authorization") for request in seen] == ["Bearer s3cret"] * 2


async def test_the_secret_headers_stay_with_their_host(
    authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    seen: list[web.Request] = []
    found = await get(
        redirecting("https://elsewhere.example:PORT/real.pdf"),
        authority,
        trusting,
        seen=seen,
        headers={"Authorization": "Bearer s3cret", "X-Key": "k"},
    )
    assert found == PDF
    assert seen[0].headers["X-Key"] == "k"
    assert not {"Authorization", "X-Key"} & set(seen[1].headers)


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("http://invoices.example:PORT/real.pdf", "must begin with https"),
        ("file:///etc/passwd", "must begin with https"),
        ("https://user:pw@invoices.example:PORT/real.pdf", "has a password in it"),
        ("https://[broken/", "no usable address"),
        ("/i.pdf", "redirects more than 3 times"),
    ],
)
async def test_a_redirect_that_leads_astray_is_not_followed(
    authority: trustme.CA, trusting: ssl.SSLContext, location: str, why: str
) -> None:
    with pytest.raises(BadInvoice, match=why):
        await get(redirecting(location), authority, trusting)


@pytest.mark.parametrize(
    "target", ["https://127.0.0.2:PORT/", "https://[::1]:PORT/", "https://169.254.169.254/"]
)
async def test_a_redirect_to_a_private_address_is_refused(
    authority: trustme.CA, trusting: ssl.SSLContext, target: str
) -> None:
    seen: list[web.Request] = []
    with pytest.raises(BadInvoice, match="not public"):
        await get(
            redirecting(target), authority, trusting, seen=seen, allowed=lambda ip: str(ip) == "127.0.0.1"
        )
    assert len(seen) == 1


# --- addresses --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "::1", "::ffff:127.0.0.1", "fe80::1", "169.254.169.254"]
)
async def test_a_name_that_leads_to_a_private_address_is_refused_before_any_byte(
    authority: trustme.CA, trusting: ssl.SSLContext, address: str
) -> None:
    seen: list[web.Request] = []
    with pytest.raises(BadInvoice, match="allow_private_addresses"):
        await get(plain(), authority, trusting, allowed=is_public, names=Names(address), seen=seen)
    assert seen == []


async def test_a_name_that_changes_its_address_gains_nothing(
    authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    """The check that a rebinding name would fool looks the name up once and connects by a second look-up."""
    names = Names("127.0.0.1", "127.0.0.2")
    seen: list[web.Request] = []
    with pytest.raises(BadInvoice, match="not public"):
        await get(
            redirecting("/again.pdf"),
            authority,
            trusting,
            allowed=lambda ip: str(ip) == "127.0.0.1",
            names=names,
            seen=seen,
        )
    assert names.asked == 2
    assert len(seen) == 1


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.1", "10.0.0.1", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "192.168.1.1",
        "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254",
        "ff02::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a00:1", "2002:7f00:1::",
        "2001:db8::1", "2001:0:4136:e378:8000:63bf:f5ff:fffe", "::7f00:1",
    ],
)  # fmt: skip
def test_addresses_inside_a_network_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


# --- the address of an invoice ----------------------------------------------------------------------------


def test_placeholders_are_percent_encoded() -> None:
    url = build_invoice_url(
        "https://invoices.example/{shop}/{order_name}/{order_id}.pdf?n={order_number}",
        "acme",
        order(name="#10/../x y?&é"),
    )
    assert str(url) == ("https://invoices.example/acme/%2310%2F..%2Fx%20y%3F%26%C3%A9/7001.pdf?n=1001")


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("http://invoices.example/{order_number}.pdf", "must begin with https"),
        ("https://{shop}.example/x.pdf", "placeholder in its host"),
        ("https://invoices.example/{ordre}.pdf", "{ordre}, which is none of {order_number}"),
        ("https://user:pw@invoices.example/x.pdf", "use `invoice.headers`"),
        ("https:///x.pdf", "must begin with https"),
    ],
)
def test_an_address_that_cannot_work_is_named(template: str, why: str) -> None:
    with pytest.raises(BadSetting) as caught:
        build_invoice_url(template, "acme", order())
    assert why in str(caught.value)


def test_every_placeholder_that_the_configuration_allows_is_filled() -> None:
    pattern = "&".join(f"{name}={{{name}}}" for name in URL_FIELDS)
    assert "%7B" not in str(build_invoice_url(f"https://invoices.example/?{pattern}", "acme", order()))


def test_an_order_without_a_number_is_not_asked_for_by_an_empty_one() -> None:
    with pytest.raises(BadSetting, match="this order has none"):
        build_invoice_url("https://invoices.example/{order_number}.pdf", "acme", order(number=None))


async def test_the_service_refuses_its_own_machine_unless_allowed(
    authority: trustme.CA, trusting: ssl.SSLContext, tmp_path: Path
) -> None:
    async with serving(authority, plain()) as port:
        url = f"https://127.0.0.1:{port}/{{order_number}}.pdf"
        with pytest.raises(NeedsPerson) as caught:
            await Invoices(settings(url=url), tmp_path).prepare_invoice("acme", order())
        assert "allow_private_addresses" in str(caught.value.facts["why"])
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting)) as session:
            allowed = Invoices(settings(url=url, allow_private_addresses=True), tmp_path, session)
            assert await allowed.prepare_invoice("acme", order()) == PDF
            refused = Invoices(settings(url=url), tmp_path, session)
            with pytest.raises(NeedsPerson):
                await refused.prepare_invoice("acme", order())


async def test_errors_do_not_tell_secrets(authority: trustme.CA, trusting: ssl.SSLContext) -> None:
    async with serving(authority, plain(status=403)) as port:
        chosen = settings(
            url=f"https://127.0.0.1:{port}/{{order_number}}.pdf?key=s3cret",
            headers={"Authorization": "Bearer t0ken"},
            allow_private_addresses=True,
        )
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting)) as session:
            with pytest.raises(NeedsPerson) as caught:
                await Invoices(chosen, Path.cwd(), session).prepare_invoice("acme", order())
    told = f"{caught.value!r} {caught.value} {chosen!r}"
    assert "t0ken" not in told
    assert "s3cret" not in str(caught.value)
