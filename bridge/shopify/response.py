"""An HTTP answer of the Admin API, judged: the data, or the reaction that it asks for. Pure.

https://shopify.dev/docs/api/usage/response-codes
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from bridge.errors import CircuitOpen, NeedsPerson, TryAgain, Upstream
from bridge.shopify.http import LONGEST_SAYING, Answer
from bridge.shopify.json_value import (
    Value,
    clean,
)
from bridge.shopify.throttle import UNTOLD, wait_after_throttling


class AccessDenied(NeedsPerson):
    """The app lacks a permission, and nothing else is wrong; nothing was changed."""


class TokenRefused(NeedsPerson):
    """Shopify does not take the access token; nothing was changed."""


class Throttled(CircuitOpen):
    """Shopify did not run the request, since the budget is used up. `cost` is what it says of the budget."""

    def __init__(self, why: str, *, after: timedelta, upstream: Upstream, cost: Value | None = None) -> None:
        super().__init__(why, after=after, upstream=upstream)
        self.seconds = after.total_seconds()
        self.cost = cost or Value(None)


@dataclass(frozen=True, slots=True)
class Reply:
    """The data of an answer. `denied` names the optional fields that the app may not read: they are null."""

    data: Value
    cost: Value
    request_id: str
    denied: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class UserError:
    """What a mutation says against its input; nothing was changed."""

    message: str
    code: str | None
    field: str


SHUT = {
    402: "the shop is frozen until its Shopify bill is paid",
    403: "it forbids this; the app may be uninstalled, or lack a permission",
    404: "there is no such shop; is `domain` right",
    423: "the shop is locked; Shopify's support knows why",
}
_DENIED_FIELD = re.compile(r"Access denied for (\w+) field")
PERMANENT = frozenset({"MAX_COST_EXCEEDED", "INVALID_VARIABLE", "BAD_REQUEST", "GRAPHQL_VALIDATION_FAILED"})
SECURITY_REJECTION_PAUSE = timedelta(minutes=10)


def judge(answer: Answer, *, upstream: Upstream, name: str, optional: frozenset[str] = frozenset()) -> Reply:
    """The data of an answer to document `name`.

    `optional` names fields that may be null for want of a permission. Raises Throttled, TokenRefused,
    AccessDenied, TryAgain (also where the request may have been run) or NeedsPerson("shop_access" or
    "internal"); each with Shopify's request id in its text.
    """
    if answer.status != 200:
        raise _by_status(answer, upstream)
    try:
        body = Value(answer.json())
    except ValueError:
        raise TryAgain(f"Shopify's answer is not JSON ({answer.describe()})", upstream=upstream) from None
    if not isinstance(body.raw, dict):
        raise TryAgain(f"Shopify's answer is not an object ({answer.describe()})", upstream=upstream)
    cost = body["extensions"]["cost"]
    denied: set[str] = set()
    for error in _errors(body["errors"]):
        if error.code == "ACCESS_DENIED" and error.last in optional:
            denied.add(error.last)
            continue
        raise _by_error(error, cost, answer, upstream, name)
    if not isinstance(body["data"].raw, dict):
        raise TryAgain(f"Shopify's answer has no data ({answer.describe()})", upstream=upstream)
    return Reply(body["data"], cost, answer.request_id, frozenset(denied))


def user_errors(payload: Value) -> list[UserError]:
    """The `userErrors` of a mutation's payload. Raises Unexpected."""
    return [
        UserError(
            message=error["message"].text()[:LONGEST_SAYING],
            code=error["code"].text_or_none(),
            field=".".join(part.text() for part in error["field"].each()),
        )
        for error in payload["userErrors"].each()
    ]


def _by_status(answer: Answer, upstream: Upstream) -> TryAgain | NeedsPerson:
    said = answer.sayings()
    place = f"HTTP {answer.status}, request id {answer.request_id}" + (f": {said}" if said else "")
    if answer.status == 401:
        return TokenRefused("shop_access", why=f"it refuses the access token ({place})")
    if answer.status == 429:
        after = answer.retry_after or timedelta(seconds=UNTOLD)
        return Throttled(f"Shopify asks to slow down ({place})", after=after, upstream=upstream)
    if answer.status == 430:
        after = answer.retry_after or SECURITY_REJECTION_PAUSE
        return TryAgain(
            f"Shopify's security check stopped the request ({place})", after=after, upstream=upstream
        )
    if answer.status in SHUT:
        return NeedsPerson("shop_access", why=f"{SHUT[answer.status]} ({place})")
    if 300 <= answer.status < 400:
        why = f"it answers from another address; is `domain` still right ({answer.describe()})"
        return NeedsPerson("shop_access", why=why)
    if answer.status >= 500 or answer.status == 408:
        why = f"Shopify is in trouble ({answer.describe()})"
        return TryAgain(why, after=answer.retry_after, upstream=upstream)
    return NeedsPerson("shop_access", why=f"it refuses the request ({place})")


@dataclass(frozen=True, slots=True)
class _Error:
    message: str
    code: str
    last: str  # the last field of its path


def _errors(errors: Value) -> Iterator[_Error]:
    """The errors of an answer in any shape: a list of objects, now and then a bare text. Throttling first."""
    raw = errors.raw
    if raw is None:
        return
    entries = [Value(entry) for entry in raw] if isinstance(raw, list) else [errors]
    found = [_error(entry) for entry in entries]
    yield from sorted(found, key=lambda error: error.code != "THROTTLED")


def _error(entry: Value) -> _Error:
    message = entry["message"].raw if isinstance(entry.raw, dict) else entry.raw
    code = entry["extensions"]["code"].raw
    path = entry["path"].raw
    names = [part for part in path if isinstance(part, str)] if isinstance(path, list) else []
    said = clean(" ".join(str(message).split()))[:LONGEST_SAYING]
    named = _DENIED_FIELD.match(said)
    return _Error(
        message=said,
        code=code if isinstance(code, str) else "",
        last=names[-1] if names else named[1] if named else "",
    )


def _by_error(
    error: _Error, cost: Value, answer: Answer, upstream: Upstream, name: str
) -> TryAgain | NeedsPerson:
    place = f"{name}, request id {answer.request_id}"
    if error.code == "THROTTLED":
        after = timedelta(seconds=wait_after_throttling(cost))
        why = f"Shopify's query budget is used up ({place})"
        return Throttled(why, after=after, upstream=upstream, cost=cost)
    why = f"{error.message} ({place})"
    if error.code == "ACCESS_DENIED":
        return AccessDenied("shop_access", why=why)
    if error.code == "SHOP_INACTIVE":
        return NeedsPerson("shop_access", why=f"the shop is closed ({place})")
    if error.code in PERMANENT or (error.code and not error.code.isupper()):
        return NeedsPerson("internal", why=f"Shopify does not understand the bridge: {why}")
    return TryAgain(f"Shopify failed: {why}", after=answer.retry_after, upstream=upstream)
