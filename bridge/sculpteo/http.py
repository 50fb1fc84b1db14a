"""Two ways of asking Sculpteo over HTTP: once, with a gate before the first byte; and to look something up.

TLS is verified, cookies and the environment's proxies are not used, answers and times are bounded.
"""

from __future__ import annotations

import asyncio
import codecs
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import aiohttp
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from yarl import URL

from bridge import __version__

HEADERS = {"User-Agent": f"sculpteo-bridge/{__version__}", "Accept-Language": "en"}
NO_TIMEOUT = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)
"""aiohttp's own clocks are off where ours run: theirs would also count the time of the gate."""

MAX_REDIRECTS = 4


@dataclass(slots=True)
class Answer:
    """An answer as far as it came; `complete` once its end was seen."""

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    complete: bool = False

    def text(self) -> str:
        """The body as text, by its charset, else UTF-8; what is not readable shows as a replacement."""
        charset = self.headers.get("content-type", "").partition("charset=")[2].split(";")[0].strip(" \"'")
        try:
            return self.body.decode(codecs.lookup(charset or "utf-8").name, "replace")
        except (LookupError, ValueError):
            return self.body.decode("utf-8", "replace")


class Gate:
    """Stands between connection and first byte. `opened` = the request may have left."""

    def __init__(self, about_to_send: Callable[[], Awaitable[None]]) -> None:
        self._about_to_send = about_to_send
        self.opened = False
        self.refusal: Exception | None = None  # what about_to_send raised: nothing was sent

    async def open(self) -> None:
        if self.opened or self.refusal:
            raise RuntimeError("a second connection for a request that may be sent only once")
        try:
            await self._about_to_send()
        except Exception as error:
            self.refusal = error
            raise
        self.opened = True


class _GatedConnector(aiohttp.TCPConnector):
    """Opens the gate when the connection stands (name resolved, connected, TLS done) and is still unused.

    aiohttp's client writes the request only after connect() has returned. Its trace signal for "connection
    created" comes at the same moment, but an error there leaves the new socket open, and the time spent there
    counts against aiohttp's connect time-out.
    """

    def __init__(self, gate: Gate, clock: asyncio.Timeout, answer_within: float) -> None:
        super().__init__(force_close=True, limit=1)
        self._gate = gate
        self._clock = clock
        self._answer_within = answer_within

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - the signature is aiohttp's
    ) -> Connection:
        connection = await super().connect(req, traces, timeout)
        try:
            self._pause()
            await self._gate.open()
        except BaseException:
            connection.close()
            raise
        self._clock.reschedule(asyncio.get_running_loop().time() + self._answer_within)
        return connection

    def _pause(self) -> None:
        """Stop the clock: the caller's own work in the gate is not Sculpteo's time."""
        try:
            self._clock.reschedule(None)
        except RuntimeError:  # it has just run out
            raise TimeoutError from None


async def send_once(
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    gate: Gate,
    answer: Answer,
    *,
    connect_within: float,
    answer_within: float,
    limit: int,
) -> None:
    """POST `body` in one request over a connection of its own, and read the answer into `answer`.

    No redirect is followed and nothing is repeated. Whatever goes wrong is raised; `gate.opened` then tells
    whether the request may have left, and `answer` holds what came. Times are in seconds.
    """
    async with asyncio.timeout(connect_within) as clock:
        async with (
            aiohttp.ClientSession(
                connector=_GatedConnector(gate, clock, answer_within),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=NO_TIMEOUT,
                trust_env=False,
                headers=HEADERS,
            ) as session,
            session.post(
                url,
                data=body,
                headers={**headers, "Accept-Encoding": "identity"},
                allow_redirects=False,
            ) as response,
        ):
            await _read(response, answer, limit)


async def _read(response: aiohttp.ClientResponse, answer: Answer, limit: int) -> None:
    answer.status = response.status
    answer.headers = {name.lower(): value for name, value in response.headers.items()}
    async for chunk in response.content.iter_chunked(16 * 1024):
        answer.body += chunk
        if len(answer.body) > limit:
            response.close()
            return
    answer.complete = True


class Lookups:
    """Requests that change nothing. Each has a connection of its own: they are few, and a kept connection that
    the server has just closed would fail a POST for nothing."""

    def __init__(self, base_url: str, timeout: float, take: Callable[[], Awaitable[None]]) -> None:
        """`take` is awaited before each request, so that Sculpteo is asked politely."""
        self.base = URL(base_url.rstrip("/"))
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._take = take
        self._session: aiohttp.ClientSession | None = None

    async def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        limit: int,
    ) -> Answer:
        """The answer, complete or longer than `limit`. A GET follows redirects within the same site.

        Raises aiohttp.ClientError, OSError or TimeoutError when there is none.
        """
        url = URL(f"{self.base}{path}", encoded=True).with_query(query)
        for _ in range(MAX_REDIRECTS):
            answer = await self._ask_once(method, url, headers or {}, limit)
            location = answer.headers.get("location")
            if method != "GET" or answer.status not in (301, 302, 303, 307, 308) or not location:
                return answer
            target = url.join(URL(location))
            if not self._same_site(target):
                return answer
            url = target
        return answer

    async def _ask_once(self, method: str, url: URL, headers: Mapping[str, str], limit: int) -> Answer:
        await self._take()
        answer = Answer()
        async with self._opened().request(method, url, headers=headers, allow_redirects=False) as response:
            await _read(response, answer, limit)
        return answer

    def _same_site(self, url: URL) -> bool:
        if url.scheme not in ("http", "https") or (self.base.scheme == "https" and url.scheme != "https"):
            return False
        return url.host == self.base.host and (url.port == self.base.port or url.is_default_port())

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(force_close=True),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self._timeout,
                trust_env=False,
                headers=HEADERS,
            )
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
