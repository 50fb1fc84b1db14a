"""The house stays easy to see: imports run one way."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import bridge
from tests.tools import house

ROOT = Path(bridge.__file__).parent

MAY_IMPORT: dict[str, set[str]] = {
    # the words of the domain, and what the parts ask of one another
    "errors": set(),
    "order": set(),
    "i18n": {"order"},
    "ports": {"order", "errors"},
    "net": {"ports", "order", "errors"},
    # the path of an order, what a person decides of it, and the mapping it goes by
    "steps": {"ports", "order", "errors", "net.backoff", "i18n"},
    "decisions": {"steps", "ports", "order", "errors"},
    "mapping_review": {"steps", "ports", "order", "errors"},
    # what each other system, file and table speaks: known to the parts above by its port alone
    "config": {"ports", "order", "errors", "net", "i18n"},
    "store": {"ports", "order", "errors", "net.backoff", "config.settings"},
    "shopify": {"ports", "order", "errors", "net.ssrf", "config.settings", "i18n"},
    "sculpteo": {"ports", "order", "errors", "net.ssrf", "config.settings", "i18n"},
    "invoice": {"ports", "order", "errors", "net.ssrf", "config.settings", "i18n"},
    # people and other systems are told
    "alerts": {"ports", "order", "errors", "net", "config", "store"},
    "health": {"alerts", "steps", "net", "ports", "order", "errors", "config", "store"},
    # what is asked from outside
    "web": {"steps", "ports", "order", "errors", "shopify.webhooks"},
    "web.console": {
        *("steps", "decisions", "mapping_review", "health", "ports", "order", "errors", "net", "i18n"),
        *("config", "store", "web", "shopify.shop_status", "shopify.scopes"),
    },
    # both upstreams, simulated: they know the bridge's words, and nothing of how it works
    "sandbox": {"ports", "order", "errors", "i18n"},
}
"""What each part may import beside itself. Who stands later may import who stands before, never the other way
round."""

SEES_ALL = {"runtime", "cli", "__init__", "__main__"}
"""Where everything is put together: the service, and the command line."""


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


@pytest.mark.parametrize("graph", [house.imports(ROOT), house.folders(ROOT)], ids=["modules", "folders"])
def test_nothing_imports_in_a_circle(graph: dict[str, set[str]]) -> None:
    assert house.circles(graph) == []
