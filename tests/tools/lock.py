"""Writes `deploy/constraints.txt`, the versions that are installed. `python -m tests.tools.lock`

pip resolves what `pyproject.toml` asks for, extras and build requirements too, on each supported Python that is
on this machine. A Python that is not here gets the versions of the newest that is here and older; that each of
them can be installed there is checked. What only other Pythons or systems need is added by its metadata.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import click
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "deploy" / "constraints.txt"
SELF = "sculpteo-bridge"
HEAD = """\
# The versions that are installed, for all supported Pythons: of the program, its extras and its build.
# Made by `python -m tests.tools.lock`; pyproject.toml has the ranges. pip reads this file by PIP_CONSTRAINT
# and, for the build, by PIP_BUILD_CONSTRAINT (pip 25.3 and newer; older ones take PIP_CONSTRAINT for both).
"""
SYSTEMS = (
    {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
)
Pins = Mapping[str, str]  # canonical name -> version


@dataclass(frozen=True, slots=True)
class Package:
    """What pip found for one name on one Python."""

    name: str
    version: str
    requires: tuple[str, ...]
    requires_python: str
    is_source: bool  # built on the machine where it is installed

    @staticmethod
    def of(item: Mapping[str, object]) -> Package:
        """From an entry of pip's report: https://pip.pypa.io/en/stable/reference/installation-report/"""
        metadata, download = item["metadata"], item["download_info"]
        assert isinstance(metadata, dict)
        assert isinstance(download, dict)
        return Package(
            canonicalize_name(metadata["name"]),
            metadata["version"],
            tuple(metadata.get("requires_dist") or ()),
            metadata.get("requires_python") or "",
            not download["url"].endswith(".whl"),
        )


# --- what is asked for ---------------------------------------------------------------------------------------


def project() -> dict[str, object]:
    found: dict[str, object] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return found


def supported() -> list[str]:
    """The supported Pythons as the project's classifiers name them, the oldest first: "3.11"."""
    table = project()["project"]
    assert isinstance(table, dict)
    found = re.findall(r"Python :: (3\.\d+)", "\n".join(table["classifiers"]))
    return sorted(found, key=lambda version: int(version.partition(".")[2]))


def required() -> list[Requirement]:
    """All that `pyproject.toml` names: dependencies, extras and build requirements."""
    read = project()
    table, build = read["project"], read["build-system"]
    assert isinstance(table, dict)
    assert isinstance(build, dict)
    lists = [table["dependencies"], *table["optional-dependencies"].values(), build["requires"]]
    found = [Requirement(text) for texts in lists for text in texts]
    return [one for one in found if canonicalize_name(one.name) != SELF]


BUILDS_SOURCES = (
    "setuptools",
    "wheel",
)  # what pip builds with where a package names nothing, and older pips do


# --- resolving -----------------------------------------------------------------------------------------------


def interpreter(version: str) -> str | None:
    """A Python of this version that runs: a shim of pyenv may lead nowhere."""
    pyenv = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    for path in (shutil.which(f"python{version}"), *map(str, pyenv), sys.executable):
        if path and _prints(path, "import sys; print('%d.%d' % sys.version_info[:2])") == version:
            return path
    return None


def _prints(python: str, code: str) -> str:
    return subprocess.run([python, "-c", code], capture_output=True, text=True).stdout.strip()


def pip(python: str, *words: str) -> None:
    """Raises CalledProcessError where pip fails; it has told why."""
    free = {name: text for name, text in os.environ.items() if not name.endswith("_CONSTRAINT")}
    subprocess.run([python, "-m", "pip", *words], check=True, env=free)


def resolve(python: str, requirements: Sequence[str], folder: Path) -> list[Package]:
    """What pip would install on this Python into an empty environment."""
    venv, report = folder / "venv", folder / "report.json"
    if not venv.exists():
        subprocess.run([python, "-m", "venv", str(venv)], check=True)
    options = ("--quiet", "--dry-run", "--ignore-installed", "--report", str(report))
    pip(str(venv / "bin" / "python"), "install", *options, *requirements)
    return [Package.of(item) for item in json.loads(report.read_text())["install"]]


def check_wheels(python: str, version: str, packages: Iterable[Package], folder: Path) -> None:
    """Raises CalledProcessError where one of them has no wheel for a Python that is not here."""
    pins = [f"{one.name}=={one.version}" for one in packages if not one.is_source]
    options = (
        "--quiet",
        "--dry-run",
        "--no-deps",
        "--only-binary",
        ":all:",
        "--target",
        str(folder / "none"),
    )
    pip(python, "install", *options, "--python-version", version, *pins)


