"""What is installed is locked: one version of each package, on each supported Python, wherever it is installed."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.tools.lock import BUILDS_SOURCES, LOCK, ROOT, Package, applies, lines, missing, required, supported

PINS = [Requirement(line) for line in LOCK.read_text("utf-8").splitlines() if not line.startswith("#")]
BY_LOCK = "PIP_CONSTRAINT=deploy/constraints.txt PIP_BUILD_CONSTRAINT=deploy/constraints.txt"


def pinned(name: str, python: str) -> list[Version]:
    """The versions that the lock has of a package for a Python."""
    return [
        Version(next(iter(pin.specifier)).version)
        for pin in PINS
        if pin.name == canonicalize_name(name) and applies(pin, python, ())
    ]


def test_the_lock_has_names_and_versions_and_no_place_where_they_came_from() -> None:
    text = LOCK.read_text("utf-8")
    bound = r'python_version (?:<|>=) "3\.\d+"'
    for line in text.splitlines():
        if not line.startswith("#"):
            assert re.fullmatch(rf"[a-z0-9-]+==[0-9][0-9a-z.]*(?: ; {bound}(?: and {bound})?)?", line), line
    assert "/" not in text.replace("deploy/constraints.txt", "")
    assert "--" not in text


@pytest.mark.parametrize("python", supported())
def test_each_requirement_of_the_project_has_one_version_in_range_on_each_python(python: str) -> None:
    wanted = [*required(), *map(Requirement, BUILDS_SOURCES)]
    assert {"aiohttp", "psycopg", "pytest", "mypy", "hatchling"} <= {one.name for one in wanted}
    for one in wanted:
        found = pinned(one.name, python)
        assert len(found) == 1, f"{one.name}: run python -m tests.tools.lock"
        assert one.specifier.contains(found[0]), (
            f"{one} does not admit {found[0]}: run python -m tests.tools.lock"
        )


@pytest.mark.parametrize("python", supported())
def test_no_package_has_two_versions_on_one_python(python: str) -> None:
    names = [pin.name for pin in PINS if applies(pin, python, ())]
    assert len(names) == len(set(names))


def test_all_that_the_requirements_bring_along_is_locked() -> None:
    names, waiting, seen = {pin.name for pin in PINS}, required(), set()
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        assert name in names, f"{name} floats: run python -m tests.tools.lock"
        if (name, *sorted(wanted.extras)) in seen:
            continue
        seen.add((name, *sorted(wanted.extras)))
        try:
            brings = [Requirement(text) for text in distribution(name).requires or ()]
        except PackageNotFoundError:  # of a build, or of another system
            continue
        waiting += [
            one for one in brings if any(applies(one, python, wanted.extras) for python in supported())
        ]
    assert len(seen) > 50


def test_the_supported_pythons_are_those_of_the_project() -> None:
    assert supported() == ["3.11", "3.12", "3.13", "3.14"]
    assert 'requires-python = ">=3.11"' in (ROOT / "pyproject.toml").read_text("utf-8")


# --- where it is used ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["README.md", "deploy/README.md", "deploy/Dockerfile", ".ci/run"])
def test_whatever_installs_the_bridge_installs_by_the_lock(name: str) -> None:
    text = (ROOT / name).read_text("utf-8").replace("\\\n", " ")
    installs = [line for line in text.splitlines() if re.search(r"pip\"? install .*\.(?:$|[ '\[])", line)]
    assert installs, name
    if name == "deploy/Dockerfile":
        assert f"ENV {BY_LOCK}\n" in text
        assert text.index("COPY deploy/constraints.txt") < text.index("pip install")
        return
    for line in installs:
        if "--upgrade" not in line or name != ".ci/run":  # there the newest versions are tried
            assert re.search(rf"{BY_LOCK} +\S*pip\"? install", line), line


def test_the_ranges_of_the_project_stay_open_for_those_who_install_it_as_a_library() -> None:
    for one in required():
        assert "==" not in str(one.specifier), one


# --- how it is made ------------------------------------------------------------------------------------------


def test_a_version_that_differs_by_python_has_a_marker_and_others_have_none() -> None:
    pins = {
        "3.11": {"same": "1.0", "moves": "1.0", "old": "1.0"},
        "3.12": {"same": "1.0", "moves": "2.0"},
        "3.13": {"same": "1.0", "moves": "2.0"},
        "3.14": {"same": "1.0", "moves": "3.0"},
    }
    assert list(lines(pins)) == [
        'moves==1.0 ; python_version < "3.12"',
        'moves==2.0 ; python_version >= "3.12" and python_version < "3.14"',
        'moves==3.0 ; python_version >= "3.14"',
        "old==1.0",
        "same==1.0",
    ]


def package(name: str, *requires: str, requires_python: str = "") -> Package:
    return Package(name, "1.0", requires, requires_python, False)


def test_what_only_another_python_or_system_needs_is_asked_for_too() -> None:
    found = {
        one.name: one
        for one in (
            package("a", 'b; sys_platform == "win32"', 'c; python_version >= "3.14"', 'd; extra == "more"'),
            package("e", "a[more]", 'f; extra == "never"', 'g; python_version < "3.11"'),
        )
    }
    roots = [Requirement("e")]
    assert missing(roots, {"3.13": found}) == {"b", "d"}
    assert missing(roots, {"3.13": found, "3.14": found}) == {"b", "c", "d"}


@pytest.mark.parametrize(
    "packages",
    [(package("a", "b>=2"), package("b")), (package("a", "b"), package("b", requires_python="<3.14"))],
)
def test_a_version_that_does_not_fit_a_python_that_is_not_here_is_refused(
    packages: tuple[Package, ...],
) -> None:
    with pytest.raises(LookupError, match=r"Python 3\.14: b 1\.0"):
        missing([Requirement("a")], {"3.14": {one.name: one for one in packages}})


def test_pips_report_is_read() -> None:
    found = Package.of(
        {
            "metadata": {
                "name": "Flat.Name",
                "version": "1.2",
                "requires_dist": ["six"],
                "requires_python": ">=3.9",
            },
            "download_info": {"url": "file:///x/flat_name-1.2.tar.gz"},
        }
    )
    assert found == Package("flat-name", "1.2", ("six",), ">=3.9", True)


def test_the_lock_lies_where_the_image_may_see_it() -> None:
    assert LOCK.relative_to(ROOT) == Path("deploy/constraints.txt")
    assert "!deploy/constraints.txt" in (ROOT / ".dockerignore").read_text("utf-8").split()
