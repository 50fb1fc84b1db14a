"""What the benchmarks say, and that each is found. Nothing is timed here."""

from __future__ import annotations

import importlib

import pytest

from tests.benchmarks.__main__ import find_benchmarks
from tests.benchmarks.results import Measure, print_result


def test_a_benchmark_ends_with_one_line_and_its_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        print_result("startup", [Measure("python", 17.25, "ms"), Measure("--help", 97.0, "ms", most=250)])
        == 0
    )
    assert print_result("ingest", [Measure("ratio", 0.354, least=0.4), Measure("errors", 0, most=0)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "startup: python 17.2 ms; --help 97 ms (at most 250)",
        "ingest: ratio 0.354 (at least 0.4: MISSED); errors 0 (at most 0)",
    ]


def test_every_benchmark_is_listed_and_can_be_run() -> None:
    found = find_benchmarks()
    assert {"console", "ingest", "order_cost", "startup"} <= found.keys()
    for name, sentence in found.items():
        assert sentence, name
        assert callable(importlib.import_module(f"tests.benchmarks.{name}").main), name
