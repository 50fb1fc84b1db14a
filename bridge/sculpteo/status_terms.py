"""Sculpteo's words for a status and its dates, in English and French. Pure.

Two vocabularies exist: the seven documented statuses, and the steps of production that the tracking page
shows. Only whole words that are known are taken; anything else is left for a person to read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from datetime import date

from bridge.order.model import PrintStatus

STATUS_WORDS: dict[PrintStatus, tuple[str, ...]] = {
    PrintStatus.BILLED: ("billed", "facture", "facturee"),
    PrintStatus.NEW: ("new", "nouveau", "nouvelle"),
    PrintStatus.IN_PROCESS: (
        "in process",
        "inprocess",
        "in progress",
        "in production",
        "processing",
        "being produced",
        "en cours",
        "en cours de traitement",
        "en cours de production",
        "en cours de fabrication",
        "en traitement",
        "en production",
        "en fabrication",
    ),
    PrintStatus.SHIPPED: ("shipped", "expedie", "expediee", "envoye", "envoyee"),
    PrintStatus.BLOCKED: ("blocked", "bloque", "bloquee"),
    PrintStatus.CANCELLED: ("cancelled", "canceled", "annule", "annulee"),
    PrintStatus.API_TEST: ("api test", "apitest", "test api"),
}

QUEUE_STEPS = (
    "queuing",
    "queueing",
    "queued",
    "queue",
    "in queue",
    "en attente",
    "file d attente",
    "en file d attente",
    "mise en file d attente",
)
WORK_STEPS = (
    "printing",
    "3d printing",
    "production",
    "manufacturing",
    "cleaning",
    "polishing",
    "dyeing",
    "finishing",
    "post processing",
    "quality control",
    "packaging",
    "packing",
    "impression",
    "impression 3d",
    "fabrication",
    "nettoyage",
    "polissage",
    "teinture",
    "finition",
    "finitions",
    "controle qualite",
    "emballage",
)
SENDING_STEPS = ("shipping", "shipment", "expedition", "envoi")

ADVANCE = (PrintStatus.BILLED, PrintStatus.NEW, PrintStatus.IN_PROCESS, PrintStatus.SHIPPED)
"""The statuses that follow one another; the other three stand aside."""

ENVELOPE = frozenset({"ok", "success", "successful", "true", "false", "error", "fail", "failed", "failure"})
"""Words that a JSON envelope says of the request itself, not of the order."""


def names(text: str) -> frozenset[str]:
    """The words of a list that is written as one text."""
    return frozenset(text.split())


def plain(text: str) -> str:
    """Lower case without accents; any run of spaces (NBSP too), hyphens or underscores is one space."""
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(char for char in decomposed if not unicodedata.combining(char)).casefold()
    bare = bare.replace("(e)", "")  # French forms write "expédié(e)"
    return re.sub(r"[\s_\-'’.,:;!\u200b\ufeff]+", " ", bare).strip()


_STATUS = {word: status for status, words in STATUS_WORDS.items() for word in words}


def status_of(text: str) -> PrintStatus | None:
    """The documented status that this text names, or None when it is not exactly one of them."""
    return _STATUS.get(plain(text))


def step_status(label: str, *, done: bool) -> PrintStatus | None:
    """The status that a production step stands for; `done` = the step is finished, not under way.

    A step of sending under way is still In Process: the parcel has not left.
    """
    word = plain(label)
    if word in QUEUE_STEPS:
        return PrintStatus.NEW
    if word in WORK_STEPS:
        return PrintStatus.IN_PROCESS
    if word in SENDING_STEPS:
        return PrintStatus.SHIPPED if done else PrintStatus.IN_PROCESS
    return _STATUS.get(word)


def least_advanced(statuses: Iterable[PrintStatus], steps: Iterable[PrintStatus] = ()) -> PrintStatus | None:
    """One status out of all that an answer says; None when it contradicts itself in a way that matters.

    `statuses` are told of the order, `steps` follow from its production steps. Of statuses that follow one
    another, the earliest counts. An order that is blocked, cancelled or a test still shows the steps it
    reached, but nothing that is Shipped is one of these at the same time.
    """
    told, made = set(statuses), set(steps)
    if not told <= set(ADVANCE):
        return told.pop() if len(told) == 1 and PrintStatus.SHIPPED not in made else None
    both = told | made
    if len(both) == 1:
        return both.pop()
    return min(both, key=ADVANCE.index) if both and both <= set(ADVANCE) else None


_MONTHS = {
    month: number
    for number, names in enumerate(
        (
            ("jan", "january", "janv", "janvier"),
            ("feb", "february", "fev", "fevr", "fevrier"),
            ("mar", "march", "mars"),
            ("apr", "april", "avr", "avril"),
            ("may", "mai"),
            ("jun", "june", "juin"),
            ("jul", "july", "juil", "juillet"),
            ("aug", "august", "aout"),
            ("sep", "sept", "september", "septembre"),
            ("oct", "october", "octobre"),
            ("nov", "november", "novembre"),
            ("dec", "december", "decembre"),
        ),
        start=1,
    )
    for month in names
}
_ISO = re.compile(r"(?<!\d)(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")
_SLASHED = re.compile(r"(?<!\d)(\d{1,2})[/.](\d{1,2})[/.](\d{4})(?!\d)")
_DAY_FIRST = re.compile(r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|er)? (?:of )?([a-z]+) (\d{4})(?!\d)")
_MONTH_FIRST = re.compile(r"([a-z]+) (\d{1,2})(?:st|nd|rd|th)? (\d{4})(?!\d)")


def date_in(text: str) -> date | None:
    """The one date that this text holds: "2026-03-09", "Dec. 8, 2015", "8 décembre 2015", "25/12/2026".

    With slashes, day and month must be certain: "03/04/2026" is None. Two different dates are None as well.
    """
    text = text[:200]
    found = {_date(year, month, day) for year, month, day in _ISO.findall(text)}
    found |= {_slashed(first, second, year) for first, second, year in _SLASHED.findall(text)}
    words = plain(text)
    found |= {_date(year, _MONTHS.get(month), day) for day, month, year in _DAY_FIRST.findall(words)}
    found |= {_date(year, _MONTHS.get(month), day) for month, day, year in _MONTH_FIRST.findall(words)}
    dates = found - {None}
    return dates.pop() if len(dates) == 1 else None


def _date(year: str, month: str | int | None, day: str) -> date | None:
    with suppress(ValueError):
        return date(int(year), int(month or 0), int(day))
    return None


def _slashed(first: str, second: str, year: str) -> date | None:
    day_first, month_first = _date(year, second, first), _date(year, first, second)
    if day_first and month_first and day_first != month_first:
        return None
    return day_first or month_first
