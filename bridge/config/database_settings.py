"""Where the bridge keeps its records: the one place that turns `database` of the file into the URL that is opened.

A relative SQLite file is relative to the folder of the configuration, whatever folder a command is run in: a
`pause` from elsewhere must meet the database that the service buys from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from bridge.config.identifiers import DatabaseUrl
from bridge.config.secrets import SecretFiles, fill_in
from bridge.config.types import find_nearest
from bridge.config.yaml_tree import (
    Node,
    Repeated,
    Scalar,
    Table,
    Unreadable,
    parse_yaml,
    to_python,
)
from bridge.errors import ConfigError

DEFAULT = "sqlite:///bridge.db"
MASK = "***"
_SQLITE = re.compile(r"(?P<scheme>sqlite(?:\+\w+)?)://(?:/(?P<file>[^?]*))(?P<query>\?.*)?", re.DOTALL)
_MAY_BE_SECRET = re.compile(r"(?<=://)[^/]*(?=@)|(?<==)[^&{}]+")
"""In a URL: user and password, and what its query says."""
_KEY = re.compile(r"""^(?:database|"database"|'database')[ \t]*:.*(?:\n[ \t]+.*)*""", re.MULTILINE)
_COMMENT = re.compile(r"^[ \t]*#.*$", re.MULTILINE)
_URL: TypeAdapter[object] = TypeAdapter(DatabaseUrl)


def resolve_database(url: str, folder: Path) -> str:
    """The URL with the file of SQLite as an absolute path; a relative one begins in `folder`."""
    found = _SQLITE.fullmatch(url)
    if found is None or found["file"].startswith("/"):
        return url
    return f"{found['scheme']}:///{folder.absolute() / found['file']}{found['query'] or ''}"


def find_relative_file(url: str) -> Path | None:
    """The file of SQLite where the URL names it by a relative path, else None."""
    found = _SQLITE.fullmatch(url)
    return None if found is None or found["file"].startswith("/") else Path(found["file"])


def find_sqlite_file(url: str) -> Path | None:
    """The file of a resolved SQLite URL; None for another database."""
    found = _SQLITE.fullmatch(url)
    return Path(found["file"]) if found else None


def mask_url(url: str) -> str:
    """A URL as people may see it: without user, password and the values of its query."""
    found = _SQLITE.fullmatch(url)
    if found:
        return f"{found['scheme']}:///{found['file']}" + _MAY_BE_SECRET.sub(MASK, found["query"] or "")
    return _MAY_BE_SECRET.sub(MASK, url)


def refuse_file_left_behind(url: str, written: Path | None) -> None:
    """Before a new database is made: earlier versions looked for a relative file in the current folder. `url` is
    resolved, `written` the relative path of the configuration. Raises ConfigError when such a file is there
    and the one to be opened is not: an empty database would begin beside the real one."""
    wanted = find_sqlite_file(url)
    if wanted is None or written is None or wanted.exists():
        return
    former = Path.cwd() / written
    if former.exists():
        raise ConfigError(
            f"database: {written} is in {former.parent}, but a relative path begins in the folder of the"
            f" configuration, and there is no {wanted}. Move the file there (with its -wal and -shm, while no"
            f" bridge runs), or write `database: sqlite:///{former}`"
        )


def find_database(text: str, env: Mapping[str, str], folder: Path) -> str | None:
    """The resolved URL that a configuration with faults names all the same; None = it does not tell.

    Nothing is guessed: a `database` that is there twice, is misspelled, or needs a variable that is not set is
    not told.
    """
    try:
        root, repeated = parse_yaml(text)
    except Unreadable:
        return _find_in_broken_text(text, env, folder)
    return _find_in_tree(root, repeated, env, folder)


def _find_in_tree(root: Node, repeated: list[Repeated], env: Mapping[str, str], folder: Path) -> str | None:
    if not isinstance(root, Table) or any(one.table is root and one.key == "database" for one in repeated):
        return None
    node = root.entries.get("database")
    if node is None or (isinstance(node, Scalar) and node.value is None):
        misspelled = node is None and any(find_nearest(key, ["database"]) for key in root.entries)
        return None if misspelled else resolve_database(DEFAULT, folder)
    if any(True for _ in fill_in(node, env, "")):
        return None
    try:
        url: object = _URL.validate_python(to_python(node), context=SecretFiles(folder))
    except ValidationError:
        return None
    return resolve_database(url.get_secret_value(), folder)  # type: ignore[attr-defined]  # a SecretStr


def _find_in_broken_text(text: str, env: Mapping[str, str], folder: Path) -> str | None:
    """The file is no YAML; the one line `database: ...` at its margin, if there is just one, may be."""
    plain = _COMMENT.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    found = _KEY.findall(plain)
    if len(found) != 1:
        return None if "database" in plain or found else resolve_database(DEFAULT, folder)
    try:
        root, repeated = parse_yaml(found[0])
    except Unreadable:
        return None
    return _find_in_tree(root, repeated, env, folder)
