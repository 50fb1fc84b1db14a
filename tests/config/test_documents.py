"""What is written about the configuration is true: the example, the reference, the schema."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from bridge.config.init_template import (
    PLACES,
    format_scalar,
    read_example,
    render_starter,
)
from bridge.config.loader import load_bytes
from bridge.config.reference import build_json_schema, render_reference
from bridge.config.schema_introspection import walk_keys
from bridge.config.settings import Settings
from bridge.config.show import build_effective_settings, dump_yaml
from bridge.order.model import Money
from tests.config.valid_configuration import GOOD, faults, loaded

ROOT = Path(__file__).parents[2]
FILLED = {
    "YOUR-DOMAIN": "bridge.acme-prints.fr", "YOUR-SHOP": "acme", "YOUR-CLIENT-ID": "9c2f6a1e",
    "YOUR-LOGIN": "prints@acme-prints.fr", "YOUR-SKU": "RING-S", "YOUR-DESIGN-UUID": "QfGQC4YQ",
}  # fmt: skip
ENV = {"SHOPIFY_CLIENT_SECRET": "a", "SCULPTEO_PASSWORD": "b"}
KEYS = sorted(set(walk_keys()))


def filled() -> str:
    text = read_example()
    for placeholder, value in FILLED.items():
        assert text.count(placeholder) >= 1
        text = re.sub(rf"(?m)^([^#\n]*){placeholder}", rf"\g<1>{value}", text)
    return text


def test_the_example_beside_the_readme_is_the_one_that_init_uses() -> None:
    assert (ROOT / "config.example.yaml").read_text("utf-8") == read_example()


def test_the_example_starts_once_it_is_filled_in() -> None:
    found = load_bytes(filled().encode(), Path("config.yaml"), ENV)
    assert found.warnings == ()
    assert found.settings.mode == "test"


def test_the_example_refuses_to_start_unedited_and_names_each_key_to_fill() -> None:
    found = faults(read_example(), ENV)
    assert [one.path for one in found] == [
        "server.public_url", "shops.my-shop.domain", "shops.my-shop.client_id", "sculpteo.login",
        "products[0].sku", "products[0].uuid",
    ]  # fmt: skip
    for one in found:
        assert "placeholder" in one.what
        assert one.remedy.startswith("fill it in: ")


def test_every_placeholder_of_the_example_is_refused() -> None:
    told = " ".join(str(one) for one in faults(read_example(), ENV))
    for placeholder in set(re.findall(r"(?m)^[^#\n]*(YOUR-[A-Z-]+[A-Z])", read_example())):
        assert placeholder in told


def test_the_example_is_not_live() -> None:
    assert yaml.safe_load(read_example())["mode"] == "test"


@pytest.mark.parametrize(("name", "path"), KEYS)
def test_the_example_shows_every_key(name: str, path: str) -> None:
    assert re.search(rf"(?m)(^|[\s#{{,-]){name}:", read_example()), path


COMMENTED = re.compile(r"(?m)^( *)# ([a-z_]+): ([^\n]+)$")
NEED_FILES = {"template", "font_path", "logo", "seller", "webhook_secrets"}
PROSE = {"preview", "test", "live", "automatic", "template"}


def commented() -> list[re.Match[str]]:
    """The keys that the example has in comments on one line."""
    return [one for one in COMMENTED.finditer(filled()) if one[2] not in NEED_FILES | PROSE]


@pytest.mark.parametrize("found", commented(), ids=lambda found: f"{found[2]}: {found[3]}")
def test_what_the_example_has_in_comments_can_be_used_as_it_stands(found: re.Match[str]) -> None:
    text, indent, key = filled(), found[1], found[2]
    taken = re.sub(rf"(?m)^{indent}{key}:.*$", "", text[: found.start()])  # the key that it would repeat
    text = f"{taken}{indent}{key}: {found[3]}{text[found.end() :]}"
    env = {**ENV, **dict.fromkeys(re.findall(r"\$\{(\w+)\}", text), "s3cr3t")}
    assert [str(one) for one in faults(text, env)] == []


# --- reference -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "path"), KEYS)
def test_the_reference_has_every_key(name: str, path: str) -> None:
    assert re.search(rf"(?m)^(\| |## )`(\S+\.)?{name}(\[\]|\.<name>)?`", render_reference()) or name in {
        "option",
        "values",
    }, path


def test_the_reference_is_a_table_that_every_reader_can_show() -> None:
    for row in render_reference().splitlines():
        if row.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", row)) == 5, row


# --- schema ----------------------------------------------------------------------------------------------


def objects(part: Any) -> list[dict[str, Any]]:
    if isinstance(part, dict):
        own = [part] if "properties" in part else []
        return own + [one for inner in part.values() for one in objects(inner)]
    return [one for inner in part for one in objects(inner)] if isinstance(part, list) else []


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(build_json_schema())


def test_the_schema_describes_every_key_and_refuses_unknown_ones() -> None:
    for one in objects(build_json_schema()):
        assert one["additionalProperties"] is False
        for name, field in one["properties"].items():
            assert field.get("description") or name == "file", name
    assert set(build_json_schema()["properties"]) == set(Settings.model_fields)


@pytest.mark.parametrize("text", [GOOD, filled()])
def test_the_schema_takes_what_the_bridge_takes(text: str) -> None:
    errors = list(jsonschema.Draft202012Validator(build_json_schema()).iter_errors(yaml.safe_load(text)))
    assert [(list(one.path), one.message) for one in errors] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("mode: test", "mode: tset"),
        ("unit: cm", "unit: mn"),
        ("unmapped:", "unmaped:"),
        ("300 EUR", "300"),
        ("mode: test\n", ""),
    ],
)
def test_the_schema_refuses_what_the_bridge_refuses(old: str, new: str) -> None:
    assert not jsonschema.Draft202012Validator(build_json_schema()).is_valid(
        yaml.safe_load(GOOD.replace(old, new))
    )


def test_the_defaults_of_the_schema_have_the_form_of_the_file() -> None:
    sculpteo = build_json_schema()["$defs"]["SculpteoSettings"]["properties"]
    assert sculpteo["timeout"]["default"] == "1m"
    assert build_json_schema()["properties"]["database"]["default"] == "sqlite:///bridge.db"


# --- what init writes ------------------------------------------------------------------------------------

ANSWERS = {
    "name": "acme", "domain": "acme.myshopify.com", "client_id": "9c2f",
    "public_url": "https://bridge.acme-prints.fr", "login": "null", "theme": "slip: # ${X} \"quoted\"", "currency": "GBP",
    "admin_url": "http://127.0.0.1:9001", "base_url": "http://127.0.0.1:9002",
    "database": "sqlite:////srv/bridge.db", "material": "1e3", "unit": "in", "sku": "012345", "uuid": "NO",
}  # fmt: skip


def test_every_answer_is_where_it_belongs_whatever_it_looks_like() -> None:
    assert set(ANSWERS) == set(PLACES)
    found = load_bytes(render_starter(ANSWERS).encode(), Path("config.yaml"), ENV).settings
    shop = found.shops["acme"]
    assert (shop.domain, shop.client_id) == (ANSWERS["domain"], ANSWERS["client_id"])
    assert (found.sculpteo.login, found.sculpteo.theme, found.sculpteo.currency) == (
        "null",
        ANSWERS["theme"],
        "GBP",
    )
    assert found.limits.per_day == Money(Decimal(2000), "GBP")
    assert (found.products[0].sku, found.products[0].uuid) == ("012345", "NO")
    assert (found.defaults.material, found.defaults.unit) == ("1e3", "in")
    assert found.database.get_secret_value() == ANSWERS["database"]


def test_an_older_app_is_reached_by_its_token() -> None:
    text = render_starter(ANSWERS, older_app=True)
    found = load_bytes(text.encode(), Path("config.yaml"), {**ENV, "SHOPIFY_ACCESS_TOKEN": "t"})
    shop = found.settings.shops["acme"]
    assert shop.client_id is None
    assert shop.access_token is not None


@pytest.mark.parametrize(
    "text", ["a: b", "#x", "${X}", "it's", '"', "é", "null", "~", "1", "...", "- a", "a\\b"]
)
def test_an_answer_is_written_so_that_it_is_read_the_same(text: str) -> None:
    assert yaml.safe_load(f"key: {format_scalar(text)}")["key"] == text.replace("${", "$${")


def test_what_show_prints_can_be_read_again() -> None:
    text = dump_yaml(build_effective_settings(loaded(GOOD))).replace("alerts:\n- '***'", "alerts: []")
    assert [str(one) for one in faults(text)] == []
