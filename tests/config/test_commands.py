"""`init`, `config` and `check`, as they are typed; `check` against a Shopify and a Sculpteo on this machine."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from bridge.cli import main
from bridge.cli._upstream_checks import CheckResult
from bridge.cli.check import collect_checks
from bridge.config.alert_settings import list_alert_targets
from bridge.config.loader import Loaded, load_bytes
from bridge.sandbox.demo_config import add_demo_products
from bridge.sandbox.sandbox import Sandbox
from bridge.sandbox.shopify.settings import ALL_SCOPES, ShopSettings
from bridge.web.console.passwords import fits
from tests.config.valid_configuration import ENV, GOOD


def run(*words: str | Path, typed: str | None = None, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], input=typed, env={**ENV, **(env or {})})


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(GOOD, "utf-8")
    return path


# --- init ------------------------------------------------------------------------------------------------

SHOP = "acme.myshopify.com\n9c2f\nhttps://bridge.acme-prints.fr\nme\n\n\nsilver\nmm\nRING-S\nQfGQC4YQ\n"
LATER = "environment\nno\n"  # secrets are set later; the real shop
ANSWERS = f"{SHOP}{LATER}yes\n"
PASSWORD = "a password for the console"
FILLED = f"files\nshpss_s3cr3t\nprints-pw\n{PASSWORD}\n{PASSWORD}\nmailto://me:pw@mail.example.com\nyes\n"


def test_init_asks_and_writes_what_check_accepts(tmp_path: Path) -> None:
    path = tmp_path / "new.yaml"
    result = run("init", "-o", path, typed=ANSWERS)
    assert result.exit_code == 0, result.output
    assert f"Then: sculpteo-bridge check -c {path}" in result.output
    assert "Fill in" not in result.output
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    env = {"SHOPIFY_CLIENT_SECRET": "a", "SCULPTEO_PASSWORD": "b"}
    assert run("check", "--offline", "-c", path, env=env).exit_code == 0
    text = path.read_text("utf-8")
    assert "client_secret: ${SHOPIFY_CLIENT_SECRET}" in text
    assert "password: ${SCULPTEO_PASSWORD}" in text


def test_init_asks_again_where_an_answer_cannot_be(tmp_path: Path) -> None:
    result = run("init", "-o", tmp_path / "new.yaml", typed="acme\n" + ANSWERS)
    assert result.exit_code == 0
    assert 'did you mean "acme.myshopify.com"?' in result.output


@pytest.mark.parametrize(
    ("place", "answer", "said"),
    [
        (0, "https://admin.shopify.com/store/acme/orders", 'did you mean "acme.myshopify.com"?'),
        (0, "acme-prints.fr", "is not the shop's own Shopify domain"),
        (1, "shpss_0123456789abcdef", "this is a secret, not a client ID"),
        (1, "me@mail.example.com", "is not a client ID"),
        (1, "acme.myshopify.com", "is not a client ID"),
        (2, "https://acme.myshopify.com", "is Shopify's own address"),
        (2, "https://www.sculpteo.com", "is Sculpteo's own address"),
        (2, "bridge", "does not begin with https://"),
        (3, "https://www.sculpteo.com/", "is not a login"),
        (3, "shpss_0123456789abcdef", "this is a secret of Shopify, not a login"),
        (3, "two words", "is not a login"),
        (4, "https://www.sculpteo.com/theme", "is not the name of a theme"),
        (4, "me@mail.example.com", "is not the name of a theme"),
        (5, "francs", "is not"),
        (6, "shpat_0123456789abcdef", "this is a secret of Shopify, which does not belong here"),
        (7, "white_plastic", "is not a unit"),
        (8, "shpss_0123456789abcdef", "this is a secret of Shopify, which does not belong here"),
        (9, "https://www.sculpteo.com/en/print/ring/QfGQC4YQ", 'did you mean "QfGQC4YQ"?'),
        (10, "the cloud", "is not one of files, environment"),
    ],
)
def test_init_refuses_at_once_what_cannot_be(tmp_path: Path, place: int, answer: str, said: str) -> None:
    path = tmp_path / "new.yaml"
    typed = ANSWERS.splitlines(keepends=True)
    result = run("init", "-o", path, typed="".join([*typed[:place], f"{answer}\n", *typed[place:]]))
    assert result.exit_code == 0, result.output
    [fault] = [line for line in result.output.splitlines() if line.startswith("Error: ")]
    assert said in fault
    assert "shp" not in fault or "Shopify" in fault
    run("init", "-o", tmp_path / "right.yaml", typed=ANSWERS)
    assert path.read_text("utf-8") == (tmp_path / "right.yaml").read_text("utf-8")


@pytest.mark.parametrize(
    ("secrets", "said"),
    [
        ("9c2f\nshpss_s3cr3t", "this is the client ID, not its secret"),
        ("shpat_s3cr3t\nshpss_s3cr3t", "this is an access token, not the client secret"),
    ],
)
def test_init_takes_no_other_secret_for_the_clients(tmp_path: Path, secrets: str, said: str) -> None:
    path = tmp_path / "new.yaml"
    typed = f"{SHOP}{FILLED}no\nyes\n".replace("shpss_s3cr3t", secrets, 1)
    result = run("init", "-o", path, typed=typed.replace("yes\nno\n", "no\n"))
    assert result.exit_code == 0, result.output
    assert said in result.output
    assert "s3cr3t" not in result.output


def test_init_keeps_secrets_in_files_of_their_own_and_shows_none(tmp_path: Path) -> None:
    path = tmp_path / "new.yaml"
    result = run("init", "-o", path, typed=f"{SHOP}{FILLED}yes\n")
    assert result.exit_code == 0, result.output
    assert not any(secret in result.output for secret in ("s3cr3t", "prints-pw", PASSWORD, "me:pw"))
    assert "Client secret: (given, not shown)" in result.output
    text, folder = path.read_text("utf-8"), tmp_path / "secrets"
    assert not any(secret in text for secret in ("s3cr3t", "prints-pw", PASSWORD, "me:pw"))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    checked = run("check", "--offline", "-c", path, env={})
    assert checked.exit_code == 0, checked.output
    settings = load_bytes(path.read_bytes(), path, {}).settings
    shop = settings.shops["acme"]
    assert shop.client_secret is not None
    assert shop.client_secret.get_secret_value() == "shpss_s3cr3t"
    assert settings.sculpteo.password.get_secret_value() == "prints-pw"
    line = settings.console.list_members()["owner"].password_hash.get_secret_value()
    assert fits(PASSWORD, line)
    assert [one.url.get_secret_value() for one in list_alert_targets(settings.alerts)] == [
        "mailto://me:pw@mail.example.com"
    ]
    assert (shop.admin_url, settings.sculpteo.base_url) == ("http://127.0.0.1:8900", "http://127.0.0.1:8901")
    assert f"sandbox -c {path}" in result.output


def test_init_names_the_files_of_secrets_that_come_later(tmp_path: Path) -> None:
    path = tmp_path / "new.yaml"
    result = run("init", "-o", path, typed=f"{SHOP}files\n\n\n\n\nno\nyes\n")
    assert result.exit_code == 0, result.output
    for name in ("shopify_client_secret", "sculpteo_password"):
        assert f"{tmp_path / 'secrets' / name}.txt" in result.output
        (tmp_path / "secrets" / f"{name}.txt").write_text("later\n")
    assert run("check", "--offline", "-c", path, env={}).exit_code == 0
    assert load_bytes(path.read_bytes(), path, {}).settings.console.list_members() == {}


def test_init_goes_back_a_step_and_keeps_what_was_right(tmp_path: Path) -> None:
    path = tmp_path / "new.yaml"
    typed = SHOP.replace("9c2f\n", "9c2f\n<\n0ther\n", 1).replace("RING-S\n", "RING-S\n<\n<\n\nRING-L\n", 1)
    result = run("init", "-o", path, typed=f"{typed}{LATER}yes\n")
    assert result.exit_code == 0, result.output
    found = yaml.safe_load(path.read_text("utf-8"))
    assert found["shops"]["acme"]["client_id"] == "0ther"
    assert (found["defaults"]["unit"], found["products"]) == ("mm", [{"sku": "RING-L", "uuid": "QfGQC4YQ"}])


def test_init_shows_a_summary_in_which_each_answer_can_be_changed(tmp_path: Path) -> None:
    path = tmp_path / "new.yaml"
    result = run("init", "-o", path, typed=f"{SHOP}{LATER}4\nprints@mail.example.com\nyes\n")
    assert result.exit_code == 0, result.output
    assert "4. Login at Sculpteo: me\n" in result.output
    assert "4. Login at Sculpteo: prints@mail.example.com\n" in result.output
    assert yaml.safe_load(path.read_text("utf-8"))["sculpteo"]["login"] == "prints@mail.example.com"


def test_init_writes_nothing_before_it_is_confirmed(tmp_path: Path) -> None:
    result = run("init", "-o", tmp_path / "new.yaml", typed=f"{SHOP}{FILLED}no\n")
    assert result.exit_code == 1
    assert "Nothing was written." in result.output
    assert list(tmp_path.iterdir()) == []


def test_init_by_flags_asks_nothing_and_names_what_is_left(tmp_path: Path) -> None:
    path = tmp_path / "new.yaml"
    flags = ("--domain", "acme.myshopify.com", "--client-id", "9c2f", "--login", "me", "--yes")
    result = run("init", "-o", path, *flags)
    assert result.exit_code == 0, result.output
    assert "server.public_url: still holds the placeholder" in result.output
    assert "shops.acme.domain" not in result.output
    assert list(yaml.safe_load(path.read_text("utf-8"))["shops"]) == ["acme"]


def test_init_can_be_answered_before_there_is_a_design_and_the_file_serves_to_upload_one(
    tmp_path: Path,
) -> None:
    path = tmp_path / "new.yaml"
    result = run("init", "-o", path, typed=ANSWERS.replace("RING-S\nQfGQC4YQ\n", "\n"))
    assert result.exit_code == 0, result.output
    assert "Fill in" not in result.output
    assert f"`sculpteo-bridge designs upload -c {path} FILE`" in result.output
    secrets = {"SHOPIFY_CLIENT_SECRET": "a", "SCULPTEO_PASSWORD": "b"}
    checked = run("check", "--offline", "-c", path, env=secrets)
    assert checked.exit_code == 0
    assert "is empty, so nothing is printed" in checked.output
    line = "  - {sku: RING-S, uuid: QfGQC4YQ}\n"
    path.write_text(path.read_text("utf-8").replace("products:\n", f"products:\n{line}", 1), "utf-8")
    assert "1 product" in run("check", "--offline", "-c", path, env=secrets).output


@pytest.mark.parametrize("currency", ["USD", "GBP"])
def test_init_writes_the_limits_in_the_currency_of_the_account(tmp_path: Path, currency: str) -> None:
    path = tmp_path / "new.yaml"
    assert run("init", "-o", path, "--currency", currency, "--yes").exit_code == 0
    limits = yaml.safe_load(path.read_text("utf-8"))["limits"]
    assert limits == {"per_order": f"300 {currency}", "per_day": f"2000 {currency}"}


def test_init_tells_programs_what_is_left_and_asks_them_nothing(tmp_path: Path) -> None:
    path = tmp_path / "new.yaml"
    result = run("init", "-o", path, "--domain", "acme.myshopify.com", "--client-id", "9c2f", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["file"] == str(path)
    assert [fault["path"] for fault in told["left"]] == ["server.public_url", "sculpteo.login"]
    assert told["secrets"] == ["SHOPIFY_CLIENT_SECRET", "SCULPTEO_PASSWORD"]


def test_init_refuses_a_flag_that_cannot_be(tmp_path: Path) -> None:
    result = run("init", "-o", tmp_path / "new.yaml", "--unit", "mn", "--yes")
    assert result.exit_code == 2
    assert 'did you mean "mm"?' in result.output
    assert not (tmp_path / "new.yaml").exists()


def test_init_overwrites_only_by_force(good: Path) -> None:
    result = run("init", "-o", good, "--yes")
    assert result.exit_code == 1
    assert "exists already; --force overwrites it" in result.output
    assert good.read_text("utf-8") == GOOD
    assert run("init", "-o", good, "--yes", "--force").exit_code == 0
    assert good.read_text("utf-8") != GOOD
    assert stat.S_IMODE(good.stat().st_mode) == 0o600


def test_init_says_where_it_cannot_write(tmp_path: Path) -> None:
    result = run("init", "-o", tmp_path / "missing" / "new.yaml", "--yes")
    assert result.exit_code == 1
    assert "cannot be written" in result.output


# --- config ----------------------------------------------------------------------------------------------


def test_config_show_prints_yaml_without_secrets(good: Path) -> None:
    result = run("config", "show", "-c", good)
    assert result.exit_code == 0
    assert "s3cr3t" not in result.output
    assert yaml.safe_load(result.output)["shops"]["acme"]["client_secret"] == "***"


def test_config_show_prints_json_for_programs(good: Path) -> None:
    shown = json.loads(run("config", "show", "-c", good, "--json").output)
    assert shown["settings"]["limits"]["per_order"] == "300 EUR"
    assert len(shown["hash"]) == 64
    assert "s3cr3t" not in json.dumps(shown)


def test_the_path_comes_from_the_environment_too(good: Path) -> None:
    assert run("config", "show", env={"SCULPTEO_BRIDGE_CONFIG": str(good)}).exit_code == 0


def test_config_schema_prints_json() -> None:
    assert json.loads(run("config", "schema").output)["additionalProperties"] is False


@pytest.mark.parametrize(
    "words", [("config", "show"), ("config", "check"), ("check",), ("check", "--offline")]
)
def test_a_broken_configuration_is_told_on_standard_error_with_exit_code_2(
    good: Path, words: tuple[str, ...]
) -> None:
    good.write_text(GOOD.replace("unit: cm", "unit: mn").replace("mode: test", "mode: tset"), "utf-8")
    result = run(*words, "-c", good)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert f"{good}:1:7: mode:" in result.stderr
    assert f"{good}:28:11: products[0].unit:" in result.stderr
    assert "Traceback" not in result.output


def test_a_missing_configuration_is_told(tmp_path: Path) -> None:
    result = run("check", "-c", tmp_path / "none.yaml")
    assert result.exit_code == 2
    assert "does not exist; write one with `sculpteo-bridge init`" in result.stderr


def test_faults_are_json_for_programs(good: Path) -> None:
    good.write_text(GOOD.replace("unit: cm", "unit: mn"), "utf-8")
    result = run("check", "-c", good, "--json")
    assert result.exit_code == 2
    (fault,) = json.loads(result.stdout)["faults"]
    assert (fault["line"], fault["column"], fault["path"]) == (28, 11, "products[0].unit")


def test_warnings_do_not_fail_an_offline_check(good: Path) -> None:
    good.write_text(GOOD.replace("- sku: CHESS", "- sku: ring-s"), "utf-8")
    result = run("config", "check", "-c", good, "--json")
    assert result.exit_code == 0
    assert [one["result"] for one in json.loads(result.stdout)["checks"]] == ["ok", "warning"]


# --- check, online ---------------------------------------------------------------------------------------


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox() as running:
        add_demo_products(running.shop, running.printer)
        yield running


def config_for(box: Sandbox, **changes: Any) -> dict[str, Any]:
    shop = box.shop.settings
    config: dict[str, Any] = {
        "mode": "test",
        "server": {"public_url": "http://127.0.0.1:1"},
        "shops": {
            "acme": {
                "domain": shop.domain, "client_id": shop.client_id, "client_secret": shop.client_secret,
                "admin_url": box.shopify_url,
            }
        },
        "sculpteo": {
            "login": box.sculpteo.login, "password": box.sculpteo.password, "base_url": box.sculpteo_url,
            "requests_per_second": 10, "timeout": "2s",
        },
        "defaults": {"material": "white_plastic"},
        "products": [
            {"sku": "LAMP", "uuid": "Lm2Moon8"},
            {"sku": "DICE", "uuid": "Dc5Dice6", "material": {"option": "M", "values": {"A": "silver", "B": "white_plastic"}}},
        ],
    }  # fmt: skip
    return {**config, **changes}


def loaded(config: dict[str, Any]) -> Loaded:
    return load_bytes(yaml.safe_dump(config).encode(), Path("config.yaml"), {})


async def checks(box: Sandbox, **changes: Any) -> list[CheckResult]:
    return await collect_checks(loaded(config_for(box, **changes)), offline=False, show=False)


def result_of(found: list[CheckResult], name: str) -> set[str]:
    return {one.result for one in found if one.name == name}


async def test_a_shop_and_a_sculpteo_that_are_fine_are_said_to_be(box: Sandbox) -> None:
    found = await checks(box)
    assert not [one for one in found if one.result == "failed"], found
    for name in ("shopify acme", "scopes acme", "API version acme", "sculpteo", "design LAMP", "design DICE"):
        assert result_of(found, name) == {"ok"}, name
    assert result_of(found, "public_url") == {"warning"}


async def test_each_design_and_material_is_asked_for_once(box: Sandbox) -> None:
    again = [{"sku": f"LAMP-{index}", "uuid": "Lm2Moon8", "scale": index} for index in range(1, 9)]
    await checks(box, products=[*config_for(box)["products"], *again])
    asked = sum(count for names, count in box.faults.counts.items() if "sculpteo.price" in names)
    assert asked == 3


async def test_a_missing_subscription_is_a_warning_that_serve_repairs(box: Sandbox) -> None:
    found = await checks(box)
    (one,) = [check for check in found if check.name == "webhooks acme"]
    assert one.result == "warning"
    assert "orders_paid" in one.sentence
    assert "serve" in one.remedy


async def test_wrong_credentials_fail_and_name_where_to_look(box: Sandbox) -> None:
    config = config_for(box)
    config["shops"]["acme"]["client_secret"] = "another"
    found = await checks(box, shops=config["shops"])
    (one,) = [check for check in found if check.name == "shopify acme"]
    assert one.result == "failed"
    assert "shops.acme" in one.remedy
    assert "another" not in str(found)


async def test_what_is_lost_without_a_scope_is_said() -> None:
    kept = tuple(scope for scope in ShopSettings().scopes if scope != "write_orders")
    kept = (*kept, "read_orders")
    async with Sandbox(shops=[ShopSettings(scopes=kept)]) as box:
        add_demo_products(box.shop, box.printer)
        found = await checks(box)
    (one,) = [check for check in found if check.name == "scopes acme"]
    assert one.result == "warning"
    assert "write_orders" in one.sentence
    assert "second ledger" in one.sentence


async def test_a_material_that_is_not_offered_fails_with_the_nearest(box: Sandbox) -> None:
    found = await checks(box, products=[{"sku": "LAMP", "uuid": "Lm2Moon8", "material": "white_plastik"}])
    (one,) = [check for check in found if check.name == "materials"]
    assert one.result == "failed"
    assert "did you mean white_plastic?" in one.sentence
    assert result_of(found, "design LAMP") == {"failed"}


async def test_an_answer_that_makes_no_sense_is_no_price(box: Sandbox) -> None:
    box.faults.add("sculpteo.price", "garbage", times=None)
    found = await checks(box)
    assert result_of(found, "designs") | result_of(found, "design LAMP") == {"failed"}


async def test_a_sculpteo_that_is_down_is_not_asked_on_and_on(box: Sandbox) -> None:
    box.faults.add("sculpteo.*", "status", times=None, status=503)
    many = [{"sku": f"S{index}", "uuid": f"Design{index}"} for index in range(20)]
    found = await checks(box, products=many)
    assert result_of(found, "sculpteo") == result_of(found, "designs") == {"failed"}
    asked = sum(count for names, count in box.faults.counts.items() if "sculpteo.price" in names)
    assert asked == 3


async def test_a_list_of_materials_that_cannot_be_read_is_a_warning_while_prices_come(box: Sandbox) -> None:
    box.faults.add("sculpteo.materials", "status", times=None, status=404)
    found = await checks(box)
    assert result_of(found, "sculpteo") == {"warning"}
    assert result_of(found, "design LAMP") == {"ok"}


async def test_a_limit_in_another_currency_than_the_shops_is_a_warning(box: Sandbox) -> None:
    found = await checks(box, approval={"above": "500 USD"})
    assert result_of(found, "approval acme") == {"warning"}


async def test_the_public_address_is_asked_for_its_health(box: Sandbox) -> None:
    found = await checks(box, server={"public_url": box.sculpteo_url})
    (one,) = [check for check in found if check.name == "public_url"]
    assert one.result == "warning"
    assert "HTTP 404" in one.sentence


async def test_the_command_ends_with_1_when_something_failed(box: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(config_for(box)), "utf-8")
    fine = await asyncio.to_thread(run, "check", "-c", path)
    assert fine.exit_code == 0, fine.output
    assert "design LAMP: Lm2Moon8 in white_plastic costs" in fine.output
    path.write_text(yaml.safe_dump(config_for(box, defaults={"material": "unobtainium"})), "utf-8")
    failed = await asyncio.to_thread(run, "check", "-c", path, "--json")
    assert failed.exit_code == 1
    assert json.loads(failed.stdout)["result"] == "failed"


async def test_a_payment_that_waits_to_be_captured_is_told_where_only_what_is_paid_is_bought(
    box: Sandbox,
) -> None:
    assert result_of(await checks(box), "payment acme") == {"ok"}
    box.shop.create_order(["LAMP"], paid=False, authorized=True)
    (found,) = [check for check in await checks(box) if check.name == "payment acme"]
    assert found.result == "warning"
    assert "#1001 is authorized and not captured" in found.sentence
    assert "set shops.acme.payment to `authorized`" in found.remedy


async def test_the_scope_for_payment_terms_is_named_and_not_needed(box: Sandbox) -> None:
    box.shop.grant([scope for scope in ALL_SCOPES if scope != "read_payment_terms"])
    (found,) = [check for check in await checks(box) if check.name == "scopes acme"]
    assert (found.result, "read_payment_terms" in found.sentence) == ("warning", True)
