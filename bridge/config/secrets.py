"""Where secrets come from: environment variables and files beside the configuration. No fault shows a value."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from bridge.config.types import build_value_error, find_nearest
from bridge.config.url_secrets import ENCODED, SECRET_IN_URL, breaks_url
from bridge.config.yaml_tree import (
    Node,
    Scalar,
    walk_nodes,
)
from bridge.errors import Fault

MAX_SECRET = 64 * 1024  # bytes of a secret file
_USE = re.compile(r"\$\$\{|\$\{([^{}\n]*)\}|\$\{")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def fill_in(root: Node, env: Mapping[str, str], file: str) -> Iterator[Fault]:
    """Put the environment's values for each `${VARIABLE}` of the tree; `$${` stands for `${` itself."""
    done: set[int] = set()
    for path, node in walk_nodes(root):
        if isinstance(node, Scalar) and id(node) not in done:
            done.add(id(node))
            problem = _fill_scalar(node, env)
            if problem:
                node.broken = True
                yield Fault(file, node.place.line, node.place.column, path, *problem)


def _fill_scalar(node: Scalar, env: Mapping[str, str]) -> tuple[str, str] | None:
    if node.value is None or "${" not in node.value:
        return None
    problems: list[tuple[str, str]] = []
    written = node.value

    def resolve_variable(found: re.Match[str]) -> str:
        if found[0] == "$${":
            return "${"
        problem = _check_variable(found[1], env)
        if problem:
            problems.append(problem)
            return ""
        value = env[found[1]]
        if breaks_url(written, found.start(), found.end(), value):
            problems.append((SECRET_IN_URL.format(name=found[1]), f"in {found[1]}, {ENCODED}"))
        node.secret = True
        node.quoted = node.quoted or is_quoted(value)
        return value

    node.value = _USE.sub(resolve_variable, node.value)
    return problems[0] if problems else None


def _check_variable(name: str | None, env: Mapping[str, str]) -> tuple[str, str] | None:
    if name is None:
        return "has ${ without the closing }", "write ${NAME}, or $${ where ${ itself is meant"
    if not _NAME.fullmatch(name):
        remedy = "write ${NAME} (letters, digits and _, without a default), or $${ where ${ itself is meant"
        return "has something between ${ and } that is not the name of an environment variable", remedy
    if name not in env:
        close = find_nearest(name, env)
        hint = f"did you mean ${{{close}}}? " if close else ""
        return (
            f"needs the environment variable {name}, which is not set",
            f"{hint}set it before the bridge starts",
        )
    if not env[name].strip():
        return f"needs the environment variable {name}, which is empty", "set it before the bridge starts"
    return None


def is_quoted(secret: str) -> bool:
    """Whether a secret begins and ends with the same quote, which a shell would have taken off and we do not."""
    return len(secret.strip()) > 1 and secret.strip()[0] in "\"'`" and secret.strip()[0] == secret.strip()[-1]


class SecretFiles:
    """Reads `{file: path}`, relative to the folder of the configuration. Remembers all, and those that others can
    read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.exposed: list[str] = []
        self.quoted: list[str] = []
        self.named: set[Path] = set()

    def read_secret(self, name: str) -> str:
        """The one line that the file holds, without the line break at its end. Raises a validator's fault."""
        content, mode = self._read_content(name)
        if mode & stat.S_IROTH:
            self.exposed.append(name)
        try:
            text = content.decode("utf-8-sig").rstrip("\r\n")
        except UnicodeDecodeError:
            raise build_value_error(
                "names the secret file {value}, which is not text", "save the secret as UTF-8"
            ) from None
        if not text.strip():
            raise build_value_error(
                "names the secret file {value}, which is empty", "write the secret into it"
            )
        if "\n" in text or "\r" in text:
            raise build_value_error(
                "names the secret file {value}, which holds several lines", "leave only the secret in it"
            )
        if is_quoted(text):
            self.quoted.append(name)
        return text

    def _read_content(self, name: str) -> tuple[bytes, int]:
        """The bytes of a secret file and its mode. Nothing but a file is opened: a pipe might never end."""
        try:
            path = self._folder / Path(name).expanduser()
            self.named.add(path)
            status = path.stat()
            is_file, small = stat.S_ISREG(status.st_mode), status.st_size <= MAX_SECRET
            content = path.read_bytes() if is_file and small else b""
        except (OSError, ValueError, RuntimeError) as error:
            why = getattr(error, "strerror", None) or "not a path"
            remedy = f"it is looked for in {self._folder}, and must be readable by the bridge's user"
            raise build_value_error(
                f"names the secret file {{value}}, which cannot be read ({why})", remedy
            ) from None
        if not is_file:
            raise build_value_error(
                "names the secret file {value}, which is not a file", "name a file that holds the secret"
            )
        if not small:
            raise build_value_error(
                "names the secret file {value}, which is too large", "it must hold the secret only"
            )
        return content, status.st_mode
