"""As much of a configuration as the stop switch and the commands that look need: where the database is."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bridge.config.cross_validation import (
    find_node,
    find_text,
    list_entries,
)
from bridge.config.database_settings import find_database
from bridge.config.loader import Loaded, load_bytes, read_file
from bridge.config.secrets import fill_in
from bridge.config.yaml_tree import (
    Node,
    Table,
    Unreadable,
    parse_yaml,
)
from bridge.errors import ConfigError, Fault

LISTEN = "127.0.0.1:8080"  # the default of `server.listen`


@dataclass(frozen=True, slots=True)
class Located:
    """A configuration file, with or without faults. `database` is the resolved URL, which may hold a password.

    `loaded` is None where the file has `faults`. `shops` are the names of the shops, None where the file is too
    broken to tell. `hash` is the SHA-256 of the file's bytes.
    """

    path: Path
    hash: str
    database: str
    shops: tuple[str, ...] | None
    listen: str
    public_url: str
    loaded: Loaded | None = None
    faults: ConfigError | None = None


def load_config_location(path: Path, env: Mapping[str, str] | None = None) -> Located:
    """Read the configuration at `path` as far as it can be used.

    Raises ConfigError, with all its faults, when it does not tell where the database is.
    """
    content = read_file(path)
    known = os.environ if env is None else env
    digest = hashlib.sha256(content).hexdigest()
    try:
        loaded = load_bytes(content, path, known)
    except ConfigError as error:
        return _read_faulty_config(content, path, known, digest, error)
    return build_located(loaded)


def build_located(loaded: Loaded) -> Located:
    """A configuration without a fault."""
    settings = loaded.settings
    return Located(
        loaded.path.absolute(),
        loaded.hash,
        settings.database.get_secret_value(),
        tuple(settings.shops),
        settings.server.listen,
        settings.server.public_url,
        loaded,
    )


def _read_faulty_config(
    content: bytes, path: Path, env: Mapping[str, str], digest: str, error: ConfigError
) -> Located:
    written = content.decode("utf-8-sig", "replace")
    database = find_database(written, env, path.parent)
    if database is None:
        what = "does not tell where the database is, as long as it has these faults"
        raise ConfigError(*error.faults, Fault(str(path), 0, 0, "database", what, "correct them first"))
    root: Node | None
    try:
        root = parse_yaml(written)[0]
        list(fill_in(root, env, ""))
    except Unreadable:
        root = None
    shops = find_node(root, "shops")
    return Located(
        path.absolute(),
        digest,
        database,
        tuple(name for name, _ in list_entries(shops)) if isinstance(shops, Table) else None,
        find_text(root, "server", "listen") or LISTEN,
        find_text(root, "server", "public_url") or "",
        faults=error,
    )
