"""One POST to Shopify: bounded in time and size, its failures told as reactions."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp

from bridge.errors import TryAgain, Upstream

TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=10)
LARGEST_ANSWER = 16_000_000  # bytes, decompressed
LONGEST_WAIT = timedelta(hours=1)  # what a Retry-After may ask for at most
LONGEST_SAYING = 300  # characters of Shopify's own words in an error text


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, whole. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def request_id(self) -> str:
        """Shopify's id of the request, by which its support can find it."""
        return self.headers.get("x-request-id", "none")[:100]

    @property
    def date(self) -> datetime | None:
        """When the server says that it answered, to the second.

        https://www.rfc-editor.org/rfc/rfc9110#field.date
        """
        try:
            found = parsedate_to_datetime(self.headers.get("date", ""))
        except ValueError:
            return None
        return found if found.tzinfo else found.replace(tzinfo=UTC)

    @property
    def retry_after(self) -> timedelta | None:
        """Retry-After in seconds, which Shopify writes with a fraction ("2.0")."""
        try:
            seconds = float(self.headers.get("retry-after", ""))
        except ValueError:
            return None
        if not math.isfinite(seconds) or seconds < 0:
            return None
        return min(timedelta(seconds=min(seconds, 1e6)), LONGEST_WAIT)

    def json(self) -> object:
        """Raises ValueError for anything that is not JSON."""
        try:
            return json.loads(self.body)
        except RecursionError:
            raise ValueError("nested too deep") from None

    def describe(self) -> str:
        """What came, without what it says: pages may hold anything."""
        kind = self.headers.get("content-type", "no content type").split(";")[0][:60]
        return f"HTTP {self.status}, {kind}, {len(self.body)} bytes, request id {self.request_id}"

    def sayings(self) -> str:
        """Shopify's own words for a refusal, if the answer is JSON that has some."""
        try:
            body = self.json()
        except ValueError:
            return ""
        if not isinstance(body, dict):
            return ""
        words = body.get("errors") or body.get("error_description") or body.get("error") or ""
        text = words if isinstance(words, str) else json.dumps(words)
        return " ".join(text.split())[:LONGEST_SAYING]


async def post(
    session: aiohttp.ClientSession,
    url: str,
    *,
    data: bytes,
    headers: Mapping[str, str],
    upstream: Upstream,
    timeout: aiohttp.ClientTimeout = TIMEOUT,  # noqa: ASYNC109 - connecting has a limit of its own
    largest: int | None = None,
) -> Answer:
    """Send it once, follow nothing. Raises TryAgain when no whole answer comes; it may have arrived all the same.

    `largest` is the most bytes of an answer, LARGEST_ANSWER if not given.
    """
    most = LARGEST_ANSWER if largest is None else largest
    try:
        async with session.post(
            url, data=data, headers=headers, timeout=timeout, allow_redirects=False
        ) as response:
            body = bytearray()
            async for chunk in response.content.iter_chunked(65_536):
                body += chunk
                if len(body) > most:
                    why = f"Shopify's answer is larger than {most} bytes"
                    raise TryAgain(why, upstream=upstream)
            told = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, told, bytes(body))
    except TimeoutError:
        raise TryAgain("Shopify did not answer in time", upstream=upstream) from None
    except (aiohttp.ClientError, OSError) as error:
        raise TryAgain(f"Shopify could not be reached: {_described(error)}", upstream=upstream) from None


def _described(error: Exception) -> str:
    """The error in a few words, and by its kind for those who look further."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name cannot be resolved"
    if isinstance(error, aiohttp.ClientSSLError):
        return f"TLS failed ({error})"[:LONGEST_SAYING]
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "it closed the connection"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"no connection to {error.host}:{error.port}"
    return f"{type(error).__name__}: {error}"[:LONGEST_SAYING]
