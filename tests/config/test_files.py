"""The file itself: its encoding, its size, its form; and what it refers to."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from bridge.config.loader import load_config
from bridge.errors import ConfigError
from tests.config.valid_configuration import ENV, GOOD, faults, loaded


def only(text: str | bytes) -> str:
    (fault,) = faults(text)
    return str(fault)


def test_a_file_that_is_not_there_is_told_with_the_way_to_write_one(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"config\.yaml: does not exist; write one with `sculpteo-bridge init`"
    ):
        load_config(tmp_path / "config.yaml")


def test_a_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a folder; name the file"):
        load_config(tmp_path)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.yaml")
    with pytest.raises(ConfigError, match="is not a file"):
        load_config(tmp_path / "config.yaml")


def test_a_path_that_no_file_can_have_is_told() -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(Path("config\0.yaml"))


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "\ufeff"])
def test_an_empty_file_is_told(text: str) -> None:
    assert re.search("config.yaml:1:1: is empty|must be a mapping", only(text))


@pytest.mark.parametrize("text", ["- mode: test\n", "test\n", "[1, 2]", '"a"'])
def test_a_file_that_is_no_mapping_is_told(text: str) -> None:
    assert "config.yaml:1:1: must be a mapping" in only(text)


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm() -> None:
    assert faults("\ufeff" + GOOD.replace("\n", "\r\n")) == ()


def test_utf_16_is_told() -> None:
    assert "config.yaml:1:1: is written in UTF-16; save it as UTF-8" in only(GOOD.encode("utf-16"))


def test_latin_1_is_told_with_the_line_of_its_first_odd_letter() -> None:
    content = GOOD.replace("level: info", "level: é").encode("latin-1")
    assert "config.yaml:49:10: is not written in UTF-8" in only(content)


def test_a_file_of_another_kind_is_bounded() -> None:
    assert "is larger than 2 MB" in only(b"a" * 2_000_001)


def test_a_file_nested_without_end_is_bounded() -> None:
    assert "nested more than" in only("a: " + "[" * 100_000)
    assert "nested more than" in only("\n".join("  " * depth + "a:" for depth in range(100)))


def test_aliases_that_multiply_are_bounded() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12))
    assert "comes to more than" in only(bomb)


def test_anchors_and_merge_keys_are_followed() -> None:
    text = GOOD.replace(
        "  - sku: CHESS\n",
        "  - &base {sku: A, uuid: abc, material: silver}\n  - {<<: *base, sku: B}\n  - sku: CHESS\n",
    )
    products = loaded(text).settings.products
    assert [(one.sku, one.uuid, one.material) for one in products[2:4]] == [
        ("A", "abc", "silver"),
        ("B", "abc", "silver"),
    ]


def test_of_several_merged_mappings_the_first_wins() -> None:
    text = GOOD.replace(
        "  - sku: CHESS\n",
        "  - &a {sku: A, uuid: aaa}\n  - &b {sku: B, uuid: bbb, unit: cm}\n"
        "  - {sku: C, <<: [*a, *b]}\n  - sku: CHESS\n",
    )
    product = loaded(text).settings.products[4]
    assert (product.sku, product.uuid, product.unit) == ("C", "aaa", "cm")


def test_a_fault_in_a_merged_mapping_is_told_where_it_stands() -> None:
    text = GOOD.replace(
        "  - sku: CHESS\n", "  - &a {sku: A, uuid: a, unit: mn}\n  - {<<: *a, sku: B}\n  - sku: CHESS\n"
    )
    assert {one.line for one in faults(text)} == {33}


def test_a_key_without_a_value_means_its_default() -> None:
    text = GOOD.replace('alerts: ["json://127.0.0.1/alert"]', "alerts:").replace(
        "  level: info", "  level: ~"
    )
    settings = loaded(text).settings
    assert settings.alerts == ()
    assert settings.logging.level == "info"


def test_too_many_faults_are_cut() -> None:
    text = GOOD + "".join(f"key{index}: 1\n" for index in range(2000))
    assert len(faults(text)) == 500


def test_a_large_shop_loads_in_a_moment() -> None:
    rows = "".join(f"  - {{sku: SKU-{index}, uuid: QfGQC4YQ}}\n" for index in range(1500))
    rows += "".join(f'  - {{sku: "P-{index:04}-*", uuid: QfGQC4YQ}}\n' for index in range(500))
    assert len(loaded(GOOD.replace("products:\n", f"products:\n{rows}")).settings.products) == 2003


def test_the_hash_is_that_of_the_file() -> None:
    assert loaded(GOOD).hash != loaded(GOOD + "# a comment\n").hash
    assert loaded(GOOD).catalog.version == loaded(GOOD + "# a comment\n").catalog.version


def test_a_configuration_is_loaded_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(GOOD, "utf-8")
    found = load_config(path, ENV)
    assert found.path == path
    assert found.settings.mode == "test"
    assert [one.path for one in faults(GOOD, {})] == ["shops.acme.client_secret", "sculpteo.password"]
