"""What Sculpteo's answer to the order call means. Pure.

Documented: success is the order's reference as a plain string; an error is an HTTP status with a blank body.
Everything else is unclear, because nothing documented tells whether the order exists.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bridge.order.model import Verdict
from bridge.sculpteo.status_terms import names

MAX_ANSWER = 64 * 1024
"""Bytes of an answer that are read. A reference has a dozen; more is a page, whatever it says."""

MAYBE_DONE = frozenset({408, 409, 425, 429, 499})
"""Client errors that speak of time, conflict or number rather than of the request: the order may exist."""

_REFERENCE = re.compile(r"[A-Za-z0-9_-]{6,32}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


# What servers say instead of a reference, in English and French.
_ERROR_WORDS = names(
    """accepted access account approved captcha billing blocked cancel cloudflare closed complete confirmed
    connexion created database debug declined default denied disabled duplicate echec empty enabled erreur error
    exceeded exception expired fail failed failure false finished forbid forbidden found gateway html https
    inactive incorrect indisponible internal invalid login locked maintenance mismatch missing module moved
    offline overload paused password payment paiement pending permission please queue quota received redirect
    refuse refused reject required response retry server service session shipped shutdown sorry status stopped
    submitted succes success suspended syntax temporarily termine throttle timedout timeout token traceback
    tryagain unable unauthorized unavailable undefined unexpected unknown utilisateur verified warning welcome
    withheld wrong"""
)
_LABELS = names(
    "address adresse cmd command commande design fake item items method order ordered ref reference test"
)
_SHORT_WORDS = names(
    "bad done fake html http https item json nan non none null ok okay oui test true user void"
)
_KEYS = (
    "reference",
    "order_reference",
    "ref",
    "order",
    "order_id",
    "id",
    "number",
    "data",
    "body",
    "result",
    "value",
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict, one sentence for people, the reference when placed, a candidate when unclear."""

    verdict: Verdict
    why: str
    reference: str | None = None
    candidate: str | None = None


def judge(status: int, headers: Mapping[str, str], body: bytes, sent: Collection[str] = ()) -> Judgement:
    """Judge a complete answer. `sent` are texts of our own form: an echo of them is no reference."""
    text = _text(body)
    if len(body) > MAX_ANSWER:
        return _unclear(f"Sculpteo answered HTTP {status} with far more than a reference", None)
    candidate = find_candidate(text, sent) if text is not None else None
    if _cut_short(headers, body):
        return _unclear(f"Sculpteo's answer (HTTP {status}) was cut short", candidate)
    if 400 <= status < 500:
        if text is not None and not text.strip() and status not in MAYBE_DONE:
            return Judgement(
                Verdict.REFUSED, f"Sculpteo refused the order: HTTP {status} with a blank answer"
            )
        blank = (
            "a blank answer, which may come too late" if not body.strip() else "an answer that is not blank"
        )
        return _unclear(f"Sculpteo answered HTTP {status} with {blank}", candidate)
    if not 200 <= status < 300:
        did = "redirected elsewhere" if 300 <= status < 400 else "answered"
        return _unclear(f"Sculpteo {did} (HTTP {status}) instead of giving a reference", candidate)
    if text is None:
        return _unclear("Sculpteo's answer is not readable text", None)
    if not text.strip():
        return _unclear(f"Sculpteo answered HTTP {status} without a reference", None)
    if plausible(text.strip(), sent):
        return Judgement(Verdict.PLACED, "Sculpteo gave its reference", reference=text.strip())
    return _unclear(
        f"Sculpteo answered HTTP {status} with something that is not a plain reference", candidate
    )


def _unclear(why: str, candidate: str | None) -> Judgement:
    return Judgement(Verdict.UNCLEAR, why, candidate=candidate)


def _text(body: bytes) -> str | None:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _cut_short(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether fewer bytes came than were announced (not told for a compressed body)."""
    named = {name.lower(): value for name, value in headers.items()}
    length = named.get("content-length", "")
    return (
        length.isascii() and length.isdigit() and "content-encoding" not in named and len(body) < int(length)
    )


def plausible(text: str, sent: Collection[str] = ()) -> bool:
    """Whether this text alone can be an order reference.

    References seen have 8 upper-case letters and digits, which is not promised. So: 6 to 32 letters, digits,
    `_` or `-`, with a digit or all in capitals, not a date, not a word of an error, and nothing that we sent.
    """
    if not _REFERENCE.fullmatch(text) or _DATE.fullmatch(text) or text in sent:
        return False
    if not any(char.isdigit() for char in text) and text != text.upper():
        return False
    if text.isalpha() and len(text) != 8:
        return (
            False  # letters alone are taken only in the length that was seen: else they are more likely words
        )
    runs = [run.lower() for run in re.findall(r"[A-Za-z]+", text)]
    joined = "".join(runs)
    if joined in _SHORT_WORDS and len(runs) == 1 and len(joined) > len(text) - len(joined):
        return False
    if joined in _LABELS and joined == text.lower():
        return False
    return not any(word in joined for word in _ERROR_WORDS if len(word) >= 5 or word == joined)


def is_reference(text: str) -> bool:
    """Whether a text has characters that may be asked for at the tracking address."""
    return bool(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text))


def find_candidate(text: str, sent: Collection[str] = ()) -> str | None:
    """Something in an unclear answer that could be the reference: shown to a person, never used by itself."""
    stripped = text.strip().lstrip("\ufeff").strip()
    for unwrapped in (stripped, stripped.strip("\"'` \t\r\n")):
        if plausible(unwrapped, sent):
            return unwrapped
    if stripped[:1] in ("{", "["):
        try:
            return _in_json(json.loads(stripped), sent, 0)
        except (ValueError, RecursionError):
            return None
    match = re.search(r"tracking/reference/([A-Za-z0-9_-]+)", stripped)
    return match.group(1) if match and plausible(match.group(1), sent) else None


def _in_json(value: object, sent: Collection[str], depth: int) -> str | None:
    if isinstance(value, str) and plausible(value.strip(), sent):
        return value.strip()
    if isinstance(value, int) and not isinstance(value, bool) and plausible(str(value), sent):
        return str(value)
    if depth > 5:
        return None
    children: list[object] = []
    if isinstance(value, dict):
        named = {str(key).lower(): child for key, child in value.items()}
        children = [named[key] for key in _KEYS if key in named]
    elif isinstance(value, list):
        children = value[:20]
    return next((found for child in children if (found := _in_json(child, sent, depth + 1))), None)
