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
    check_carriers,
    collect_carrier_remarks,
)
from bridge.config.cross_validation import (
    check_contradictions,
    check_lookalike_keys,
    check_repeated_keys,
    collect_remarks,
    get_position,
)
from bridge.config.database_settings import (
    find_relative_file,
    resolve_database,
)
from bridge.config.mapping import Mapping
from bridge.config.products import check_products, collect_product_remarks
from bridge.config.secrets import SecretFiles, fill_in
from bridge.config.settings import Settings
from bridge.config.yaml_tree import (
    MAX_BYTES,
    Node,
    Scalar,
    SourcePosition,
    Table,
    Unreadable,
    decode_text,
    parse_yaml,
    to_python,
    walk_nodes,
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
    shop_places: Variables[str, SourcePosition] = field(default_factory=dict)
    database_file: Path | None = None


def load_config(path: Path, env: Variables[str, str] | None = None) -> Loaded:
    """Read the configuration at `path`. `env` are the environment variables, by default those of the process.

    Raises ConfigError with every fault of the file. No secret is part of it.
    """
    return load_bytes(read_file(path), path, os.environ if env is None else env)


def load_bytes(content: bytes, path: Path, env: Variables[str, str]) -> Loaded:
    """`load` of what the file at `path` would hold: its name is used in faults, its folder for other files."""
    file = str(path)
    try:
        root, repeated = parse_yaml(decode_text(content))
    except Unreadable as error:
        where = error.place or SourcePosition(0, 0)
        raise ConfigError(Fault(file, *where, "", error.what, error.remedy)) from None
    if not isinstance(root, Table):
        what = "must be a mapping of keys to values at its top"
        raise ConfigError(Fault(file, *root.place, "", what, "compare it with config.example.yaml"))

    def build_fault(where: str, place: SourcePosition, what: str, remedy: str) -> Fault:
        return Fault(file, *place, where, what, remedy)

    files = SecretFiles(path.parent)
    faults = [*check_repeated_keys(root, repeated, build_fault), *fill_in(root, env, file)]
    settings = _validate_settings(root, files, file, faults)
    faults += check_contradictions(root, path.parent, build_fault)
    faults += check_lookalike_keys(root, build_fault)
    faults += check_products(root, build_fault)
    faults += check_carriers(root, build_fault)
    if faults or settings is None:
        raise ConfigError(*_sort_faults(faults))
    warnings = [
        *collect_remarks(root, build_fault),
        *collect_product_remarks(root, build_fault),
        *collect_carrier_remarks(root, build_fault),
    ]
    warnings += [
        build_fault(
            "", SourcePosition(0, 0), f"the secret file {name} can be read by every user", "chmod 600"
        )
        for name in files.exposed
    ]
    quoted = "begins and ends with the same quote, which is taken for a part of the secret"
    warnings += [
        build_fault(
            "",
            SourcePosition(0, 0),
            f"the secret file {name} {quoted}",
            "leave the quotes out, unless they are meant",
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
        _sort_faults(warnings),
        frozenset(where for where, node in walk_nodes(root) if isinstance(node, Scalar) and node.secret),
        frozenset(files.named),
        {name: get_position(root, "shops", name, "domain") for name in settings.shops},
        find_relative_file(written),
    )


def _validate_settings(root: Node, files: SecretFiles, file: str, faults: list[Fault]) -> Settings | None:
    try:
        return Settings.model_validate(to_python(root), context=files)
    except ValidationError as error:
        faults += error_messages.build_faults(error, root, file)
        return None


def _sort_faults(faults: Iterable[Fault]) -> tuple[Fault, ...]:
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
