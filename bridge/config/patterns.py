"""SKU patterns: `*` stands for any characters, also none, and `?` for exactly one; all else for itself.

A text with neither is an exact SKU. Of several that fit, the most specific decides: an exact SKU before every
pattern, then more other characters before fewer, then more `?` before fewer. Two patterns that are equally
specific and can fit the same SKU contradict each other; `find_overlaps` finds them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Specificity(NamedTuple):
    """Compares as a tuple: the greater one decides."""

    exact: bool
    literals: int
    singles: int


def is_pattern(text: str) -> bool:
    return "*" in text or "?" in text


def compute_specificity(pattern: str) -> Specificity:
    stars, singles = pattern.count("*"), pattern.count("?")
    return Specificity(not stars and not singles, len(pattern) - stars - singles, singles)


def normalize_pattern(pattern: str) -> str:
    """One spelling for patterns that mean the same: `A**`, and `*?` for `?*`."""

    def sort_run(run: re.Match[str]) -> str:
        return "?" * run[0].count("?") + "*" * ("*" in run[0])

    return re.sub(r"[*?]+", sort_run, pattern)


@lru_cache(maxsize=4096)
def compile_pattern(pattern: str) -> Callable[[str], object]:
    """A function that is true for the texts that fit.

    Runs of wildcards are joined first, and each part between stars is taken at its first place and never given
    back, so that no pattern takes more than linear steps times its parts.
    """
    parts = [
        "".join("." if char == "?" else re.escape(char) for char in part)
        for part in normalize_pattern(pattern).split("*")
    ]
    if len(parts) == 1:
        return re.compile(parts[0], re.DOTALL).fullmatch
    middle = "".join(f"(?:(?=(?P<part{i}>.*?{part}))(?P=part{i}))" for i, part in enumerate(parts[1:-1]))
    return re.compile(f"{parts[0]}{middle}.*{parts[-1]}", re.DOTALL).fullmatch


def is_match(pattern: str, text: str) -> bool:
    return compile_pattern(pattern)(text) is not None


def has_overlap(one: str, other: str) -> bool:
    """Whether some text fits both patterns."""
    columns = len(other) + 1
    # reach[j]: whether what is left of `one` and of other[j:] can fit a common text; filled from the ends
    below = [all(char == "*" for char in other[j:]) for j in range(columns)]
    for i in range(len(one) - 1, -1, -1):
        row = [False] * columns
        row[-1] = one[i] == "*" and below[-1]
        for j in range(columns - 2, -1, -1):
            mine, theirs = one[i], other[j]
            if mine == "*" or theirs == "*":
                row[j] = below[j] if mine == "*" else row[j + 1]
                row[j] = row[j] or (row[j + 1] if mine == "*" else below[j])
            else:
                row[j] = (mine == theirs or "?" in (mine, theirs)) and below[j + 1]
        below = row
    return below[0]


def find_overlaps(patterns: Sequence[tuple[str, T]]) -> Iterator[tuple[T, T]]:
    """The pairs of equally specific, different patterns that can fit the same text, each pair once.

    Patterns can only meet where the text before the first wildcard of one begins that of the other; so they
    are sorted by it, and compared along the branch that they share.
    """
    groups: dict[Specificity, list[tuple[str, str, T]]] = {}
    for pattern, owner in patterns:
        if is_pattern(pattern):
            spelled = normalize_pattern(pattern)
            groups.setdefault(compute_specificity(spelled), []).append(
                (_extract_prefix(spelled), spelled, owner)
            )
    for group in groups.values():
        group.sort(key=lambda entry: entry[:2])
        branch: list[tuple[str, str, T]] = []
        for entry in group:
            while branch and not entry[0].startswith(branch[-1][0]):
                branch.pop()
            for earlier in branch:
                if earlier[1] != entry[1] and has_overlap(earlier[1], entry[1]):
                    yield earlier[2], entry[2]
            branch.append(entry)


def _extract_prefix(pattern: str) -> str:
    return re.split(r"[*?]", pattern, maxsplit=1)[0]
