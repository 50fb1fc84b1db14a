"""What the merchant's mapping says of a line."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.order.model import (
    Design,
)
from bridge.order.spelling import Near


@dataclass(frozen=True, slots=True)
class Printed:
    """The line is printed: these designs for one unit of it."""

    designs: tuple[Design, ...]


@dataclass(frozen=True, slots=True)
class NotPrinted:
    """The line stays the merchant's own: `rule` names the ignore rule (or why)."""

    rule: str


@dataclass(frozen=True, slots=True)
class Unmapped:
    """No rule fits. With `option` set, a rule fits but has no value for this variant option; with `sold` and
    `live` as well, it is not clear with which value the line was sold: its title then, the variant now. `near` is
    the rule that was probably meant where none fits."""

    option: str | None = None
    value: str | None = None
    sold: str | None = None
    live: str | None = None
    near: Near | None = None


Match = Printed | NotPrinted | Unmapped
