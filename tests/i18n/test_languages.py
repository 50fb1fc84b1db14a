"""What is said of an order, and in the console, is said in every language that is here."""

from __future__ import annotations

import pytest

from tests.tools import texts


@pytest.mark.parametrize("language", ["fr"])
def test_every_sentence_has_a_translation(language: str) -> None:
    told = [key if isinstance(key, str) else key[0] for key in texts.missing(language)]
    remedy = f"`python -m tests.tools.texts {language}` prints entries for bridge/i18n/locales/{language}"
    assert not told, remedy
