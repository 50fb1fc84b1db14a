"""The README says what the code does."""

from __future__ import annotations

from tests.tools.readme import README, written


def test_the_tables_of_the_readme_are_those_of_the_code() -> None:
    text = README.read_text("utf-8")
    assert text == written(text), "run: python -m tests.tools.readme"
