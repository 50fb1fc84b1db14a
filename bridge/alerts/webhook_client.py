"""One signed request to another system, as the Standard Webhooks specification has it.

`webhook-signature` is `v1,` and the base64 of HMAC-SHA256 over `{id}.{timestamp}.{body}`, so that a receiver
can prove who sent it, and refuse what is old or comes again. https://www.standardwebhooks.com
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

import aiohttp

from bridge.config.alert_settings import Webhook
from bridge.net.ssrf import (
    SsrfSafeSession,
    allow_any,
    describe_error,
    is_public,
)

WITHIN = aiohttp.ClientTimeout(total=15, connect=5)
LONGEST_WAIT = timedelta(hours=6)  # that a receiver may ask for


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request. `why` None = it was taken. `ours` = the receiver refuses this very message,
    and may well take others. `after` = how long it asked to be left alone."""

    why: str | None = None
    ours: bool = False
    after: timedelta | None = None


def decode_secret(secret: str) -> bytes:
    """The key of a secret: `whsec_` and base64, as the libraries of Standard Webhooks make them, or any text."""
    if secret.startswith("whsec_"):
        try:
            return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except ValueError:
            pass
    return secret.encode()


def sign_body(secret: str, id: str, timestamp: int, body: bytes) -> str:
    signed = f"{id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(decode_secret(secret), signed, hashlib.sha256)).decode()


def build_headers(secret: str, id: str, at: datetime, body: bytes) -> dict[str, str]:
    timestamp = int(at.timestamp())
    return {
        "Content-Type": "application/json",
        "User-Agent": "sculpteo-bridge",
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign_body(secret, id, timestamp, body),
    }


async def send_webhook(hook: Webhook, id: str, body: str, at: datetime) -> Answer:
    """Send it once. Redirects are not followed: they could lead anywhere."""
    raw = body.encode()
    signed = build_headers(hook.secret.get_secret_value(), id, at, raw)
    guard = SsrfSafeSession(allow_any if hook.allow_private_addresses else is_public)
    try:
        async with (
            guard,
            guard.session.post(
                hook.url, data=raw, headers=signed, allow_redirects=False, timeout=WITHIN
            ) as answer,
        ):
            return _parse_answer(answer)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        if guard.refused:
            remedy = "set `allow_private_addresses: true` if it is your own server"
            return Answer(f"its address is not public; {remedy}")
        return Answer(f"it cannot be reached ({describe_error(error)})")


def _parse_answer(answer: aiohttp.ClientResponse) -> Answer:
    status = answer.status
    if 200 <= status < 300:
        return Answer()
    why = f"it answered HTTP {status}"
    if 300 <= status < 400:
        return Answer(f"{why}, a redirect; write the address that it leads to")
    asked = answer.headers.get("Retry-After", "")
    after = min(timedelta(seconds=int(asked)), LONGEST_WAIT) if asked.isascii() and asked.isdigit() else None
    return Answer(why, ours=status in {400, 409, 413, 422}, after=after)
