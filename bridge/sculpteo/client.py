"""Sculpteo as the printer of the bridge, over HTTP.

https://www.sculpteo.com/en/api/store/3D/order/ has no idempotency key, no order list and no cancel call, so
the one thing that matters here is to know, of every order call, whether its request may have left.
"""

from __future__ import annotations

import html
import json
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import quote, quote_plus

import aiohttp

from bridge.config.settings import SculpteoSettings
from bridge.errors import SCULPTEO, SCULPTEO_TRACKING, TryAgain, UnreadableAnswer, Upstream
from bridge.net.ssrf import describe_error
from bridge.order.model import (
    Address,
    Design,
    PlaceResult,
    PrintOrder,
    Quote,
    RawAnswer,
    TrackingReport,
    Verdict,
)
from bridge.ports import Clock
from bridge.sculpteo import tracking
from bridge.sculpteo.address import address_problem
from bridge.sculpteo.http import Answer, Gate, Lookups, send_once
from bridge.sculpteo.order_form import MASK, ORDER_PATH, encode, fields, masked, token_of
from bridge.sculpteo.order_response import (
    MAX_ANSWER,
    Judgement,
    find_candidate,
    is_reference,
    judge,
)
from bridge.sculpteo.quotes import (
    MATERIALS_PATHS,
    PRICE_PATH,
    Material,
    price_query,
    read_materials,
    read_quote,
)
from bridge.sculpteo.tracking_result import Reading

TRACKING_PATH = "/shop/tracking/reference/"
CONNECT_WITHIN = 20.0  # seconds for name resolution, connection and TLS of an order call
PASSING = frozenset({408, 425, 429})  # statuses below 500 that a later call need not meet
MAX_LOOKUP = 512 * 1024  # bytes of a tracking page, price or list of materials that are read
XHR = {"X-Requested-With": "XMLHttpRequest", "Accept": "application/json, text/html;q=0.5"}
PAGE = {"Accept": "text/html, application/json;q=0.5"}
KEPT_HEADERS = frozenset(
    {
        "content-type",
        "content-length",
        "content-encoding",
        "date",
        "server",
        "via",
        "retry-after",
        "x-request-id",
    }
)
"""Headers that are kept as evidence; others, cookies first of all, may hold secrets."""


def tracking_page(base_url: str, reference: str) -> str:
    """Where people see how far Sculpteo is with an order."""
    return f"{base_url}{TRACKING_PATH}{quote(reference, safe='')}"


async def _at_once() -> None:
    """The rate limit of a client that has none."""


