"""What customers and upstreams wrote, made harmless for mails and chats. Pure; the one place for all channels.

An alert quotes what somebody typed: an order's name, a line property, the words of a tracking page. There it must
neither call anybody (`@everyone`, `<!channel>`), nor be a link that says something else than where it leads, nor be
markup, nor begin a line of its own.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

LONGEST = 500  # characters of one quotation
INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Control and format characters, such as those that turn the direction of writing; separators of lines."""
LOOKS_LIKE = str.maketrans({"@": "＠", "&": "＆", "<": "‹", ">": "›", "`": "'"})


def sanitize_text(text: str) -> str:
    """The text on one line, without what a chat, a mail or a browser would act on. It reads the same."""
    plain = "".join(" " if char in "\t\n\r\v\f\x85\u2028\u2029" else char for char in text)
    plain = "".join(char for char in plain if char == " " or unicodedata.category(char) not in INVISIBLE)
    plain = " ".join(plain.translate(LOOKS_LIKE).split()).replace("](", "] (").replace("][", "] [")
    return plain if len(plain) <= LONGEST else f"{plain[: LONGEST - 1]}…"


def sanitize_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts of which every text is harmless, however deep it lies."""
    return {name: _sanitize_value(value) for name, value in facts.items()}


def _sanitize_value(value: Any) -> Any:
    if isinstance(value, str):
        return sanitize_text(value)
    if isinstance(value, Mapping):
        return {sanitize_text(str(name)): _sanitize_value(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_sanitize_value(one) for one in value]
    return value
