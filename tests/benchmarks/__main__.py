"""Runs the benchmarks one after the other: `python -m tests.benchmarks [--list] [NAME ...]`.

Each runs in a process of its own with its own defaults, and its result is one line that begins with its name: what it
found, and the anchor beside it. `python -m tests.benchmarks.NAME` shows all that one says; with --help, its options.
The exit code is 1 when an anchor was missed. `console` makes a million orders: some 6 GB for temporary files, and some minutes.
"""

from __future__ import annotations

import argparse
import ast
import subprocess
import sys
from pathlib import Path

import click

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]


def find_benchmarks() -> dict[str, str]:
    """Every benchmark of this folder, by name, with the first sentence of what it says of itself. A file that can be
    run by itself is one."""
    found: dict[str, str] = {}
    for path in sorted(FOLDER.glob("[!_]*.py")):
        source = path.read_text(encoding="utf-8")
        if '\nif __name__ == "__main__":' in source:
            first = (ast.get_docstring(ast.parse(source)) or "").splitlines()[0]
            found[path.stem] = first.partition(": `python")[0]
    return found


def run_benchmark(name: str) -> int:
    """Run it and print its last line; returns its exit code. What it says on standard error is shown as it comes."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.benchmarks.{name}"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith(f"{name}: ")]
    click.echo(lines[-1] if lines else f"{name}: ended without a result; exit code {done.returncode}")
    return done.returncode


def main() -> int:
    known = find_benchmarks()
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--list", action="store_true", help="only list them")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(known)}")
    options = parser.parse_args()
    unknown = set(options.names) - set(known)
    if unknown:
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    wanted = options.names or list(known)
    for name in wanted:
        click.echo(f"{name:<12}{known[name]}")
    if options.list:
        return 0
    click.echo()
    return max([run_benchmark(name) for name in wanted])


if __name__ == "__main__":
    sys.exit(main())
