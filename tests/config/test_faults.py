"""Each broken configuration is told with its line, its column, its path, what is wrong and the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.errors import ConfigError
from tests.config.broken_configurations import CASES
from tests.config.valid_configuration import ENV, GOOD, MARK, Broken, faults, loaded, place_of_mark


def name_of(case: Broken) -> str:
    return f"{case.path or 'file'}: {case.what}"


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_fault_is_told_with_its_place_and_remedy(case: Broken, tmp_path: Path) -> None:
    found = faults(case.marked.replace(MARK, ""), folder=tmp_path)
    fault = next((one for one in found if one.path == case.path and case.what in one.what), None)
    assert fault, [str(one) for one in found]
    assert case.remedy in fault.remedy
    if MARK in case.marked:
        assert (fault.line, fault.column) == place_of_mark(case.marked)
    assert fault.line > 0
    assert str(fault).startswith(f"{tmp_path}/config.yaml:{fault.line}:{fault.column}: ")


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_one_mistake_is_one_fault(case: Broken, tmp_path: Path) -> None:
    found = faults(case.marked.replace(MARK, ""), folder=tmp_path)
    own = {case.path} | {one.path for one in found if one.what.startswith("is missing")}
    assert {one.path for one in found} <= own, [str(one) for one in found]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_no_fault_shows_a_secret(case: Broken, tmp_path: Path) -> None:
    told = "\n".join(map(str, faults(case.marked.replace(MARK, ""), folder=tmp_path)))
    assert "s3cr3t" not in told


def test_the_table_is_long_enough_to_be_worth_its_name() -> None:
    assert len({(case.old, case.new) for case in CASES}) == len(CASES) >= 100


def test_the_good_text_is_good() -> None:
    assert faults(GOOD) == ()
    assert loaded(GOOD).warnings == ()


def test_all_faults_are_told_in_one_run_from_top_to_bottom() -> None:
    text = (
        GOOD.replace("mode: test", "mode: tset")
        .replace("unit: cm", "unit: mn")
        .replace("- sku: CHESS", "- sku: RING-S")
        .replace("per_order: 300 EUR", "per_order: 300 USD")
        .replace("${SCULPTEO_PASSWORD}", "${NOT_SET}")
        .replace("unmapped: hold", "unmaped: hold")
    )
    found = faults(text)
    assert [one.path for one in found] == [
        "mode", "sculpteo.password", "products[0].unit", "products[2].sku", "unmaped", "limits.per_order",
    ]  # fmt: skip
    assert [one.line for one in found] == sorted(one.line for one in found)


def test_the_example_of_the_design_reads_as_promised() -> None:
    (fault,) = faults(GOOD.replace("unit: cm", 'unit: "mn"'))
    assert str(fault).split("; ")[0] == 'config.yaml:28:11: products[0].unit: "mn" is not a unit'
    assert fault.remedy.startswith('did you mean "mm"?')


LIVE = GOOD.replace("mode: test", "mode: live")


def test_live_mode_needs_https() -> None:
    (fault,) = faults(LIVE.replace("https://bridge", "http://bridge"))
    assert (fault.line, fault.path) == (3, "server.public_url")
    assert "is not https, which live mode needs" in fault.what
    assert fault.remedy == "begin it with https://"


def test_without_live_mode_http_is_a_warning() -> None:
    (warning,) = loaded(GOOD.replace("https://bridge", "http://bridge")).warnings
    assert (warning.line, warning.path) == (3, "server.public_url")


@pytest.mark.parametrize(
    ("table", "what"),
    [
        ("{DHL EU: Snail Mail}", '"Snail Mail" is no carrier that Shopify knows'),
        ("{UPS Express: Colissimo}", "is UPS for Shopify"),
    ],
)
def test_a_carrier_that_shopify_does_not_know_or_knows_otherwise_is_a_warning(table: str, what: str) -> None:
    text = GOOD.replace("without_number_after: 2d", f"without_number_after: 2d\n  carriers: {table}")
    (warning,) = loaded(text).warnings
    assert what in warning.what


TWO_SHOPS = GOOD.replace(
    "shops:\n",
    "shops:\n  ac:\n    domain: ac.myshopify.com\n    client_id: 9c2f6a1f\n    client_secret: ${SHOPIFY_SECRET}\n",
)


def with_invoice(text: str, number: str | None) -> str:
    line = "" if number is None else f"\n  number: '{number}'"
    return text.replace("mode: none", f"mode: template\n  seller: {{name: Acme}}{line}")


@pytest.mark.parametrize("number", [None, "{order}", "INV-{order}", "{year}/{order_number}"])
def test_two_shops_may_not_give_two_invoices_one_number(number: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(with_invoice(TWO_SHOPS, number))
    (fault,) = caught.value.faults
    assert (fault.path, fault.what) == ("invoice.number", "gives orders of ac and acme the same numbers")
    assert "{shop}-{order}" in fault.remedy
    assert loaded(with_invoice(GOOD, number)).warnings == ()


@pytest.mark.parametrize("number", ["{shop}-{order}", "{order}/{shop}", "{shop} {year} {order_name}"])
def test_the_shop_in_the_number_keeps_them_apart(number: str) -> None:
    assert loaded(with_invoice(TWO_SHOPS, number)).settings.invoice.number == number


@pytest.mark.parametrize("number", ["{shop}{order}", "INV{shop}{order_number}"])
def test_a_shop_whose_name_begins_with_anothers_needs_a_sign_between(number: str) -> None:
    with pytest.raises(ConfigError, match="run into each other"):
        loaded(with_invoice(TWO_SHOPS, number))


def test_the_templates_of_the_bridge_are_chosen_by_name() -> None:
    text = with_invoice(GOOD, None).replace("mode: template", "mode: template\n  template: customs")
    assert loaded(text).settings.invoice.template == "customs"


def test_live_mode_without_limits_is_a_warning() -> None:
    (warning,) = loaded(LIVE.replace("limits:\n  per_order: 300 EUR\n", "")).warnings
    assert warning.path == "limits"
    assert "nothing bounds what is spent" in warning.what


def test_a_secret_in_the_file_itself_is_a_warning() -> None:
    (warning,) = loaded(GOOD.replace("${SCULPTEO_PASSWORD}", "hunter2")).warnings
    assert (warning.line, warning.path) == (13, "sculpteo.password")
    assert "hunter2" not in str(warning)


def test_a_scale_without_a_material_is_a_fault_since_sculpteo_would_not_get_it() -> None:
    text = GOOD.replace("  material: white_plastic\n", "").replace("    material: silver\n", "")
    found = faults(text)
    assert [one.path for one in found] == ["products[0]", "products[2].items[0]"]
    assert "has a scale but no material" in found[0].what
    assert "has a scale but no material" in found[1].what


def test_a_product_that_leaves_all_to_the_design_is_a_warning() -> None:
    text = GOOD.replace("  material: white_plastic\n  unit: mm\n  scale: 1\n", "  {}\n")
    (warning,) = loaded(text).warnings
    assert warning.path == "products[2]"
    assert "has no material" in warning.what


@pytest.mark.parametrize("written", ["$SCULPTEO_PASSWORD", "'%SCULPTEO_PASSWORD%'"])
def test_a_secret_that_looks_like_a_variable_of_a_shell_is_a_warning(written: str) -> None:
    (warning,) = loaded(GOOD.replace("${SCULPTEO_PASSWORD}", written)).warnings
    assert "is taken as it stands" in warning.what
    assert "${NAME}" in warning.remedy


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("NaN EUR", "is not a finite number"),
        ("300 BTC", "is in no currency that there is"),
        ("9999999999 EUR", "is more than can be meant"),
        ("300 USD", "is not in EUR, in which Sculpteo bills"),
    ],
)
def test_a_limit_has_one_fault_that_says_what_is_wrong(limit: str, said: str) -> None:
    (fault,) = faults(GOOD.replace("per_order: 300 EUR", f"per_order: {limit}"))
    assert said in fault.what


def test_skus_that_differ_in_case_only_are_a_warning() -> None:
    (warning,) = loaded(GOOD.replace("- sku: CHESS", "- sku: ring-s")).warnings
    assert "differs from" in warning.what


def test_each_level_may_have_the_same_sku() -> None:
    shop = "    products: [{sku: RING-S, uuid: other}]\n    ignore: ['MUG-*']\n"
    assert faults(GOOD.replace("sculpteo:\n", f"{shop}sculpteo:\n", 1)) == ()


def test_the_same_sku_twice_in_a_shop_is_a_fault() -> None:
    shop = "    products: [{sku: A, uuid: b}, {sku: A, uuid: c}]\n"
    (fault,) = faults(GOOD.replace("sculpteo:\n", f"{shop}sculpteo:\n", 1))
    assert fault.path == "shops.acme.products[1].sku"


def test_two_ignore_patterns_may_fit_the_same_sku() -> None:
    assert faults(GOOD.replace("[GIFT-1]", '["GIFT-*", "*-GIFT"]')) == ()


def test_a_live_url_in_a_sandbox_may_be_http() -> None:
    text = LIVE.replace("https://bridge.acme-prints.fr", "http://127.0.0.1:8080")
    sandboxed = text.replace("    client_id", "    admin_url: http://127.0.0.1:9001\n    client_id")
    sandboxed = sandboxed.replace("  login:", "  base_url: http://127.0.0.1:9002\n  login:")
    assert [one.path for one in faults(text)] == ["server.public_url"]
    assert faults(sandboxed) == ()


def test_secrets_of_the_environment_are_not_shown_where_they_do_not_fit() -> None:
    env = {**ENV, "UNIT": "s3cr3t-unit"}
    (fault,) = faults(GOOD.replace("unit: cm", "unit: ${UNIT}"), env)
    assert fault.what == '"${UNIT}" is not a unit'
    assert "s3cr3t" not in str(fault)
