"""Mode `url`: the PDF comes from the merchant's own invoicing service.

Only https, only a real PDF, only so large, and by default only from the public internet. Redirects are
followed by hand, so that each hop is checked anew and the merchant's secret headers stay with their host.
"""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from urllib.parse import quote, urlsplit

import aiohttp
from yarl import URL

from bridge.config.settings import Invoice
from bridge.errors import INVOICE, NotReadyYet, TryAgain
from bridge.invoice.data import BadSetting
from bridge.net.ssrf import (
    PrivateAddress,
    SsrfSafeSession,
)
from bridge.order.model import ShopOrder

TIMEOUT = aiohttp.ClientTimeout(total=30, connect=10)
REDIRECTS = 3
TYPES = frozenset({"application/pdf", "application/octet-stream", "binary/octet-stream"})
NOT_READY = frozenset({202, 404, 425})

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class BadInvoice(ValueError):
    """The service answered with something that is no invoice; trying again alone would not help."""


def build_invoice_url(template: str, shop: str, order: ShopOrder) -> URL:
    """`template` with its placeholders filled, each percent-encoded. Raises BadSetting."""
    values = {
        "order_number": "" if order.number is None else str(order.number),
        "order_name": order.name,
        "order_id": order.id.rsplit("/", 1)[-1],
        "shop": shop,
    }
    if "{" in urlsplit(template).netloc:
        raise BadSetting("`invoice.url` has a placeholder in its host; placeholders belong in path or query")

    def fill_placeholder(found: re.Match[str]) -> str:
        if found[1] not in values:
            known = ", ".join(f"{{{name}}}" for name in values)
            raise BadSetting(f"`invoice.url` has {found[0]}, which is none of {known}")
        if not values[found[1]].strip("."):
            raise BadSetting(f"`invoice.url` has {found[0]}, but this order has none")
        return quote(values[found[1]], safe="")

    return _require_https(URL(_PLACEHOLDER.sub(fill_placeholder, template), encoded=True), "`invoice.url`")


def _require_https(url: URL, what: str) -> URL:
    if url.scheme != "https" or not url.host:
        raise BadSetting(f"{what} must begin with https://")
    if url.user or url.password:
        raise BadSetting(f"{what} has a password in it; use `invoice.headers`")
    return url


async def fetch_pdf(
    url: URL, settings: Invoice, session: aiohttp.ClientSession, guard: SsrfSafeSession | None
) -> bytes:
    """The PDF at `url`. Raises NotReadyYet when there is none yet, TryAgain when the service is in trouble, or
    BadInvoice."""
    try:
        async with asyncio.timeout(TIMEOUT.total):
            return await _follow_redirects(url, settings, session)
    except aiohttp.ClientConnectorCertificateError as error:
        raise BadInvoice(f"the certificate of {url.host} is not valid") from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        if isinstance(error, PrivateAddress) or (guard and guard.refused):
            raise BadInvoice(
                f"{url.host} leads to an address that is not public; if it is your own server, set "
                "`invoice.allow_private_addresses: true`"
            ) from error
        raise TryAgain(f"{url.host} gave no invoice ({type(error).__name__})", upstream=INVOICE) from error


async def _follow_redirects(url: URL, settings: Invoice, session: aiohttp.ClientSession) -> bytes:
    headers = {name: value.get_secret_value() for name, value in settings.headers.items()}
    origin = url.origin()
    for _ in range(REDIRECTS + 1):
        own = headers if url.origin() == origin else {}
        async with session.get(
            url,
            headers={"Accept": "application/pdf", "Accept-Encoding": "identity", **own},
            allow_redirects=False,
            timeout=TIMEOUT,
        ) as answer:
            if answer.status not in (301, 302, 303, 307, 308):
                return await _read_pdf(answer, settings.max_bytes)
            url = _resolve_redirect(url, answer)
    raise BadInvoice(f"{origin.host} redirects more than {REDIRECTS} times")


def _resolve_redirect(url: URL, answer: aiohttp.ClientResponse) -> URL:
    try:
        target = url.join(URL(answer.headers["Location"], encoded=True))
        return _require_https(target, "the address that it redirects to")
    except (KeyError, ValueError) as error:
        why = str(error) if isinstance(error, BadSetting) else "its redirect names no usable address"
        raise BadInvoice(f"{url.host}: {why}") from error


async def _read_pdf(answer: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    host, status = answer.url.host, answer.status
    if status in NOT_READY:
        raise NotReadyYet(
            f"{host} has no invoice yet (HTTP {status})", after=_parse_retry_after(answer), upstream=INVOICE
        )
    if status == 429 or status >= 500:
        raise TryAgain(f"{host} answered HTTP {status}", after=_parse_retry_after(answer), upstream=INVOICE)
    if status in (401, 403):
        raise BadInvoice(f"{host} refuses access (HTTP {status}); check `invoice.headers`")
    if status != 200:
        raise BadInvoice(f"{host} answered HTTP {status}")
    if answer.content_type not in TYPES:
        raise BadInvoice(f"{host} sent {answer.content_type}, not a PDF")
    if answer.content_length is not None and answer.content_length > max_bytes:
        raise BadInvoice(_describe_too_large(host, max_bytes))
    body = bytearray()
    async for chunk in answer.content.iter_chunked(65536):
        body += chunk
        if len(body) > max_bytes:
            raise BadInvoice(_describe_too_large(host, max_bytes))
    if not body.startswith(b"%PDF-"):
        raise BadInvoice(f"what {host} sent is not a PDF")
    return bytes(body)


def _describe_too_large(host: str | None, max_bytes: int) -> str:
    return f"the PDF from {host} is larger than {max_bytes} bytes (`invoice.max_bytes`)"


def _parse_retry_after(answer: aiohttp.ClientResponse) -> timedelta | None:
    seconds = answer.headers.get("Retry-After", "")
    return timedelta(seconds=min(int(seconds), 86_400)) if seconds.isascii() and seconds.isdigit() else None
