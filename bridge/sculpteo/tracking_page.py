"""Reading the tracking page (HTML), as it was seen and as it may have become. Pure.

Seen: "This order has been cancelled"; elements of class `step_done` and `step_in_progress` whose label is in
an attribute, one row of steps per item of the order, "Queuing" first; `<td title="Estimated Delivery">` and
`<td title="Shipped">` once per item; "Original delivery estimate : Dec. 14, 2015"; a UPS link per parcel.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from html.parser import HTMLParser

from bridge.order.model import Parcel, PrintStatus
from bridge.sculpteo import (
    status_terms,
    tracking_numbers,
)
from bridge.sculpteo.tracking_result import Reading

BLOCKS = status_terms.names("""address article aside blockquote body br button caption dd div dl dt fieldset footer form h1 h2 h3 h4 h5
    h6 header hr label legend li main nav ol option p section select table tbody td tfoot th thead title tr ul
    """)
VOID = status_terms.names("area base br col embed hr img input link meta source track wbr")
HEADINGS = status_terms.names("h1 h2 h3 h4 h5 h6 strong b em p")
NOT_OURS = status_terms.names("a nav button option select footer li td th label")
MAX_NESTING = 200
SILENT = status_terms.names("script style template noscript svg")
LABEL_TAGS = status_terms.names("dt th label")
LABEL_ATTRIBUTES = ("title", "data-title", "data-original-title", "data-label", "label", "aria-label", "alt")

STATUS_CLASSES = status_terms.names(
    "status orderstatus statut statutcommande currentstatus orderstate etatcommande"
)
STATUS_LABELS = frozenset(
    {
        "status",
        "order status",
        "statut",
        "statut de la commande",
        "etat",
        "etat de la commande",
        "current status",
    }
)
ESTIMATE_LABELS = frozenset(
    {
        "estimated delivery",
        "estimated delivery date",
        "original delivery estimate",
        "delivery estimate",
        "livraison estimee",
        "date de livraison estimee",
        "estimation de livraison",
    }
)
SHIPPED_LABELS = frozenset(
    {"shipped", "shipped on", "shipping date", "ship date", "expedie", "expedie le", "date d expedition"}
)
NUMBER_LABELS = frozenset(
    {
        "tracking",
        "tracking number",
        "tracking numbers",
        "tracking no",
        "parcel",
        "parcel number",
        "package",
        "numero de suivi",
        "numeros de suivi",
        "n° de suivi",
        "no de suivi",
        "suivi",
        "colis",
        "numero de colis",
    }
)
_STRAY = re.compile(r"<(?!/?[A-Za-z][^<>]{0,2000}>)")
_SENTENCE = re.compile(
    r"(?:this|your|the) order(?: \w+)? (?:has been|was|is) (?P<en>.+)"
    r"|(?:cette|votre|la) commande(?: \w+)? (?:a ete|est) (?P<fr>.+)"
)
_DENIED = re.compile(
    r"\b(?:not found|does not exist|doesn t exist|no such order|unknown order|no order (?:found|matches)"
    r"|introuvable|n existe pas|aucune commande)\b"
)


@dataclass(slots=True)
class _Open:
    """An element that is still open and whose text is wanted."""

    depth: int
    kind: str
    name: str
    text: list[str] = field(default_factory=list)


class _Page(HTMLParser):
    """Collects what the reader needs; knows nothing of what it means."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.steps: list[tuple[str, bool]] = []
        self.taken: list[tuple[str, str, str]] = []  # kind, name, text of elements that were asked for
        self.blocks: list[tuple[str, frozenset[str]]] = []  # text, with the tags that it stood in
        self.links: list[str] = []
        self.password = False
        self._open: list[_Open] = []
        self._stack: list[str] = []
        self._buffer: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in BLOCKS:
            self._flush()
        if tag in ("td", "th", "tr", "li", "dd", "dt"):
            self._end_implied(tag)
        attributes = {key: value or "" for key, value in attrs}
        if tag == "a" and attributes.get("href"):
            self.links.append(attributes["href"])
        if tag == "input" and attributes.get("type", "").lower() == "password":
            self.password = True
        if tag not in VOID and len(self._stack) < MAX_NESTING:
            self._stack.append(tag)
            self._want(tag, attributes)
        self._note_step(tag, attributes)

    def _want(self, tag: str, attributes: dict[str, str]) -> None:
        """Remember to take the element's text when it ends."""
        names = f"{attributes.get('class', '')} {attributes.get('id', '')}".lower().split()
        classes = {re.sub(r"[^a-z]", "", name) for name in names}
        depth = len(self._stack)
        if classes & STATUS_CLASSES:
            self._open.append(_Open(depth, "status", ""))
        if any("tracking" in name or "suivi" in name for name in classes):
            self._open.append(_Open(depth, "number", ""))
        if tag == "td" and attributes.get("title"):
            self._open.append(_Open(depth, "cell", attributes["title"]))

    def _note_step(self, tag: str, attributes: dict[str, str]) -> None:
        classes = attributes.get("class", "").split()
        if "step_done" not in classes and "step_in_progress" not in classes:
            return
        done = "step_in_progress" not in classes
        label = next((attributes[name] for name in LABEL_ATTRIBUTES if attributes.get(name, "").strip()), "")
        self.steps.append((" ".join(label.split()), done))
        if not label and tag not in VOID:  # then its text says what it is
            self._open.append(_Open(len(self._stack), "step", str(len(self.steps) - 1)))

    def handle_endtag(self, tag: str) -> None:
        if tag in BLOCKS:
            self._flush()
        if tag in self._stack:
            while self._stack.pop() != tag:
                pass
            self._close()

    def handle_data(self, data: str) -> None:
        if SILENT.isdisjoint(self._stack):
            self._buffer.append(data)
            for element in self._open[-20:]:
                element.text.append(data)

    def close(self) -> None:
        super().close()
        self._flush()
        self._stack.clear()
        self._close()

    def _flush(self) -> None:
        text = " ".join("".join(self._buffer).split())
        if text:
            self.blocks.append((text, frozenset(self._stack)))
        self._buffer.clear()

    def _end_implied(self, tag: str) -> None:
        """A new cell ends the cell before it, a new row the row, whose end tags may be left out."""
        ends = {"td": ("td", "th"), "th": ("td", "th"), "dd": ("dd", "dt"), "dt": ("dd", "dt")}.get(
            tag, (tag,)
        )
        for index in range(len(self._stack) - 1, -1, -1):
            if self._stack[index] in ends:
                del self._stack[index:]
                self._close()
                return
            if self._stack[index] in ("table", "ul", "ol", "dl") or (
                tag != "tr" and self._stack[index] == "tr"
            ):
                return

    def _close(self) -> None:
        """Take the elements that are open no more."""
        while self._open and self._open[-1].depth > len(self._stack):
            self._take(self._open.pop())

    def _take(self, element: _Open) -> None:
        text = " ".join("".join(element.text).split())
        if element.kind == "step":
            index = int(element.name)
            self.steps[index] = (text[:100], self.steps[index][1])
        elif text:
            self.taken.append((element.kind, element.name, text))


