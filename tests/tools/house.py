"""How easily the house is read, in figures. `python -m tests.tools.house` prints them for `bridge/`;
`python -m tests.tools.house FOLDER [TESTS]` measures another project in the same way, to stand beside."""

from __future__ import annotations

import ast
import sys
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).parent.parent.parent

LONG = 60
"""Lines from which on a function is counted as long."""

FIRST_WORDS = frozenset(
    """
    accept add allocate annotate apply approve archive ask assert assess await begin build cache calculate call
    cancel check claim clean cleanup clear close collect commit compare complete compute configure confirm connect
    convert copy count create decode decrypt delete deliver describe detect disable discard dispatch do download
    drop dump emit enable encode encrypt end ensure erase escape execute expire export extend extract fail fetch
    fill filter find finish fire flush format from fulfill generate get group handle has hash hold import init
    insert install is iter join keep kill label list listen load lock log make map mark match measure merge migrate
    monitor move needs next normalize notify observe on open order parse pause place poll post prepare print process
    publish pull purge push put query quote raise read receive reconcile record redact refresh refuse register
    reject release reload remember remove rename render renew reopen repeat replace reply report request require
    reserve reset resolve restart restore resume retry return revoke run sample save scan schedule search select
    send serve set settle should show shutdown sign skip sort split start stop store strip submit subscribe sum swap
    sync take test to total track transition translate trim try unlock unsubscribe update upload use validate verify
    visit wait wake walk watch with withdraw wrap write
    """.split()  # noqa: SIM905 - as prose, to be read
)
"""What a function does, in the words that most projects use for it: its name begins with one of these."""


@dataclass(frozen=True)
class Function:
    name: str
    lines: int
    typed: bool

    @property
    def words(self) -> list[str]:
        return [word for word in self.name.split("_") if word]


def functions(tree: ast.Module) -> Iterator[Function]:
    """Every function and method, but those that Python names (`__init__`)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("__"):
            args = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            args += [arg for arg in (node.args.vararg, node.args.kwarg) if arg]
            typed = node.returns is not None and all(
                arg.annotation is not None or arg.arg in ("self", "cls") for arg in args
            )
            yield Function(node.name, (node.end_lineno or node.lineno) - node.lineno + 1, typed)


def comment_lines(path: Path) -> int:
    """Lines with a comment on them, but those that speak to a tool."""
    with path.open("rb") as file:
        return sum(
            token.type == tokenize.COMMENT and not token.string.startswith(("# type:", "# noqa", "#!"))
            for token in tokenize.tokenize(file.readline)
        )


def line_count(path: Path) -> int:
    return len(path.read_text().splitlines())


def imports(root: Path) -> dict[str, set[str]]:
    """Each module, and the modules of the same project that it imports when it is loaded."""
    names = {module_name(root, path): path for path in root.rglob("*.py")}
    found: dict[str, set[str]] = {name: set() for name in names}
    for name, path in names.items():
        for node in at_import(ast.parse(path.read_text()).body):
            if isinstance(node, ast.Import):
                found[name] |= {alias.name for alias in node.names} & names.keys()
            else:
                base = absolute(name, path, node)
                parts = {f"{base}.{alias.name}" for alias in node.names} & names.keys()
                found[name] |= parts or ({base} & names.keys())
        found[name].discard(name)
    return found


def module_name(root: Path, path: Path) -> str:
    parts = path.relative_to(root.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def absolute(name: str, path: Path, node: ast.ImportFrom) -> str:
    """What a `from ... import` names, also where it begins with dots."""
    if not node.level:
        return node.module or ""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    return ".".join([*package[: len(package) - node.level + 1], *filter(None, [node.module])])


def at_import(body: Iterable[ast.stmt]) -> Iterator[ast.Import | ast.ImportFrom]:
    """Imports that run when the module is loaded: not those of a function, nor those for type checkers."""
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If):
            if "TYPE_CHECKING" not in ast.unparse(node.test):
                yield from at_import(node.body)
            yield from at_import(node.orelse)
        elif isinstance(node, ast.Try):
            yield from at_import([*node.body, *node.orelse, *node.finalbody])


def folders(code: Path) -> dict[str, set[str]]:
    """Each folder, and each module that lies beside them at the root, with those that it imports."""
    packages = {module_name(code, path) for path in code.rglob("__init__.py")}
    found: dict[str, set[str]] = {}
    for name, others in imports(code).items():
        room = room_of(name, packages)
        found.setdefault(room, set()).update(room_of(other, packages) for other in others)
    for room, others in found.items():
        others.discard(room)
    return found


def room_of(name: str, packages: set[str]) -> str:
    parent = name.rpartition(".")[0]
    return name if name in packages or "." not in parent else parent


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Groups of modules of which each reaches each other by imports."""
    reach = {name: reached(graph, name) for name in graph}
    seen: set[str] = set()
    found = []
    for name in sorted(graph):
        if name not in seen and name in reach[name]:
            circle = sorted(other for other in reach[name] if name in reach[other])
            seen |= set(circle)
            found.append(circle)
    return found


def reached(graph: Mapping[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += graph[name]
    return found


def spread(values: list[int]) -> str:
    """The median and the ninth tenth of some lengths."""
    tenth = quantiles(values, n=10)[8] if len(values) > 1 else values[0]
    return f"{median(values):.0f} / {tenth:.0f}"


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def table(code: Path, tests: Path | None = None) -> list[tuple[str, str]]:
    """What is measured, and its figure."""
    paths = sorted(code.rglob("*.py"))
    lengths = [line_count(path) for path in paths]
    found = [function for path in paths for function in functions(ast.parse(path.read_text()))]
    long = [function for function in found if function.lines > LONG]
    rows = [
        ("files", f"{len(paths)}"),
        ("lines", f"{sum(lengths)}"),
        ("median / p90 file, lines", spread([length for length in lengths if length])),
        ("median / p90 function, lines", spread([function.lines for function in found])),
        ("functions whose name is one word", share(sum(len(f.words) == 1 for f in found), len(found))),
        (
            "functions whose name begins with a standard verb",
            share(sum(f.words[:1] != [] and f.words[0] in FIRST_WORDS for f in found), len(found)),
        ),
        ("comments, share of lines", share(sum(map(comment_lines, paths)), sum(lengths))),
        ("functions with types throughout", share(sum(f.typed for f in found), len(found))),
        (f"functions over {LONG} lines", f"{len(long)}"),
        (
            "circles of imports, between modules / folders",
            f"{len(circles(imports(code)))} / {len(circles(folders(code)))}",
        ),
    ]
    if tests:
        rows.append(("test : code", f"{sum(map(line_count, tests.rglob('*.py'))) / sum(lengths):.2f}"))
    return rows


def main(arguments: list[str]) -> None:
    code, *rest = [Path(argument) for argument in arguments] or [ROOT / "bridge", ROOT / "tests"]
    rows = table(code, *rest[:1])
    width = max(len(name) for name, _ in rows)
    for name, figure in rows:
        sys.stdout.write(f"{name:<{width}}  {figure}\n")
    for circle in [*circles(imports(code)), *circles(folders(code))]:
        sys.stdout.write(f"circle: {', '.join(circle)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
