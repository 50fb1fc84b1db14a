"""What deploy/ says is true: files parse, commands, paths, settings and metrics exist."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from bridge.cli import main
from bridge.config.schema_introspection import walk_keys
from bridge.order.notifications import TEXTS
from bridge.web.metrics import Metrics

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "sculpteo-bridge.service"
TEXTS_OF = {path.name: path.read_text() for path in sorted(DEPLOY.iterdir()) if path.is_file()}
README = TEXTS_OF["README.md"]


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(TEXTS_OF["compose.yaml"])
    return found


def command_of(words: list[str]) -> click.Command | None:
    """The command that these words begin with; groups take another word."""
    context, found = click.Context(main), main.get_command(click.Context(main), words[0])
    if isinstance(found, click.Group) and len(words) > 1:
        return found.get_command(context, words[1])
    return found


@pytest.mark.parametrize("name", TEXTS_OF)
def test_every_command_that_is_named_exists(name: str) -> None:
    found = re.findall(r"sculpteo-bridge((?: [a-z][a-z-]+)+)(?=[`'\"\n ]|$)", TEXTS_OF[name])
    for words in found:
        first = words.split()
        if first[0] in {"status", "serve", "check", "audit", "rebuild", "alerts", "config", "password"}:
            assert command_of(first) is not None, words
    named = re.findall(r"`sculpteo-bridge ([a-z]+(?: [a-z]+)?)[^`]*`", TEXTS_OF[name])
    for words in named:
        assert command_of(words.split()) is not None, words


def test_every_setting_that_is_named_exists() -> None:
    known = {path.replace("[]", "").replace(".<name>", "") for _, path in walk_keys()}
    known |= {path.rpartition(".")[2] for path in known}
    for section, key in re.findall(r"`(server|shops|logging|approval|limits)\.(\w+)", README):
        assert f"{section}.{key}" in known
    for text in re.findall(r"`(\w+): [^`/]*`", README):
        assert text in known, text


def test_every_file_that_is_named_exists() -> None:
    for name in re.findall(r"`([A-Za-z][\w.-]*\.(?:yaml|service|conf)|Dockerfile|Caddyfile)`", README):
        if name not in {"config.yaml", "journald.conf"}:
            assert (DEPLOY / name).exists(), name
    for path in re.findall(r"(deploy/[\w.-]+\.\w+)", "".join(TEXTS_OF.values())):
        assert (ROOT / path).exists() or path == "deploy/bridge.env", path


def test_every_metric_that_is_named_exists() -> None:
    meters = Metrics()
    known = {metric.name for metric in meters.registry.collect()}
    named = set(re.findall(r"bridge_[a-z_]+", README + TEXTS_OF["alerts.yaml"]))
    for name in named:
        assert re.sub(r"_(total|bucket)$", "", name) in known, name
    for code in re.findall(r"\| `bridge_conditions\{code\}` \| [^|]*", README)[0].split("`")[3::2]:
        assert code in TEXTS, code


def test_the_rules_for_prometheus_are_whole() -> None:
    [group] = yaml.safe_load(TEXTS_OF["alerts.yaml"])["groups"]
    for rule in group["rules"]:
        assert {"alert", "expr", "annotations"} <= set(rule), rule
        assert rule["expr"].count("(") == rule["expr"].count(")")


def test_the_containers_run_without_rights_and_end_gracefully() -> None:
    bridge = compose()["services"]["bridge"]
    assert (bridge["read_only"], bridge["cap_drop"]) == (True, ["ALL"])
    assert bridge["build"]["dockerfile"] == "deploy/Dockerfile"
    assert int(bridge["stop_grace_period"].removesuffix("s")) >= 90
    dockerfile = TEXTS_OF["Dockerfile"]
    assert re.search(r"(?m)^USER bridge$", dockerfile)
    assert re.search(r"(?m)^HEALTHCHECK ", dockerfile)
    for name in re.findall(r"(?m)^COPY ((?!--)[^\n]+) \S+$", dockerfile):
        for path in name.split():
            assert (ROOT / path).exists(), path
            assert f"!{path}" in (ROOT / ".dockerignore").read_text().split()


@pytest.mark.parametrize("name", ["Caddyfile", "nginx.conf"])
def test_proxies_take_large_webhooks_and_keep_metrics_to_themselves(name: str) -> None:
    from bridge.web.webhooks import LARGEST

    sizes = re.findall(r"(?:max_size|client_max_body_size) (\d+)(?:MB|m)", TEXTS_OF[name])
    assert [int(size) * 1_048_576 for size in sizes] == [LARGEST]
    assert re.search(r"/metrics[ {]", TEXTS_OF[name])
    assert TEXTS_OF[name].count("{") == TEXTS_OF[name].count("}")


def test_nginx_knows_the_paths_that_the_bridge_has() -> None:
    from bridge.web import notifications, webhooks

    paths = [route.path for table in (webhooks.routes, notifications.routes) for route in table]  # type: ignore[attr-defined]
    for path in re.findall(r"location (/[a-z/]+/) \{", TEXTS_OF["nginx.conf"]):
        assert any(known.startswith(path) for known in paths), path


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    program = re.search(r"(?m)^ExecStart=(\S+)", UNIT.read_text())
    assert program is not None
    unit.write_text(UNIT.read_text().replace(program[1], "/bin/true"))
    found = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no", str(unit)], capture_output=True, text=True
    )
    assert (found.returncode, found.stderr) == (0, "")


def test_the_backup_command_makes_a_whole_copy_while_somebody_writes(tmp_path: Path) -> None:
    code = re.search(r'bin/python -c "([^"]+)"', README)
    assert code is not None
    source, copy = tmp_path / "bridge.db", tmp_path / "backup.db"
    with sqlite3.connect(source) as writing:
        writing.execute("PRAGMA journal_mode=WAL")
        writing.execute("CREATE TABLE orders (id INTEGER)")
        writing.execute("INSERT INTO orders VALUES (1)")
        writing.commit()
        writing.execute("INSERT INTO orders VALUES (2)")  # not committed, so not part of it
        subprocess.run([sys.executable, "-c", code[1], str(source), str(copy)], check=True)
    with sqlite3.connect(copy) as reading:
        assert reading.execute("SELECT id FROM orders").fetchall() == [(1,)]
        assert reading.execute("PRAGMA integrity_check").fetchone() == ("ok",)
