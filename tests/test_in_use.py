"""No problem, alarm, reason, finding or field is there that nothing raises or reads."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

import pytest

import bridge
from bridge.mapping_review import findings
from bridge.order import (
    notifications,
    problems,
    states,
)

ROOT = Path(bridge.__file__).parent
TABLES = {
    # where each code has its sentence, topic or patience: being named there is not being raised
    *(
        "order/problems.py",
        "order/notifications.py",
        "order/states.py",
        "mapping_review/findings.py",
        "health/thresholds.py",
    ),
    *("web/console/orders.py", "web/console/mapping.py"),
}
CLASSES: tuple[type[StrEnum], ...] = (
    *(problems.Problem, problems.Alarm, states.Wait, states.Ignored, findings.FindingKind),
)
COMPARED = {"Specificity"}  # a tuple that is compared as a whole


@lru_cache(maxsize=1)
def sources() -> dict[str, str]:
    """The program, without the sandbox, which is another one's."""
    found = {str(path.relative_to(ROOT)): path.read_text() for path in ROOT.rglob("*.py")}
    return {name: text for name, text in found.items() if not name.startswith("sandbox/")}


@pytest.mark.parametrize(
    ("owner", "name"), [(one, member.name) for one in CLASSES for member in one], ids=lambda one: str(one)
)
def test_each_code_is_raised_somewhere(owner: type[StrEnum], name: str) -> None:
    raised = [file for file, text in sources().items() if re.search(rf"\b{owner.__name__}\.{name}\b", text)]
    by_code = [file for file, text in sources().items() if f'NeedsPerson("{owner[name]}"' in text]
    assert set(raised + by_code) - TABLES, f"nothing raises {owner.__name__}.{name}"


@pytest.mark.parametrize("code", notifications.TEXTS)
def test_each_piece_of_news_is_told_somewhere(code: str) -> None:
    begun = f'"{code.removesuffix("_over")}"'
    told = [file for file, text in sources().items() if begun in text and file != "order/notifications.py"]
    assert told, f"nothing tells {code}"


def test_each_field_is_read_somewhere() -> None:
    read = set(attributes())
    idle = [f"{where}: {name}" for where, name in fields() if name not in read]
    assert not idle


def attributes() -> Iterator[str]:
    """Every name that is read of some object, in code and in templates."""
    for text in sources().values():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                yield node.attr
            elif isinstance(node, ast.MatchClass):
                yield from node.kwd_attrs
    for kind in ("*.html", "*.typ"):
        for path in ROOT.rglob(kind):
            yield from re.findall(r"\.(\w+)", path.read_text())


def fields() -> Iterator[tuple[str, str]]:
    """(class, field) of every dataclass and model of the configuration."""
    for file, text in sources().items():
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.ClassDef) or node.name in COMPARED:
                continue
            decorated = any("dataclass" in ast.unparse(one) for one in node.decorator_list)
            if decorated or any(ast.unparse(base) in {"Model", "NamedTuple"} for base in node.bases):
                for one in node.body:
                    if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
                        yield f"{file}, {node.name}", one.target.id
