"""Writes the blocks of the READMEs that come from the code; a test compares. `python -m tests.tools.readme`"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import click

from bridge.cli import main
from bridge.config.reference import render_reference
from bridge.order.notifications import TOPICS
from bridge.order.problems import ALARMS, HEALS_ON_CHANGE, PROBLEMS
from bridge.order.states import IGNORED, MEANING, WAIT_REMEDIES, WAITS, render_diagram

ROOT = Path(__file__).parents[2]
PAGES = tuple(
    ROOT / page
    for page in ("README.md", "bridge/config/README.md", "bridge/order/README.md", "bridge/alerts/README.md")
)
"""What merchants need first is in the first; the tables of reference stand beside the code that they describe."""


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def commands() -> str:
    """Every command and subcommand with the first sentence of its help."""
    context = click.Context(main)
    rows = []
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            rows += [
                (f"`{name} {sub}`", one.get_short_help_str(200))
                for sub, one in sorted(command.commands.items())
            ]
        else:
            rows.append((f"`{name}`", command.get_short_help_str(200)))
    return table(("command", "what it does"), rows)


BLOCKS: dict[str, Callable[[], str]] = {
    "commands": commands,
    "diagram": lambda: f"```mermaid\n{render_diagram()}\n```",
    "states": lambda: table(("state", "meaning"), ((f"`{state}`", text) for state, text in MEANING.items())),
    "waits": lambda: table(
        ("reason", "what it says", "what to do"),
        ((f"`{code}`", text, WAIT_REMEDIES.get(code, "")) for code, text in WAITS.items()),
    ),
    "ignored": lambda: table(
        ("reason", "what it says"), ((f"`{code}`", text) for code, text in IGNORED.items())
    ),
    "problems": lambda: table(
        ("problem", "what it says", "what to do"),
        (
            (f"`{code}`" + (" ↻" if code in HEALS_ON_CHANGE else ""), text.sentence, text.remedy)
            for code, text in PROBLEMS.items()
        ),
    ),
    "alarms": lambda: table(
        ("alarm", "what it says", "what to do"),
        ((f"`{code}`", text.sentence, text.remedy) for code, text in ALARMS.items()),
    ),
    "topics": lambda: table(
        ("topic", "what is told"), ((f"`{topic}`", text) for topic, text in TOPICS.items())
    ),
    "configuration": render_reference,
}


def _filled(made: str, found: re.Match[str]) -> str:
    return f"{found[1]}{made}\n{found[2]}"


def render_pages() -> dict[Path, str]:
    """Each page with every block as the code says it now. Raises LookupError for a block that no page holds."""
    pages = {page: page.read_text("utf-8") for page in PAGES}
    for name, block in BLOCKS.items():
        pattern = re.compile(rf"(<!-- block: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        holders = [page for page, text in pages.items() if pattern.search(text)]
        if len(holders) != 1:
            raise LookupError(f"{len(holders)} pages have the block {name}; one should")
        pages[holders[0]] = pattern.sub(partial(_filled, block().strip()), pages[holders[0]])
    return pages


if __name__ == "__main__":
    for page, text in render_pages().items():
        page.write_text(text, "utf-8")
