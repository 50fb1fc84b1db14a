"""YAML text -> a tree of the very texts that were written, each with its place.

YAML 1.1's guesses are left out: `NO`, `1e3`, `012345`, `12:30` and `on` stay what they are, and the settings
decide what is a number. Built from PyYAML's events, without recursion and with bounds on size, depth and what
aliases may multiply, so that no file can bring it down.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

from bridge.config.syntax import describe_syntax_error

MAX_BYTES = 2_000_000
MAX_DEPTH = 40
MAX_VALUES = 500_000  # counted after aliases are followed
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_CORE_TAGS = re.compile(r"!|tag:yaml\.org,2002:(str|int|float|bool|null|timestamp|seq|map)")
_MERGE = "<<"
_VARIABLE = re.compile(r"\$\{([^{}\n]*)\}")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


class SourcePosition(NamedTuple):
    """Where something stands in the file; both count from 1."""

    line: int
    column: int


NOWHERE = SourcePosition(0, 0)
START = SourcePosition(1, 1)


@dataclass(slots=True, eq=False)
class Scalar:
    """One text as written. `value` is what it stands for: None for no value, or with its ${VARIABLES} filled.

    `secret` says that something from the environment is in `value`, which therefore is never shown, and `quoted`
    that it is in quotes of its own; `broken` that a fault was told of it already.
    """

    raw: str
    plain: bool
    place: SourcePosition
    value: str | None = None
    secret: bool = False
    quoted: bool = False
    broken: bool = False
    size: int = 1


@dataclass(slots=True, eq=False)
class Sequence:
    place: SourcePosition
    items: list[Node] = field(default_factory=list)
    size: int = 1


@dataclass(slots=True, eq=False)
class Table:
    """A YAML mapping. `keys` are the places of the keys, `repeated` those that were there before."""

    place: SourcePosition
    entries: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, SourcePosition] = field(default_factory=dict)
    size: int = 1


Node = Scalar | Sequence | Table


class Unreadable(Exception):
    """The text is no usable YAML. `remedy` says what to do at `place` (None = the file as a whole)."""

    def __init__(self, what: str, remedy: str, place: SourcePosition | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        self.place = place


@dataclass(frozen=True, slots=True)
class Repeated:
    """A key that is in its mapping twice: the second place, and the first."""

    table: Table
    key: str
    place: SourcePosition
    first: SourcePosition


def decode_text(content: bytes) -> str:
    """The text of the file: UTF-8, with or without a byte-order mark. Raises Unreadable."""
    if len(content) > MAX_BYTES:
        what = f"is larger than {MAX_BYTES // 1_000_000} MB"
        raise Unreadable(what, "split off what does not belong to it", START)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unreadable("is written in UTF-16", "save it as UTF-8", START)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = _compute_position(content[: error.start].decode("utf-8-sig", "replace"), None)
        raise Unreadable("is not written in UTF-8", "save it as UTF-8", place) from None
    odd = _CONTROL.search(text)
    if odd:
        what = f"has the control character U+{ord(odd[0]):04X} in it"
        raise Unreadable(what, "delete it (it may be invisible)", _compute_position(text, odd.start()))
    return text


def _compute_position(text: str, index: int | None) -> SourcePosition:
    before = text if index is None else text[:index]
    lines = re.split(r"\r\n|\r|\n", before)
    return SourcePosition(len(lines), len(lines[-1]) + 1)


def parse_yaml(text: str) -> tuple[Node, list[Repeated]]:
    """The tree of the one document in `text`, and the keys that were repeated. Raises Unreadable."""
    shield = _Shield(text)
    composer = _Composer(shield)
    try:
        for event in yaml.parse(shield.shielded, Loader=yaml.SafeLoader):
            composer.handle_event(event)
    except yaml.MarkedYAMLError as error:
        what, remedy, mark = describe_syntax_error(error, composer.long_quote)
        raise Unreadable(what, remedy, None if mark is None else _convert_mark(mark)) from None
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError):
        raise Unreadable("is not valid YAML", "compare it with config.example.yaml", START) from None
    if composer.root is None:
        raise Unreadable("is empty", "write one with `sculpteo-bridge init`", START)
    return composer.root, composer.repeated


class _Shield:
    """Lets `${VARIABLE}` stand unquoted within { } and [ ], where YAML takes its braces for its own.

    While YAML is parsed, two characters that the text does not have stand in for the braces; places stay as
    they are.
    """

    def __init__(self, text: str) -> None:
        spare = (chr(code) for code in range(0xE000, 0xF8FF) if chr(code) not in text)
        self._open, self._close = next(spare, "{"), next(spare, "}")
        self.shielded = _VARIABLE.sub(lambda found: f"${self._open}{found[1]}{self._close}", text)

    def restore_braces(self, text: str) -> str:
        return text.replace(self._open, "{").replace(self._close, "}")


@dataclass(slots=True)
class _Frame:
    node: Sequence | Table
    anchor: str | None
    key: str | None = None
    key_place: SourcePosition = NOWHERE
    merges: list[tuple[SourcePosition, Node]] = field(default_factory=list)


class _Composer:
    """Takes the events of one document, and puts the tree together."""

    def __init__(self, shield: _Shield) -> None:
        self.root: Node | None = None
        self.repeated: list[Repeated] = []
        self.long_quote: Any = None  # where the last text in quotes over several lines began
        self._shield = shield
        self._stack: list[_Frame] = []
        self._anchors: dict[str, Node] = {}
        self._documents = 0

    def handle_event(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                remedy = "keep one, and delete the line with ---"
                raise Unreadable("holds more than one YAML document", remedy, _convert_mark(event.start_mark))
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self._close_collection()
        elif isinstance(event, yaml.AliasEvent):
            place = _convert_mark(event.start_mark)
            self._add_node(self._resolve_alias(event.anchor or "", place), place)
        elif isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent)):
            self._handle_node(event)

    def _handle_node(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        place = _convert_mark(event.start_mark)
        if event.tag is not None and not _CORE_TAGS.fullmatch(event.tag):
            raise Unreadable("has a YAML tag (!)", "put a text that begins with ! in quotes", place)
        if isinstance(event, yaml.ScalarEvent):
            plain = event.style is None and event.tag is None
            raw = self._shield.restore_braces(event.value)
            if event.style in ("'", '"') and _convert_mark(event.end_mark).line != place.line:
                self.long_quote = event.start_mark
            node = Scalar(raw, plain, place, value=None if plain and raw in _NULLS else raw)
            if event.anchor is not None:
                self._anchors[event.anchor] = node
            self._add_node(node, place)
            return
        if len(self._stack) >= MAX_DEPTH:
            raise Unreadable(
                f"is nested more than {MAX_DEPTH} deep", "compare it with config.example.yaml", place
            )
        self._check_key_position(place)
        container = Table(place) if isinstance(event, yaml.MappingStartEvent) else Sequence(place)
        self._stack.append(_Frame(container, event.anchor))

    def _resolve_alias(self, anchor: str, place: SourcePosition) -> Node:
        if any(frame.anchor == anchor for frame in self._stack):
            raise Unreadable("refers to itself by its alias (*)", "take the alias out", place)
        if anchor not in self._anchors:
            raise Unreadable(
                "has an alias (*) without its anchor (&)", "put a text that begins with * in quotes", place
            )
        return self._anchors[anchor]

    def _check_key_position(self, place: SourcePosition) -> None:
        """A list or mapping must not stand where a key is due."""
        if self._stack and isinstance(self._stack[-1].node, Table) and self._stack[-1].key is None:
            raise Unreadable("has a list or mapping as a key", "put a text with [ ] or { } in quotes", place)

    def _close_collection(self) -> None:
        frame = self._stack.pop()
        if isinstance(frame.node, Table):
            self._merge_tables(frame.node, frame.merges)
        if frame.anchor is not None:
            self._anchors[frame.anchor] = frame.node
        self._add_node(frame.node, frame.node.place)

    def _add_node(self, node: Node, place: SourcePosition) -> None:
        if not self._stack:
            self.root = node
            return
        frame = self._stack[-1]
        if isinstance(frame.node, Sequence):
            frame.node.items.append(node)
        elif frame.key is None:
            frame.key, frame.key_place = self._read_key(node, place), place
            return
        else:
            self._add_entry(frame, frame.node, node, place)
        self._add_size(frame.node, node, place)

    def _read_key(self, node: Node, place: SourcePosition) -> str:
        if not isinstance(node, Scalar):
            raise Unreadable("has a list or mapping as a key", "put a text with [ ] or { } in quotes", place)
        if not node.raw.strip():
            raise Unreadable("has an empty key", "write a key before the colon", place)
        return node.raw

    def _add_entry(self, frame: _Frame, table: Table, node: Node, place: SourcePosition) -> None:
        key, frame.key = frame.key or "", None
        if key == _MERGE:
            frame.merges.append((place, node))
        elif key in table.entries:
            self.repeated.append(Repeated(table, key, frame.key_place, table.keys[key]))
        else:
            table.entries[key] = node
            table.keys[key] = frame.key_place

    def _merge_tables(self, table: Table, merges: list[tuple[SourcePosition, Node]]) -> None:
        """`<<: *other`: what the mapping itself says wins, then the mapping that is named first."""
        for place, node in merges:
            for source in node.items if isinstance(node, Sequence) else [node]:
                if not isinstance(source, Table):
                    raise Unreadable(
                        "merges (<<) something that is no mapping", "merge an alias of a mapping", place
                    )
                for key, value in source.entries.items():
                    if key not in table.entries:
                        table.entries[key] = value
                        table.keys[key] = source.keys[key]

    def _add_size(self, parent: Sequence | Table, child: Node, place: SourcePosition) -> None:
        parent.size += child.size
        if parent.size > MAX_VALUES:
            raise Unreadable(f"comes to more than {MAX_VALUES} values", "use fewer aliases (*)", place)


def _convert_mark(mark: Any) -> SourcePosition:
    """The place of one of PyYAML's marks, which has one for every event that it reads from a text."""
    return SourcePosition(mark.line + 1, mark.column + 1)


def walk_nodes(node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    """Every node with its path: "products[2].unit"."""
    yield path, node
    if isinstance(node, Table):
        for key, child in node.entries.items():
            yield from walk_nodes(child, join_path(path, key))
    elif isinstance(node, Sequence):
        for index, child in enumerate(node.items):
            yield from walk_nodes(child, f"{path}[{index}]")


def join_path(path: str, key: str) -> str:
    """The path of a key: `a.b`, or `a["Express*"]` where the key is more than a plain word."""
    if re.fullmatch(r"[\w-]+", key):
        return f"{path}.{key}" if path else key
    shown = key if len(key) <= 60 else key[:59] + "…"
    escaped = "".join(char if char.isprintable() else "?" for char in shown).replace('"', '\\"')
    return f'{path}["{escaped}"]'


def to_python(node: Node) -> object:
    """The tree as dictionaries, lists, texts and None."""
    if isinstance(node, Table):
        return {key: to_python(child) for key, child in node.entries.items()}
    if isinstance(node, Sequence):
        return [to_python(child) for child in node.items]
    return node.value
