"""The ledger on the Shopify order: one JSON value in a metafield that only this app can see and write.

It is what keeps a second database from buying the prints again, so a value that is not understood is never
taken for "nothing there".

Version 1 is what every release of the bridge reads. Version 2 is the same with a person's decision that the
order must not be bought: a release that does not know of it must not take the note for "nothing bought".
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from bridge.order.model import Choice, Decision, Ledger, LedgerEntry, Mode, Money
from bridge.shopify.json_value import (
    Unexpected,
    Value,
)

PLAIN, FORBIDDING = 1, 2
VERSIONS = frozenset({PLAIN, FORBIDDING})
STATES = frozenset({"intent", "placed", "void"})
LONGEST_RAW = 2_000


def key_for(mode: Mode | str) -> str:
    """The metafield's key. What is bought for real and what is tried out must never meet."""
    return "print" if mode == Mode.LIVE else "print_test"


def write(entry: LedgerEntry) -> str:
    """The metafield's value for an entry."""
    decision = entry.decision
    body: dict[str, Any] = {
        "v": FORBIDDING if decision and decision.is_forbidding else PLAIN,
        "state": entry.state,
        "attempt": entry.attempt,
        "reference": entry.reference,
        "mode": entry.mode,
        "at": entry.at.isoformat(),
        "mapping": entry.mapping_version,
        "token": entry.token,
        "cost": entry.cost and {"amount": str(entry.cost.amount), "currency": entry.cost.currency},
    }
    if decision is not None:
        body["decision"] = {"choice": decision.choice, "who": decision.who, "at": decision.at.isoformat()}
    return json.dumps(body, sort_keys=True)


def read(metafield: Value) -> Ledger:
    """The ledger from the order's metafield; null means that there is no entry. Raises Unexpected."""
    if not metafield:
        return Ledger()
    digest, value = metafield["compareDigest"].text(), metafield["value"].text()
    try:
        return Ledger(_entry(Value(json.loads(value))), digest)
    except (ValueError, RecursionError):
        why = "it is not JSON"
    except Unexpected as error:
        why = str(error)
    return Ledger(None, digest, value[:LONGEST_RAW] or "(empty)", why)


def _entry(body: Value) -> LedgerEntry:
    version = body["v"].integer()
    if version not in VERSIONS:
        raise Unexpected(f"it is of version {version}, and this release reads versions up to {FORBIDDING}")
    entry = LedgerEntry(
        attempt=body["attempt"].text(),
        token=body["token"].text(),
        state=body["state"].text(),
        mode=_mode(body["mode"].text()),
        mapping_version=body["mapping"].text(),
        at=body["at"].moment(),
        reference=body["reference"].text_or_none(),
        cost=_cost(body["cost"]),
        decision=_decision(body["decision"]),
    )
    if entry.state not in STATES:
        raise Unexpected("its state is unknown")
    if entry.state == "placed" and entry.reference is None:
        raise Unexpected("it is placed, but has no reference")
    if (version == FORBIDDING) is not (entry.decision is not None and entry.decision.is_forbidding):
        raise Unexpected("its version and its decision do not fit")
    return entry


def _mode(text: str) -> Mode:
    try:
        return Mode(text)
    except ValueError:
        raise Unexpected("its mode is unknown") from None


def _cost(body: Value) -> Money | None:
    """Entries of earlier versions have none; nothing but the day's limit is weighed by it."""
    return Money(body["amount"].decimal(), body["currency"].text()) if body else None


def _decision(body: Value) -> Decision | None:
    """Entries of earlier versions have none."""
    if not body:
        return None
    choice = body["choice"].text()
    if choice not in set(Choice):
        raise Unexpected("its decision is unknown")
    who: str = body["who"].text()
    at: datetime = body["at"].moment()
    return Decision(Choice(choice), who, at)