def read_page(html: str, reference: str) -> Reading:
    """What the tracking page says of the order `reference`. Never raises, whatever the text is."""
    page = _Page()
    page.feed(_tamed(html))
    page.close()
    reading = _status(page, Reading())
    shipped = _dates(page, SHIPPED_LABELS)
    found = tracking_numbers.merge(_parcels(page), reference)
    if len(shipped) == 1:
        found = tuple(replace(parcel, shipped_on=parcel.shipped_on or min(shipped)) for parcel in found)
    text = "\n".join(text for text, _ in page.blocks)
    return replace(
        reading,
        parcels=found,
        estimated_delivery=max(_dates(page, ESTIMATE_LABELS), default=None),
        denied=bool(_DENIED.search(status_terms.plain(text))),
        login=page.password,
        heading=_heading(page),
        mentions=reference.casefold() in text.casefold(),
    )


def _tamed(html: str) -> str:
    """Without comments, and with every `<` that begins no ordinary tag as text.

    On such input the parser of the standard library may need time by the square of its length, or fail.
    """
    kept: list[str] = []
    end = 0
    while (start := html.find("<!--", end)) >= 0:
        kept.append(html[end:start])
        closed = html.find("-->", start)
        end = len(html) if closed < 0 else closed + 3
    return _STRAY.sub("&lt;", "".join(kept) + html[end:])


def _heading(page: _Page) -> str | None:
    for tag in ("h1", "h2", "title"):
        for text, within in page.blocks:
            if tag in within:
                return text[:120]
    return None


# --- status ----------------------------------------------------------------------------------------------