def needed(
    roots: Iterable[Requirement], packages: Mapping[str, Package], version: str
) -> Iterator[Requirement]:
    """All that is installed with the roots on a Python of this version, on whichever system."""
    waiting, seen = list(roots), set()
    while waiting:
        wanted = waiting.pop()
        key = (canonicalize_name(wanted.name), *sorted(wanted.extras), str(wanted.specifier))
        if key in seen:
            continue
        seen.add(key)
        yield wanted
        package = packages.get(canonicalize_name(wanted.name))
        if package:
            more = [Requirement(text) for text in package.requires]
            waiting += [one for one in more if applies(one, version, wanted.extras)]


def applies(requirement: Requirement, version: str, extras: Iterable[str]) -> bool:
    """Whether some system needs it on this Python, of a package that was asked for with these extras."""
    python = {"python_version": version, "python_full_version": f"{version}.0"}
    marker = requirement.marker
    return marker is None or any(
        marker.evaluate({**python, **system, "extra": extra}) for system in SYSTEMS for extra in ("", *extras)
    )


def missing(roots: Sequence[Requirement], found: Mapping[str, Mapping[str, Package]]) -> set[str]:
    """Names that some supported Python or system needs and no resolution has met yet.

    Raises LookupError where a version that was found does not fit a Python that it is for.
    """
    absent: set[str] = set()
    for version, packages in found.items():
        for one in needed(roots, packages, version):
            package = packages.get(canonicalize_name(one.name))
            if package is None:
                absent.add(canonicalize_name(one.name))
            elif not one.specifier.contains(package.version, prereleases=True) or not SpecifierSet(
                package.requires_python
            ).contains(f"{version}.0"):
                raise LookupError(f"Python {version}: {package.name} {package.version} does not fit {one}")
    return absent


# --- the file ------------------------------------------------------------------------------------------------


def lines(pins: Mapping[str, Pins]) -> Iterator[str]:
    """The file's lines, of what each Python (the oldest first) has; markers only where versions differ."""
    for name in sorted({name for one in pins.values() for name in one}):
        having = [(version, one[name]) for version, one in pins.items() if name in one]
        groups = [
            (pin, [version for version, _ in group]) for pin, group in groupby(having, lambda one: one[1])
        ]
        for place, (pin, versions) in enumerate(groups):
            bounds = [f'python_version >= "{versions[0]}"'] if place else []
            bounds += [f'python_version < "{groups[place + 1][1][0]}"'] if place + 1 < len(groups) else []
            yield f"{name}=={pin}" + (f" ; {' and '.join(bounds)}" if bounds else "")


def resolved(roots: Sequence[str], here: Mapping[str, str], made: Path) -> dict[str, dict[str, Package]]:
    """Python -> canonical name -> what is installed there. `here` has the interpreters of this machine."""
    found: dict[str, dict[str, Package]] = {}
    for version in supported():
        if version in here:
            click.echo(f"Python {version}: resolving", err=True)
            (made / version).mkdir(exist_ok=True)
            packages = resolve(here[version], roots, made / version)
            found[version] = {one.name: one for one in packages}
        elif found:
            older = [*found][-1]
            click.echo(f"Python {version} is not here: the versions of {older}", err=True)
            found[version] = found[older]
    return found


def main() -> None:
    here = {version: path for version in supported() if (path := interpreter(version))}
    if not here:
        raise SystemExit("none of the supported Pythons is on this machine")
    roots = [*required(), *map(Requirement, BUILDS_SOURCES)]
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder)
        extra: set[str] = set()
        found = resolved([str(one) for one in roots], here, made)
        while not (absent := missing(roots, found)) <= extra:
            extra |= absent
            found = resolved([*map(str, roots), *sorted(extra)], here, made)
        newest = str(made / [*here][-1] / "venv" / "bin" / "python")
        for version in found.keys() - here.keys():
            check_wheels(newest, version, found[version].values(), made)
    pins = {
        version: {one.name: one.version for one in packages.values()} for version, packages in found.items()
    }
    LOCK.write_text(HEAD + "\n".join(lines(pins)) + "\n", "utf-8")


if __name__ == "__main__":
    main()
