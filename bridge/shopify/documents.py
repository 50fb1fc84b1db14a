"""The GraphQL documents that the bridge sends, one operation per file of `queries/`.

A document may spread a fragment of `queries/fragments/`, found by its name: `...TaxLine` is `tax_line.graphql`.
The tests validate every document against the schema of `API_VERSION`.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

API_VERSION = "2026-10"
"""The Admin API version that the documents are written for; Shopify serves it until 2027-10-01.

https://shopify.dev/docs/api/usage/versioning
"""

_SPREAD = re.compile(r"\.\.\.\s*([A-Z]\w*)")
_FOLDER = files(__package__) / "queries"


@cache
def document(name: str) -> str:
    """The text of `queries/<name>.graphql` with all fragments that it needs. Raises FileNotFoundError."""
    parts = [_FOLDER.joinpath(f"{name}.graphql").read_text("utf-8")]
    known: set[str] = set()
    waiting = _SPREAD.findall(parts[0])
    while waiting:
        fragment = waiting.pop()
        if fragment not in known:
            known.add(fragment)
            parts.append(_FOLDER.joinpath("fragments", f"{_snake(fragment)}.graphql").read_text("utf-8"))
            waiting += _SPREAD.findall(parts[-1])
    return "\n".join(parts)


def names() -> list[str]:
    """The names of all documents."""
    return sorted(
        entry.name.removesuffix(".graphql") for entry in _FOLDER.iterdir() if entry.name.endswith(".graphql")
    )


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
