"""The READMEs say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.tools.readme import PAGES, ROOT, render_pages


def test_the_tables_of_the_readmes_are_those_of_the_code() -> None:
    for page, text in render_pages().items():
        assert page.read_text("utf-8") == text, f"{page.relative_to(ROOT)}: run python -m tests.tools.readme"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_link_to_another_page_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def test_each_file_that_the_readme_names_is_there() -> None:
    """The map, and the walk through five changes: a reader opens what they name."""
    text = (ROOT / "README.md").read_text("utf-8")
    named = re.findall(r"`((?:bridge|tests|deploy)/[\w/.-]*)`", text)
    assert len(named) > 30
    assert [name for name in named if not (ROOT / name).exists()] == []
