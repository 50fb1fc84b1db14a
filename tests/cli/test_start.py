"""What a command loads before it runs: whoever asks for help waits for none of the large packages."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from bridge.cli import SECTIONS, main

LARGE = (
    *(
        "aiohttp",
        "alembic",
        "apprise",
        "babel",
        "graphql",
        "jinja2",
        "prometheus_client",
        "pycountry",
        "pydantic",
    ),
    *("rich", "shopify", "sqlalchemy", "structlog", "typst", "yaml"),
)
CONTEXT = click.Context(main)


def find_loaded(*arguments: str) -> list[str]:
    """Which of the large packages a process of its own has loaded once it has answered."""
    program = (
        "import sys\nfrom bridge.cli import main\n"
        "try: main(sys.argv[1:])\n"
        f"finally: print('loaded', *(name for name in {LARGE!r} if name in sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=60, check=True
    )
    assert "Usage: " in done.stdout
    return done.stderr.split()[1:]


@pytest.mark.parametrize("command", [(), *((name,) for name in main.list_commands(CONTEXT))], ids=" ".join)
def test_help_loads_none_of_the_large_packages(command: tuple[str, ...]) -> None:
    assert find_loaded(*command, "--help") == []


def test_the_help_says_of_each_command_what_its_own_help_begins_with() -> None:
    told = {name: sentence for commands in SECTIONS.values() for name, sentence in commands.items()}
    own = {name: main.get_command(CONTEXT, name) for name in main.list_commands(CONTEXT)}
    assert told == {name: command.get_short_help_str(200) for name, command in own.items() if command}