class SculpteoPrinter:
    """Implements `bridge.ports.Printer`. Close it, or use it as a context manager."""

    def __init__(
        self, settings: SculpteoSettings, clock: Clock, take: Callable[[], Awaitable[None]] = _at_once
    ) -> None:
        """`take` is awaited before each request and sleeps as long as politeness asks for."""
        self._settings = settings
        self._clock = clock
        self._take = take
        self._timeout = settings.timeout.total_seconds()
        self._lookups = Lookups(settings.base_url, self._timeout, take)

    async def __aenter__(self) -> SculpteoPrinter:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close what look-ups have open."""
        await self._lookups.close()

    # --- ordering ----------------------------------------------------------------------------------------

    def find_address_problem(self, address: Address | None) -> str | None:
        """Why Sculpteo cannot take this address, as the end of a sentence without personal data, or None."""
        return address_problem(address)

    def build_summary(self, order: PrintOrder) -> dict[str, object]:
        """The form as it would be sent, as JSON values without secrets and personal data.

        Raises ValueError where `place_order` would.
        """
        return masked(self._form(order), order)

    def _form(self, order: PrintOrder) -> list[tuple[str, str]]:
        return fields(order, self._settings.login, self._settings.password.get_secret_value())

    async def place_order(
        self, order: PrintOrder, about_to_send: Callable[[], Awaitable[None]]
    ) -> PlaceResult:
        """Order the prints: at most one request, as `bridge.ports.Printer.place` promises.

        A task that is cancelled in here gets its CancelledError at once. If `about_to_send` had returned by
        then, the request may have left: whoever cancels must treat the outcome as unclear, which is what the
        `sent_at` that `about_to_send` made durable says.

        Raises what `about_to_send` raises, and ValueError for items that cannot be written in Sculpteo's form.
        """
        form = self._form(order)
        content_type, body = encode(form, order.invoice)
        await self._take()
        gate, answer = Gate(about_to_send), Answer()
        try:
            await send_once(
                self._settings.base_url.rstrip("/") + ORDER_PATH,
                {"Content-Type": content_type},
                body,
                gate,
                answer,
                connect_within=min(CONNECT_WITHIN, self._timeout),
                answer_within=self._timeout,
                limit=MAX_ANSWER,
            )
        except Exception as error:
            # every error, even one that nobody has thought of: after the gate, only "unclear" is safe
            if gate.refusal is not None:
                raise gate.refusal from None
            if not gate.opened and not isinstance(error, (aiohttp.ClientError, OSError)):
                raise
            if not answer.complete:  # an error after the end of the answer changes nothing
                return self._failed(order, answer, gate.opened, error)
        judgement = judge(answer.status or 0, answer.headers, bytes(answer.body), _echoes(form))
        return self._receipt(order, answer, judgement, None)

    def _failed(
        self, order: PrintOrder, answer: Answer, may_have_left: bool, error: Exception
    ) -> PlaceResult:
        said = describe_error(error)
        if not may_have_left:
            why = f"no connection to Sculpteo ({said}); nothing was sent"
            return self._receipt(order, answer, Judgement(Verdict.NOT_SENT, why), said)
        candidate = find_candidate(answer.text(), _echoes(self._form(order)))
        when = "while it answered" if answer.status is not None else "before it answered"
        why = f"the request was sent, but {said} {when}"
        return self._receipt(order, answer, Judgement(Verdict.UNCLEAR, why, candidate=candidate), said)

    def _receipt(
        self, order: PrintOrder, answer: Answer, judged: Judgement, error: str | None
    ) -> PlaceResult:
        raw = self._raw(answer, error, token_of(order.notification_url))
        return PlaceResult(judged.verdict, raw, judged.why, judged.reference, judged.candidate)

    # --- looking up --------------------------------------------------------------------------------------

    async def track_order(self, reference: str) -> TrackingReport:
        """What Sculpteo says of the order now: by JSON, and by the page where JSON says too little.

        `exists` is True only if the answer speaks of an order. Raises TryAgain when Sculpteo cannot be asked,
        or Unreadable where the answer is about no order at all (a page to sign in, a
        notice): a matter of this one order.
        """
        if not is_reference(reference):
            raw = RawAnswer(self._clock.now(), None, error="not the form of a reference; not asked for")
            return tracking.absent(reference, raw)
        path = TRACKING_PATH + quote(reference, safe="")
        first = await self._ask("POST", path, headers=XHR, upstream=SCULPTEO_TRACKING)
        reading = tracking.read(first.text(), reference) if _fine(first) else Reading()
        if not tracking.wants_page(reading):
            return self._report(reference, reading, first)
        try:
            page = await self._ask("GET", path, headers=PAGE, upstream=SCULPTEO_TRACKING)
            self._usable(page)
        except TryAgain:
            if not reading.tells:
                raise
            return self._report(reference, reading, first)
        if reading.tells:
            second = tracking.read(page.text(), reference) if _fine(page) else Reading()
            first.body += b"\n\n" + page.body
            return self._report(reference, tracking.combine(reading, second), first)
        if not _fine(page):
            return tracking.absent(reference, self._raw(page))
        return self._report(reference, tracking.read(page.text(), reference), page)

    async def tracking_answers(self, reference: str) -> dict[str, RawAnswer]:
        """Both answers of the tracking address as they are, "json" and "page", for a person to look at.

        Each as far as it came; raises nothing for what Sculpteo does.
        """
        answers: dict[str, RawAnswer] = {}
        path = TRACKING_PATH + quote(reference, safe="")
        for name, method, headers in (("json", "POST", XHR), ("page", "GET", PAGE)):
            try:
                answer = await self._lookups.ask(method, path, headers=headers, limit=MAX_LOOKUP)
            except (aiohttp.ClientError, OSError) as error:
                answers[name] = RawAnswer(self._clock.now(), None, error=describe_error(error))
            else:
                answers[name] = self._raw(answer)
        return answers

    def _usable(self, page: Answer) -> None:
        """Of a page's answers, 404 and 410 say something; any other that is not fine does not."""
        if not _fine(page) and page.status not in (404, 410):
            why = f"Sculpteo's tracking page answered HTTP {page.status}"
            raise UnreadableAnswer(why, after=_retry_after_of(page), upstream=SCULPTEO_TRACKING)

    def _report(self, reference: str, reading: Reading, answer: Answer) -> TrackingReport:
        report = tracking.report(reference, reading, self._raw(answer))
        if report is None:
            what = "a page to sign in" if reading.login else "nothing about an order"
            why = f"Sculpteo's tracking page for {reference} shows {what}"
            raise UnreadableAnswer(why, upstream=SCULPTEO_TRACKING)
        return report

    async def fetch_price(self, design: Design, quantity: int, currency: str) -> Quote:
        """The price of `quantity` copies without shipping, or why there is none. Raises TryAgain."""
        query = price_query(design, quantity, currency)
        answer = await self._ask("GET", PRICE_PATH, query=query)
        if answer.status is not None and 400 <= answer.status < 500 and answer.status not in PASSING:
            problem = f"Sculpteo answered HTTP {answer.status}"
            return Quote(None, problem=problem, answer=self._raw(answer))
        if not _fine(answer):
            raise _not_now(answer, f"Sculpteo's price call answered HTTP {answer.status}")
        return read_quote(answer.text(), currency, self._raw(answer))

    async def fetch_materials(self, language: str = "en") -> tuple[Material, ...]:
        """The materials that Sculpteo offers now, in English or French ("en", "fr"). Raises TryAgain."""
        answer = await self._ask("GET", MATERIALS_PATHS[language])
        if not _fine(answer):
            raise _not_now(answer, f"Sculpteo's list of materials answered HTTP {answer.status}")
        return read_materials(answer.text())

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        upstream: Upstream = SCULPTEO,
    ) -> Answer:
        try:
            answer = await self._lookups.ask(method, path, query=query, headers=headers, limit=MAX_LOOKUP)
        except (aiohttp.ClientError, OSError) as error:
            raise TryAgain(f"Sculpteo cannot be asked: {describe_error(error)}", upstream=upstream) from None
        if not answer.complete:
            raise UnreadableAnswer("Sculpteo's answer is too long to be read", upstream=upstream)
        if answer.status == 429 or (method == "GET" and answer.status is not None and answer.status >= 500):
            raise _not_now(answer, f"Sculpteo answered HTTP {answer.status}", upstream)
        return answer

    # --- evidence ----------------------------------------------------------------------------------------

    def _raw(self, answer: Answer, error: str | None = None, token: str = "") -> RawAnswer:
        secrets = [self._settings.password.get_secret_value(), self._settings.login]
        secrets += (
            [token] if len(token) >= 8 else []
        )  # a short one, chosen by hand, would blank half the text
        body = scrub(answer.text()[:MAX_ANSWER], secrets)
        headers = tuple(
            (name, scrub(value, secrets)) for name, value in answer.headers.items() if name in KEPT_HEADERS
        )
        return RawAnswer(self._clock.now(), answer.status, headers, body, error)


