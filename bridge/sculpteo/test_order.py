"""One test order (fake=1), to see what Sculpteo really answers where its page leaves it open.

What comes back can be kept as a sample: a folder of masked answers with what the bridge read out of them,
which the tests read again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bridge.errors import TryAgain
from bridge.order.model import (
    PRODUCED,
    Address,
    Design,
    Parcel,
    PlaceResult,
    PrintItem,
    PrintOrder,
    RawAnswer,
    TrackingReport,
    Verdict,
)
from bridge.sculpteo.address import form_fields
from bridge.sculpteo.client import SculpteoPrinter
from bridge.sculpteo.order_form import MASK
from bridge.sculpteo.status_terms import (
    STATUS_WORDS,
    names,
    plain,
)

COMMENT = "test order of sculpteo-bridge, not to be made"
KEPT_WORDS = names(" ".join(word for words in STATUS_WORDS.values() for word in words)) | names(
    "order status"
)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


@dataclass(frozen=True, slots=True)
class Findings:
    """What one test order showed. Every text in it is masked."""

    form: Mapping[str, object]
    receipt: PlaceResult
    answers: Mapping[str, RawAnswer]  # order, json, page
    report: TrackingReport | None = None
    trouble: str | None = None  # why there is no report


def fake_order(
    design: Design, address: Address, notification_url: str | None, theme: str | None
) -> PrintOrder:
    """One copy of a design, marked fake=1: Sculpteo neither makes nor bills it."""
    item = PrintItem(design, 1, "probe", 1, "probe")
    return PrintOrder((item,), address, notification_url, (COMMENT,), fake=True, theme=theme)


async def probe(printer: SculpteoPrinter, order: PrintOrder) -> Findings:
    """Place `order` and ask for its tracking in both forms.

    Raises ValueError for an order that would not be sent with fake=1, or whose address is impossible.
    """
    form = printer.build_summary(order)
    if not order.fake or form.get("fake") != "1":
        raise ValueError("only an order with fake=1 may be placed to look at answers")
    problem = printer.find_address_problem(order.address)
    if problem:
        raise ValueError(f"Sculpteo cannot take the address: {problem}")

    async def about_to_send() -> None:
        """Nothing to make durable: nothing is bought."""

    receipt = await printer.place_order(order, about_to_send)
    private = [value for name, value in form_fields(order.address) if value and name != "ship_country"]
    found = Findings(form, _masked_receipt(receipt, private), {"order": masked(receipt.answer, private)})
    reference = receipt.reference or receipt.candidate
    if reference is None:
        return found
    answers = await printer.tracking_answers(reference)
    found = replace(found, answers={**found.answers, **{k: masked(v, private) for k, v in answers.items()}})
    try:
        report = await printer.track_order(reference)
    except TryAgain as error:
        return replace(found, trouble=error.why)
    return replace(found, report=replace(report, answer=masked(report.answer, private)))


def _masked_receipt(receipt: PlaceResult, private: Iterable[str]) -> PlaceResult:
    return replace(receipt, answer=masked(receipt.answer, private))


def masked(answer: RawAnswer, private: Iterable[str]) -> RawAnswer:
    """Without the address (its lines, and their longer words) and without e-mail addresses.

    Words that Sculpteo itself uses for a status stay, even if somebody is called so.
    """
    lines = set(private)
    words = {word for line in lines for word in re.split(r"[\s,]+", line) if plain(word) not in KEPT_WORDS}
    body = answer.body
    for text in sorted(lines | words, key=len, reverse=True):
        if len(text) > 3:
            body = re.sub(rf"(?<!\w){re.escape(text)}(?!\w)", MASK, body, flags=re.IGNORECASE)
    return replace(answer, body=_EMAIL.sub(MASK, body))


# --- samples ---------------------------------------------------------------------------------------------


def save(found: Findings, folder: Path) -> list[Path]:
    """Write the findings as a sample that the tests can read again; gives the files.

    Raises FileExistsError when the folder has a sample already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {"form.json": found.form, "read.json": what_was_read(found)}
    files |= {f"{name}.json": _answer(answer) for name, answer in found.answers.items()}
    written = []
    for name, content in files.items():
        path = folder / name
        with path.open("x", encoding="utf-8") as file:
            file.write(json.dumps(content, ensure_ascii=False, indent=2) + "\n")
        written.append(path)
    return written


def _answer(answer: RawAnswer) -> dict[str, object]:
    return {
        "status": answer.status,
        "headers": dict(answer.headers),
        "body": answer.body,
        "error": answer.error,
    }


def what_was_read(found: Findings) -> dict[str, object]:
    """What the bridge made of the answers, as JSON values."""
    receipt, report = found.receipt, found.report
    read: dict[str, object] = {
        "verdict": receipt.verdict.value,
        "reference": receipt.reference,
        "candidate": receipt.candidate,
        "why": receipt.why,
        "trouble": found.trouble,
    }
    if report is not None:
        read["tracking"] = {
            "exists": report.exists,
            "status": report.status.value if report.status else None,
            "words": report.words,
            "parcels": [_parcel(parcel) for parcel in report.parcels],
            "estimated_delivery": str(report.estimated_delivery) if report.estimated_delivery else None,
        }
    return read


def _parcel(parcel: Parcel) -> dict[str, object]:
    shipped = str(parcel.shipped_on) if parcel.shipped_on else None
    return {"number": parcel.number, "carrier": parcel.carrier, "url": parcel.url, "shipped_on": shipped}


def placed(found: Findings) -> bool:
    """Whether Sculpteo took the test order and its tracking could be read."""
    return found.receipt.verdict is Verdict.PLACED and found.report is not None and found.report.exists


def is_real(found: Findings) -> bool:
    """Whether Sculpteo shows the test order as one that it makes, and may bill."""
    report = found.report
    return report is not None and (report.status in PRODUCED or bool(report.parcels))