def _status(page: _Page, reading: Reading) -> Reading:
    statuses, steps = list[PrintStatus](), list[PrintStatus]()
    said, labels, unknown = list[str](), list[str](), list[str]()
    for text, sure in _status_texts(page):
        status = status_terms.status_of(text) or status_terms.step_status(text, done=False)
        if status is not None:
            statuses.append(status)
            said.append(text)
        elif sure:
            unknown.append(text[:100])
    for label, done in _last_steps(page.steps):
        status = status_terms.step_status(label, done=done)
        if status is not None:
            steps.append(status)
            labels.append(label)
        elif label:
            unknown.append(label)
    if not (statuses or steps or unknown or page.password):  # a page to sign in is about no order
        alone = dict(_standing_alone(page))
        if len(alone) == 1:
            statuses, said = list(alone), list(alone.values())
    return replace(
        reading,
        statuses=tuple(statuses),
        said=tuple(said),
        steps=tuple(steps),
        labels=tuple(labels),
        unknown=tuple(unknown),
    )


def _status_texts(page: _Page) -> Iterator[tuple[str, bool]]:
    """Texts in a status's place; with True where an unknown word there must be shown to a person."""
    for kind, name, text in page.taken:
        if kind == "status":
            label, _, value = text.rpartition(":")
            yield (value.strip() if status_terms.plain(label) in STATUS_LABELS else text), len(text) <= 60
        elif kind == "cell" and status_terms.plain(name) in STATUS_LABELS:
            yield text, True
    for label, value, same_block in _labelled(page):
        if label in STATUS_LABELS:
            yield value, same_block and len(value) <= 60
    for text, within in page.blocks:
        for sentence in re.split(r"(?<=[.!?])\s", text):
            match = _SENTENCE.fullmatch(status_terms.plain(sentence)) if len(sentence) < 200 else None
            if match and not within & {"a", "li", "footer", "nav"}:
                yield _sentence_word(match["en"] or match["fr"]), False


def _sentence_word(rest: str) -> str:
    """ "cancelled by our team" -> "cancelled": a cancellation counts whatever follows it."""
    first = rest.split()[0]
    return first if status_terms.status_of(first) is PrintStatus.CANCELLED else rest


def _last_steps(steps: Iterable[tuple[str, bool]]) -> Iterator[tuple[str, bool]]:
    """The last done or current step of each row; a label that comes again begins the next item's row."""
    row: dict[str, bool] = {}
    for label, done in steps:
        if label in row:
            yield list(row.items())[-1]
            row = {}
        row[label] = done
    if row:
        yield list(row.items())[-1]


def _standing_alone(page: _Page) -> Iterator[tuple[PrintStatus, str]]:
    """A heading or paragraph that is nothing but a status, not one of a menu, list or table head."""
    for text, within in page.blocks:
        status = status_terms.status_of(text)
        if status and within & HEADINGS and not within & NOT_OURS:
            yield status, text


# --- labels, dates, parcels ------------------------------------------------------------------------------


def _labelled(page: _Page) -> Iterator[tuple[str, str, bool]]:
    """(label, value, True) for "Label: value", and (label, value, False) for the block behind a `<dt>`, `<th>`
    or `<label>`."""
    previous = ""
    for text, within in page.blocks:
        label, colon, value = text.partition(":")
        if colon and value.strip():
            yield status_terms.plain(label), value.strip(), True
        elif previous:
            yield previous, text, False
        previous = status_terms.plain(text) if within & LABEL_TAGS and len(text) < 60 else ""


def _dates(page: _Page, labels: frozenset[str]) -> set[date]:
    texts = [text for kind, name, text in page.taken if kind == "cell" and status_terms.plain(name) in labels]
    texts += [value for label, value, _ in _labelled(page) if label in labels]
    return {day for text in texts if (day := status_terms.date_in(text)) is not None}


def _parcels(page: _Page) -> Iterator[Parcel]:
    for link in page.links:
        yield from tracking_numbers.link_parcels(link)
    for kind, name, text in page.taken:
        if kind == "number" or (kind == "cell" and status_terms.plain(name) in NUMBER_LABELS):
            yield from (Parcel(number) for number in tracking_numbers.numbers_in(text))
    for label, value, same_block in _labelled(page):
        if label in NUMBER_LABELS and (same_block or "num" in label):
            yield from (Parcel(number) for number in tracking_numbers.numbers_in(value))