def _fine(answer: Answer) -> bool:
    return answer.status is not None and 200 <= answer.status < 300


def _not_now(answer: Answer, why: str, upstream: Upstream = SCULPTEO) -> TryAgain:
    return TryAgain(why, after=_retry_after_of(answer), upstream=upstream)


def _retry_after_of(answer: Answer) -> timedelta | None:
    return retry_after(answer.headers.get("retry-after"))


def retry_after(value: str | None) -> timedelta | None:
    """Retry-After in seconds or as an HTTP date (RFC 9110, 10.2.3), from 0 to one day."""
    if not value:
        return None
    try:
        seconds = float(int(value))
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = (moment - datetime.now(UTC)).total_seconds()
    return timedelta(seconds=min(max(seconds, 0.0), 86400.0))


def _echoes(form: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Every text of our form, and every part of its items: an echo of them is no reference."""
    texts: set[str] = set()
    for name, value in form:
        texts.update((value, *value.split(":")) if name.startswith("item[") else (value,))
        if name == "notification_url":
            texts.add(token_of(value))
        if name == "comment":
            texts.update(value.split())
    return frozenset(texts)


def scrub(text: str, secrets: Iterable[str]) -> str:
    """Mask our own secrets in a text, however a server writes them back."""
    for secret in filter(None, secrets):
        spellings = {
            secret,
            quote(secret),
            quote(secret, safe=""),
            quote_plus(secret),
            html.escape(secret),
            html.escape(secret, quote=False),
            json.dumps(secret)[1:-1],
            json.dumps(secret, ensure_ascii=False)[1:-1],
        }
        for spelling in sorted(spellings, key=len, reverse=True):
            text = text.replace(spelling, MASK)
    return text
