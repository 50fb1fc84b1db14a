"""The house stays easy to see: imports run one way."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import bridge

ROOT = Path(bridge.__file__).parent

ADAPTERS = ("shopify", "sculpteo", "invoice", "store", "config")
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "clock": set(),
    "order": set(),
    "retry": set(),
    # what a postman knows: told alike to Sculpteo, on the invoice and by what a person is asked
    "postal": {"order"},
    # the carriers that Shopify knows: told alike to the shop and by the faults of the configuration
    "carriers": set(),
    "go_live": {"ports", "order", "errors"},
    "chores": {"errors"},
    "guard": set(),
    # what of the bridge's own records asks for a person, told alike in the terminal and in the console
    "amiss": {"order", "config.settings", "store"},
    # what a process tells of itself, for `pause` and `status`
    "presence": {"clock", "ports", "errors", "config", "store"},
    # how long an order may stand still, told alike by alerts, in the terminal and in the console
    "health": {"ports", "order", "config", "store"},
    "vigil": {"alerts", "health", "steps", "breaker", "ports", "order", "errors", "config", "store"},
    # brings what is in the store's outbox to people and other systems
    "alerts": {"health", "ports", "order", "errors", "retry", "guard", "config", "store"},
    "breaker": {"ports", "order", "errors"},
    # matches the shops of the configuration with those of the database
    "identity": {"errors", "config", "store"},
    "logs": {"errors"},
    "ports": {"order", "errors"},
    "steps": {"ports", "order", "errors", "retry", "postal"},
    "plan": {"steps", "ports", "order", "errors"},
    "worker": {"steps", "ports", "order", "errors", "retry"},
    "web": {"steps", "ports", "order", "errors", "web", "shopify.webhooks"},
    # a front end for people, as the command line is: it reads the store and the settings as they are
    "web.console": {
        *("steps", "plan", "ports", "order", "errors", "breaker"),
        *("amiss", "health", "config", "store", "web", "shopify.status", "shopify.scopes"),
    },
    "sandbox": {"order", "errors", "sandbox", "ports", "postal"},
    **{
        name: {"clock", "ports", "order", "errors", "guard", "config.settings", "postal", "carriers"}
        for name in ADAPTERS
    },
    # it holds every order to the least wait between its moves, whatever the steps decide
    "store": {"clock", "ports", "order", "errors", "guard", "config.settings", "retry"},
}
SEES_ALL = {"app", "service", "cli", "__init__", "__main__"}


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def part_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    within = ".".join(parts[:2])
    return within if within in MAY_IMPORT else parts[0]


def imports(path: Path) -> set[str]:
    """The modules of the bridge that a file imports, without the leading "bridge."."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the direction"
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" for alias in node.names if node.module == "bridge"}
    return {name.removeprefix("bridge.") for name in found if name.startswith("bridge.")} - {"__version__"}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path: Path) -> None:
    part = part_of(path)
    if part in SEES_ALL:
        return
    allowed = MAY_IMPORT[part] | {part}
    for name in imports(path):
        parts = name.split(".")
        prefixes = {".".join(parts[: end + 1]) for end in range(len(parts))}
        assert prefixes & allowed, f"{path.relative_to(ROOT)} must not import bridge.{name}"


def test_the_domain_uses_the_standard_library_only() -> None:
    import sys

    for path in (ROOT / "order").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.split(".")[0] in sys.stdlib_module_names | {"bridge"}, f"{path.name}: {name}"


def test_each_part_of_the_layout_is_known() -> None:
    assert {part_of(path) for path in modules()} <= set(MAY_IMPORT) | SEES_ALL
