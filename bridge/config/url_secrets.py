"""Secrets inside URLs: a character of a password may end a part of the URL, and what follows it would then be taken
for a host, be asked of a name server, and be shown. So it must be written as a URL writes it.

https://www.rfc-editor.org/rfc/rfc3986#section-2.1
"""

from __future__ import annotations

import re

ENCODED = (
    "write @ as %40, / as %2F, : as %3A, ? as %3F, # as %23, & as %26, + as %2B, % as %25 and a space as %20"
)
ENDS_EARLY = "has a character in its user or password that ends that part of the URL"
NO_HOST = "has something behind its host that is no port, or lacks its host"
SECRET_IN_URL = (
    "puts the value of {name} into a URL, and that value has a character that means something else there"  # noqa: S105 - a sentence
)

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_VARIABLE = re.compile(r"\$\{[^{}\n]*\}")
_HALF_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ODD = re.compile(r"[\s\x00-\x1f\x7f\\<>\"^`{|}]")
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.%]+\]|[^\s:/?#@\[\]]*)(?::\d{1,5})?", re.ASCII)


def breaks_url(raw: str, start: int, end: int, value: str) -> bool:
    """Whether `value`, put in the place raw[start:end] of what the file says, would end a part of a URL.

    A variable that holds the whole URL, or all of it after the scheme, may have any character; how such a URL must
    be written is asked of the whole. What is escaped already (%40) stays as it is.
    """
    scheme = _SCHEME.match(raw)
    if scheme is None or start < scheme.end():
        return False
    before, after = raw[scheme.end() : start], raw[end:]
    if re.search("[/?#]", _VARIABLE.sub("", before)):
        forbidden = "&#+" if "?" in before else "?#"
    elif "@" in _extract_authority(after):
        user_ends = ":" in _extract_authority(after).partition("@")[0]
        forbidden = "@/?#[]" + (":" if user_ends else "")
    elif "@" in before:
        forbidden = "@?#"
    else:
        return _ODD.search(value) is not None
    odd = _ODD.search(value) or _HALF_ESCAPE.search(value)
    return odd is not None or any(char in value for char in forbidden)


def _extract_authority(text: str) -> str:
    return re.split("[/?#]", _VARIABLE.sub("", text), maxsplit=1)[0]


def find_database_url_fault(rest: str) -> str | None:
    """What is wrong with a database URL after its `://`, in words without any of it; None = nothing. Strict, since
    drivers disagree: each must find the same host in it."""
    if "@" in rest:
        user, _, rest = rest.partition("@")
        if "@" in rest or re.search(r"[/?#\s]", user):
            return ENDS_EARLY
    host, slash, path = rest.partition("/")
    if not slash:
        host, _, path = rest.partition("?")
    return None if _HOST.fullmatch(host) and "#" not in path else NO_HOST


def find_alert_url_fault(url: str) -> str | None:
    """As `find_database_url_fault`, of a whole Apprise URL. Many services have an @ or : of their own in them, so only
    what is ambiguous in each is refused."""
    scheme, _, rest = url.partition("://")
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    if authority.count("@") > 1:
        return ENDS_EARLY
    if scheme.lower() in {"mailto", "mailtos"} and "@" not in authority:
        path = rest[len(authority) :].partition("?")[0]
        return ENDS_EARLY if "@" in path or ("@" in rest and "#" in rest[: rest.index("@")]) else None
    return None
