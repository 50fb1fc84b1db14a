"""A database that is away is told in one sentence, with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from bridge.cli import main
from bridge.runtime import service

CONFIG = """
mode: test
server: {public_url: "https://bridge.example.com"}
database: postgresql://nobody@127.0.0.1:1/bridge
shops: {acme: {domain: acme-prints.myshopify.com, client_id: abc123, client_secret: "${SECRET}"}}
sculpteo: {login: merchant@example.com, password: "${SECRET}"}
products: [{sku: RING-S, uuid: QfGQC4YQ, material: silver}]
"""


@pytest.mark.parametrize("command", ["serve", "status", "orders list", "pause", "audit", "why 1001"])
def test_a_database_that_is_away_is_named_with_the_remedy(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "START_PATIENCE", 0)
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG)
    ran = CliRunner().invoke(main, [*command.split(), "-c", str(file)], env={"SECRET": "s3cret-of-a-test"})
    assert ran.exit_code == 1
    assert "the database cannot be used" in ran.output
    assert "`database` in the configuration" in ran.output
    assert "Traceback" not in ran.output
