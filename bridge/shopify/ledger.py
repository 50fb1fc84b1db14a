"""The ledger on the Shopify order: one JSON value in a metafield that only this app can see and write.

It is what keeps a second database from buying the prints again, so a value that is not understood is never
taken for "nothing there".
"""

from __future__ import annotations

import json

from bridge.order.model import Ledger, LedgerEntry, Mode, Money
from bridge.shopify.tame import Unexpected, Value

VERSION = 1
STATES = frozenset({"intent", "placed", "void"})
LONGEST_RAW = 2_000


def key_for(mode: Mode | str) -> str:
    """The metafield's key. What is bought for real and what is tried out must never meet."""
    return "print" if mode == Mode.LIVE else "print_test"


def write(entry: LedgerEntry) -> str:
    """The metafield's value for an entry."""
    return json.dumps(
        {
            "v": VERSION,
            "state": entry.state,
            "attempt": entry.attempt,
            "reference": entry.reference,
            "mode": entry.mode,
            "at": entry.at.isoformat(),
            "mapping": entry.mapping_version,
            "token": entry.token,
            "cost": entry.cost and {"amount": str(entry.cost.amount), "currency": entry.cost.currency},
        },
        sort_keys=True,
    )


def read(metafield: Value) -> Ledger:
    """The ledger from the order's metafield; null means that there is no entry. Raises Unexpected."""
    if not metafield:
        return Ledger()
    digest, value = metafield["compareDigest"].text(), metafield["value"].text()
    try:
        return Ledger(_entry(Value(json.loads(value))), digest)
    except (ValueError, RecursionError, Unexpected):
        return Ledger(None, digest, value[:LONGEST_RAW] or "(empty)")


def _entry(body: Value) -> LedgerEntry:
    entry = LedgerEntry(
        attempt=body["attempt"].text(),
        token=body["token"].text(),
        state=body["state"].text(),
        mode=Mode(body["mode"].text()),
        mapping_version=body["mapping"].text(),
        at=body["at"].moment(),
        reference=body["reference"].text_or_none(),
        cost=_cost(body["cost"]),
    )
    if body["v"].integer() != VERSION or entry.state not in STATES:
        raise Unexpected("it is of another version")
    if entry.state == "placed" and entry.reference is None:
        raise Unexpected("it is placed, but has no reference")
    return entry


def _cost(body: Value) -> Money | None:
    """Entries of earlier versions have none; nothing but the day's limit is weighed by it."""
    return Money(body["amount"].decimal(), body["currency"].text()) if body else None
