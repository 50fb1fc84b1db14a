"""`designs` against a Sculpteo on this machine."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml

from bridge.config.loader import load_config
from tests.cli.live_sandbox import Floor, floor


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Floor]:
    async with floor(tmp_path) as made:
        yield made


def model(folder: Path, name: str = "Ring (S).stl") -> Path:
    path = folder / name
    path.write_bytes(b"solid ring\nendsolid")
    return path


async def test_an_upload_prints_a_line_that_the_configuration_takes(shop: Floor, tmp_path: Path) -> None:
    result = await shop.run("designs", "upload", str(model(tmp_path)), "--unit", "cm", "--scale", "0.5")
    assert result.exit_code == 0, result.stderr
    (line,) = yaml.safe_load(result.stdout)
    assert (line["sku"], line["unit"], line["scale"]) == ("RING-S", "cm", 0.5)
    design = shop.box.printer.design(line["uuid"])
    assert design is not None
    assert (design.name, design.private) == ("Ring (S)", True)
    shop.config["products"].append({**line, "sku": "RING-NEW"})
    assert (await shop.run("config", "check")).exit_code == 0
    assert "RING-NEW" in {sku for _, sku in load_config(shop.path).catalog.list_printed_rules()}


async def test_several_files_take_their_own_names_and_the_rest_is_uploaded_if_one_is_refused(
    shop: Floor, tmp_path: Path
) -> None:
    files = [str(model(tmp_path, f"{name}.stl")) for name in ("a", "b")]
    result = await shop.run("designs", "upload", *files, "--json")
    assert [one["name"] for one in json.loads(result.stdout)] == ["a", "b"]
    refused = await shop.run("designs", "upload", *files, "--name", "one")
    assert refused.exit_code == 2
    assert "--name is for one file" in refused.stderr


@pytest.mark.parametrize("name", ["empty.stl", "missing.stl"])
async def test_a_file_that_cannot_be_one_is_named(shop: Floor, tmp_path: Path, name: str) -> None:
    (tmp_path / "empty.stl").touch()
    result = await shop.run("designs", "upload", str(tmp_path / name))
    assert result.exit_code == 2
    assert name in result.stderr


async def test_an_upload_that_finds_nobody_says_so_and_ends_with_one(shop: Floor, tmp_path: Path) -> None:
    await shop.box.stop_sculpteo()
    result = await shop.run("designs", "upload", str(model(tmp_path)))
    assert result.exit_code == 1
    assert "Sculpteo did not take the file" in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


async def test_prices_are_asked_for_each_design_in_each_material(shop: Floor) -> None:
    words = ("Rg4sT9xQ", "Lm2Moon8", "--material", "silver", "--material", "brass", "--quantity", "2")
    result = await shop.run("designs", "price", *words, "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert [(one["design"], one["material"]) for one in found] == [
        ("Rg4sT9xQ", "silver"), ("Rg4sT9xQ", "brass"), ("Lm2Moon8", "silver"), ("Lm2Moon8", "brass"),
    ]  # fmt: skip
    assert {one["total"]["currency"] for one in found} == {"EUR"}
    assert {(one["quantity"], one["unit"]) for one in found} == {(2, "mm")}
    assert "EUR" in (await shop.run("designs", "price", *words)).stdout


async def test_a_design_without_a_price_says_why_and_ends_with_one(shop: Floor) -> None:
    result = await shop.run("designs", "price", "Rg4sT9xQ", "--material", "gold")
    assert result.exit_code == 1
    assert "there is no material gold" in result.stdout


@pytest.mark.parametrize("scale", ["0", "-1", "nan", "big", "Infinity"])
async def test_a_scale_that_is_none_is_refused(shop: Floor, scale: str) -> None:
    result = await shop.run("designs", "price", "Rg4sT9xQ", "--scale", scale)
    assert result.exit_code == 2
    assert "is not a scale" in result.stderr


async def test_materials_are_listed_and_searched(shop: Floor) -> None:
    everything = json.loads((await shop.run("designs", "materials", "--json")).stdout)
    assert "silver" in [one["id"] for one in everything]
    some = json.loads((await shop.run("designs", "materials", "WHITE", "plastic", "--json")).stdout)
    assert [one["id"] for one in some] == ["white_plastic"]
    none = await shop.run("designs", "materials", "unobtainium")
    assert none.exit_code == 1
    assert "unobtainium" in none.stderr


async def test_nothing_here_makes_a_database(shop: Floor) -> None:
    await shop.run("designs", "materials")
    assert not (shop.path.parent / "bridge.db").exists()
