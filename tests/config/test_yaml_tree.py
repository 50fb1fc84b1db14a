"""Where the database is: the same from every folder, and told by a file with faults as far as it can be."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.config.database_location import load_config_location
from bridge.config.database_settings import (
    mask_url,
    resolve_database,
)
from bridge.config.loader import load_config
from bridge.errors import ConfigError
from tests.config.valid_configuration import ENV, GOOD

LINE = "database: sqlite:///bridge.db\n"
SERVER = "database: postgresql://bridge:${DATABASE_PASSWORD}@db/bridge\n"


@pytest.mark.parametrize(
    ("written", "opened"),
    [
        ("sqlite:///bridge.db", "sqlite:////srv/shop/bridge.db"),
        ("sqlite:///./data/b.db", "sqlite:////srv/shop/data/b.db"),
        ("sqlite:///../b.db", "sqlite:////srv/shop/../b.db"),
        ("sqlite+pysqlite:///b.db?timeout=5", "sqlite+pysqlite:////srv/shop/b.db?timeout=5"),
        ("sqlite:////var/lib/b.db", "sqlite:////var/lib/b.db"),
        ("postgresql://a:b@host/name", "postgresql://a:b@host/name"),
    ],
)
def test_a_relative_file_begins_in_the_folder_of_the_configuration(written: str, opened: str) -> None:
    assert resolve_database(written, Path("/srv/shop")) == opened


def test_every_folder_leads_to_the_same_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "config.yaml").write_text(GOOD)
    found = set()
    for folder, path in ((tmp_path, "home/config.yaml"), (tmp_path / "home", "config.yaml")):
        monkeypatch.chdir(folder)
        for made in (
            load_config(Path(path), ENV).settings.database.get_secret_value(),
            load_config_location(Path(path), ENV).database,
        ):
            found.add(made)
    assert found == {f"sqlite:///{tmp_path}/home/bridge.db"}


@pytest.mark.parametrize(
    ("old", "new", "file"),
    [
        ("mode: test", "mode: tset", "bridge.db"),
        ("${SHOPIFY_SECRET}", "${NOT_SET}", "bridge.db"),
        ("unmapped: hold", "unmaped: hold", "bridge.db"),
        (LINE, "x: 1\n", "bridge.db"),
        (LINE, "database:\nx: 1\n", "bridge.db"),
        (LINE, "database: {file: where.txt}\nx: 1\n", "other.db"),
        (LINE, 'database: "sqlite:///other.db"\ntest\n', "other.db"),
        ("ignore: [", "ignore: [[", "bridge.db"),
        ("mode: test", "mode: 'test", "bridge.db"),
        ("mode: test", "mode: test\n\tx: 1", "bridge.db"),
        (LINE, "# database: postgresql://other/one\n" + LINE + "a: [\n", "bridge.db"),
    ],
)
def test_a_file_with_faults_tells_where_the_database_is(
    tmp_path: Path, old: str, new: str, file: str
) -> None:
    assert old in GOOD
    (tmp_path / "where.txt").write_text("sqlite:///other.db\n")
    (tmp_path / "config.yaml").write_text(GOOD.replace(old, new, 1))
    found = load_config_location(tmp_path / "config.yaml", ENV)
    assert found.faults is not None
    assert found.loaded is None
    assert found.database == f"sqlite:///{tmp_path}/{file}"


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace(LINE, SERVER),
        GOOD.replace(LINE, LINE + "database: sqlite:///other.db\n"),
        GOOD.replace(LINE, "databse: sqlite:///other.db\n"),
        GOOD.replace(LINE, "database: mysql://host/name\n"),
        GOOD.replace(LINE, LINE + "database: sqlite:///other.db\n") + "a: [\n",
        GOOD.replace(LINE, SERVER) + "a: [\n",
        "{mode: test, database: sqlite:///x.db, ",
    ],
)
def test_nothing_is_guessed_where_the_file_does_not_tell(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(ConfigError, match="does not tell where the database is") as refused:
        load_config_location(tmp_path / "config.yaml", ENV)
    assert len(refused.value.faults) >= 2, "the faults themselves are told too"


def test_a_shown_address_has_no_password() -> None:
    assert mask_url("postgresql://me:secret@db/name?password=x") == "postgresql://***@db/name?password=***"
    assert mask_url("sqlite:////srv/a=b@c/bridge.db") == "sqlite:////srv/a=b@c/bridge.db"
