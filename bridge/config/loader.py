"""The merchant's YAML file -> settings and mapping, or every fault at once, each with its place and remedy."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable
from collections.abc import Mapping as Variables
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr, ValidationError

from bridge.config import error_messages
from bridge.config.carrier_settings import (
    carrier_faults,
    carrier_remarks,
)
from bridge.config.cross_validation import (
    contradictions,
    lookalike_keys,
    place,
    remarks,
    repeated_keys,
)
from bridge.config.database_settings import (
    relative_file,
    resolve_database,
)
from bridge.config.mapping import Mapping
from bridge.config.products import product_faults, product_remarks
from bridge.config.secrets import SecretFiles, fill_in
from bridge.config.settings import Settings
from bridge.config.yaml_tree import (
    MAX_BYTES,
    Node,
    Place,
    Scalar,
    Table,
    Unreadable,
    decode,
    parse,
    to_python,
    walk,
)
from bridge.errors import ConfigError, Fault

MAX_FAULTS = 500  # that are told; a file with more is of another kind


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that can be used. `hash` is the SHA-256 of the file's bytes.

    `warnings` have the form of faults: what works, but is hardly meant, or costs safety. `masked` are the paths
    of values that came from the environment. `files` are the secret files that it names, `shop_places` the places
    where the domain of each shop stands. `settings.database` is resolved: `database_file` is the path of SQLite's
    file as it is written there, where that is relative.
    """

    settings: Settings
    catalog: Mapping
    path: Path
    hash: str
    warnings: tuple[Fault, ...] = ()
    masked: frozenset[str] = frozenset()
    files: frozenset[Path] = frozenset()
    shop_places: Variables[str, Place] = field(default_factory=dict)
    database_file: Path | None = None


def load(path: Path, env: Variables[str, str] | None = None) -> Loaded:
    """Read the configuration at `path`. `env` are the environment variables, by default those of the process.

    Raises ConfigError with every fault of the file. No secret is part of it.
    """
    return load_bytes(read_file(path), path, os.environ if env is None else env)


def load_bytes(content: bytes, path: Path, env: Variables[str, str]) -> Loaded:
    """`load` of what the file at `path` would hold: its name is used in faults, its folder for other files."""
    file = str(path)
    try:
        root, repeated = parse(decode(content))
    except Unreadable as error:
        where = error.place or Place(0, 0)
        raise ConfigError(Fault(file, *where, "", error.what, error.remedy)) from None
    if not isinstance(root, Table):
        what = "must be a mapping of keys to values at its top"
        raise ConfigError(Fault(file, *root.place, "", what, "compare it with config.example.yaml"))

    def says(where: str, place: Place, what: str, remedy: str) -> Fault:
        return Fault(file, *place, where, what, remedy)

    files = SecretFiles(path.parent)
    faults = [*repeated_keys(root, repeated, says), *fill_in(root, env, file)]
    settings = _settings(root, files, file, faults)
    faults += contradictions(root, path.parent, says)
    faults += lookalike_keys(root, says)
    faults += product_faults(root, says)
    faults += carrier_faults(root, says)
    if faults or settings is None:
        raise ConfigError(*_in_order(faults))
    warnings = [*remarks(root, says), *product_remarks(root, says), *carrier_remarks(root, says)]
    warnings += [
        says("", Place(0, 0), f"the secret file {name} can be read by every user", "chmod 600")
        for name in files.exposed
    ]
    quoted = "begins and ends with the same quote, which is taken for a part of the secret"
    warnings += [
        says(
            "", Place(0, 0), f"the secret file {name} {quoted}", "leave the quotes out, unless they are meant"
        )
        for name in files.quoted
    ]
    written = settings.database.get_secret_value()
    resolved = SecretStr(resolve_database(written, path.parent))
    settings = settings.model_copy(update={"database": resolved})
    return Loaded(
        settings,
        Mapping(settings),
        path,
        hashlib.sha256(content).hexdigest(),
        _in_order(warnings),
        frozenset(where for where, node in walk(root) if isinstance(node, Scalar) and node.secret),
        frozenset(files.named),
        {name: place(root, "shops", name, "domain") for name in settings.shops},
        relative_file(written),
    )


def _settings(root: Node, files: SecretFiles, file: str, faults: list[Fault]) -> Settings | None:
    try:
        return Settings.model_validate(to_python(root), context=files)
    except ValidationError as error:
        faults += error_messages.faults(error, root, file)
        return None


def _in_order(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """From the top of the file to its end, one for each place and path."""
    kept: dict[tuple[int, int, str], Fault] = {}
    for fault in faults:
        kept.setdefault((fault.line, fault.column, fault.path or fault.what), fault)
    ordered = sorted(kept.values(), key=lambda fault: (fault.line, fault.column))
    return tuple(ordered[:MAX_FAULTS])


def read_file(path: Path) -> bytes:
    """The file's bytes, within bounds. A pipe or device is not opened: it might never end. Raises ConfigError."""
    file = str(path)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise ConfigError(Fault(file, 0, 0, "", "is a folder", f"name the file: {path / 'config.yaml'}"))
        if not stat.S_ISREG(status.st_mode):
            raise ConfigError(Fault(file, 0, 0, "", "is not a file", "name the configuration file"))
        with path.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except FileNotFoundError:
        remedy = "write one with `sculpteo-bridge init`, or name yours with -c FILE"
        raise ConfigError(Fault(file, 0, 0, "", "does not exist", remedy)) from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "not a path"
        raise ConfigError(
            Fault(file, 0, 0, "", f"cannot be read ({why})", "give the bridge's user the right to it")
        ) from None
