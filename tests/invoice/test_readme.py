"""The README of the invoice tells the truth about the data, the settings and the example."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml

import bridge.invoice
from bridge.config.settings import Invoice
from bridge.invoice.data import build_invoice_data
from bridge.invoice.invoices import Invoices
from bridge.invoice.labels import LABELS
from bridge.invoice.sample import build_sample_order
from tests.invoice.sample_orders import SETTINGS, text

README = Path(bridge.invoice.__file__).with_name("README.md").read_text(encoding="utf-8")
DATA = build_invoice_data("acme", build_sample_order(), SETTINGS)


def block(language: str, number: int = 0) -> str:
    return str(re.findall(rf"```{language}\n(.*?)```", README, re.S)[number])


def test_every_field_of_the_data_is_described() -> None:
    described = set(re.findall(r"`(\w+)`", README[README.index("### The data") :]))
    nested = [DATA["order"], DATA["billing"], DATA["lines"][0], DATA["sums"][0], DATA["customer"]]
    named = {*DATA, *(key for part in nested for key in part)}
    assert named <= described


def test_the_example_of_the_data_is_the_samples_own() -> None:
    example = json.loads(block("json"))
    assert example["number"] == DATA["number"]
    assert example["total"] == DATA["total"]
    assert example["lines"][0] == DATA["lines"][1]


async def test_the_example_of_a_template_compiles(tmp_path: Path) -> None:
    (tmp_path / "mine.typ").write_text(block("typ"), encoding="utf-8")
    invoices = Invoices(SETTINGS.model_copy(update={"template": "mine.typ"}), tmp_path)
    shown = text((await invoices.render_invoice("acme", build_sample_order())).pdf)
    assert "2 × Faceted pen holder: €43.20" in shown
    assert "Total €280.10" in shown


def test_the_examples_of_the_settings_are_settings() -> None:
    described = set()
    for number in range(2):
        example = yaml.safe_load(block("yaml", number))["invoice"]
        Invoice.model_validate(example)
        described |= set(example)
    assert described | {"allow_private_addresses"} == set(Invoice.model_fields)
    assert "allow_private_addresses: true" in README


def test_the_languages_are_those_of_the_labels() -> None:
    (listed,) = re.findall(r"else English\. Words: ([a-z ]+)\n", README)
    assert sorted(listed.split()) == sorted(LABELS)


def test_every_language_has_every_label_with_the_same_placeholders() -> None:
    for words in LABELS.values():
        assert words.keys() == LABELS["en"].keys()
        for name, word in words.items():
            assert isinstance(word, str)
            assert word.strip()
            expected = re.findall(r"\{\w+\}", str(LABELS["en"][name]))  # type: ignore[literal-required]  # any label
            assert sorted(re.findall(r"\{\w+\}", word)) == sorted(expected)
