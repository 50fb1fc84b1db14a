"""What PyYAML's errors mean to a merchant.

PyYAML's own sentences quote the text around a fault, which may be a password; these quote nothing.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

_QUOTE = "put the value in quotes"
_INDENT = "indent with spaces so that keys of one level stand exactly below each other"

_MEANINGS: tuple[tuple[str, str, str], ...] = (
    # pattern over PyYAML's problem, what is wrong, remedy
    (r"found character '\\t'", "has a tab where YAML needs spaces", "replace the tab by spaces"),
    (r"found character '[@`%|>&*!]'", "has a value that begins with a character that YAML keeps for itself", _QUOTE),
    (r"found character", "has a character here that YAML does not understand", _QUOTE),
    (r"mapping values are not allowed", "has a colon too many, or a line that is indented wrongly", f"{_QUOTE} if it holds a colon, or {_INDENT}"),
    (r"expected ',' or ']'", "has a list [ that is not closed", "end it with ], and put commas between its items"),
    (r"expected ',' or '}'", "has a mapping { that is not closed", "end it with }, and put commas between its entries"),
    (r"found unexpected end of stream|found unexpected document", "has a quote that is not closed", "close it with the same kind of quote"),
    (r"unknown escape character", "has an unknown escape (\\) in double quotes", "use single quotes, or write \\\\ for a backslash"),
    (r"could not find expected ':'", "has a line without a colon behind its key", "write it as `key: value`"),
    (r"expected <block end>.*'-'", "has a list item that does not fit the lines above it", _INDENT),
    (r"expected <block end>", "has a line that does not fit the lines above it", f"{_INDENT}; {_QUOTE} if it goes on behind a quote"),
    (r"undefined alias|expected alphabetic or numeric character", "has a value that begins with * or &", _QUOTE),
    (r"undefined tag handle|expected .*tag|expected '!'", "has a value that begins with !", _QUOTE),
    (r"chomping or indentation|comment or a line break", "has text behind a | or >", f"begin the text on the next line, or {_QUOTE}"),
    (r"sequence entries are not allowed", "has a list item (-) where none can be", f"begin the list on a line of its own; {_INDENT}"),
    (r"mapping keys are not allowed", "has a key (?) where none can be", _QUOTE),
    (r"incompatible YAML document|duplicate YAML directive", "asks for another version of YAML", "delete the line that begins with %YAML"),
    (r"expected '<document start>'", "has a line that does not belong to the mapping above", _INDENT),
)  # fmt: skip


def describe_syntax_error(error: yaml.MarkedYAMLError, long_quote: Any = None) -> tuple[str, str, Any]:
    """What is wrong, the remedy, and where.

    `long_quote` is where a text in quotes began that went on over lines before the fault: a quote that was
    forgotten makes the next one, lines below, end it, and the parser stumbles over what follows.
    """
    if long_quote is not None:
        return (
            "has a quote that is not closed on its line",
            "close it with the same kind of quote",
            long_quote,
        )
    problem, mark = error.problem or "", error.problem_mark
    if error.context_mark and re.search(r"expected ',' or|end of stream|unexpected document", problem):
        mark = error.context_mark  # where it was opened, not where the parser gave up
    for pattern, what, remedy in _MEANINGS:
        if re.search(pattern, problem):
            return what, remedy, mark
    return "is not valid YAML here", "compare it with config.example.yaml", mark
