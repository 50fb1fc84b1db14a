"""Sentences, numbers and times for readers of several languages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.pofile import read_po

from bridge.i18n import formatter
from bridge.i18n.formatter import (
    LOCALES,
    build_formatter,
    load_catalogs,
    parse_accept_language,
    read_catalog,
)
from bridge.order.model import Money
from tests.tools import texts

LANGUAGES = sorted(path.name for path in LOCALES.iterdir() if path.is_dir())
FILES = sorted(LOCALES.glob("*/*.po"))
AT = datetime(2026, 11, 25, 23, 30, tzinfo=UTC)


def forms(text: str | Sequence[str] | None) -> list[str]:
    return [text or ""] if isinstance(text, str | None) else list(text)


def names(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_translations_have_the_names_of_their_sentences_and_are_of_use(path: Path) -> None:
    known = {key if isinstance(key, str) else key[0] for key in texts.everything()}
    with path.open("rb") as opened:
        catalog = read_po(opened, locale=path.parent.name)
    entries = [entry for entry in catalog if entry.id]
    assert entries
    for entry in entries:
        sentence = forms(entry.id)[0]
        assert sentence in known, f"nothing says “{sentence}” any more"
        assert len(forms(entry.string)) == (catalog.num_plurals if entry.pluralizable else 1), sentence
        for form in forms(entry.string):
            assert form.strip(), f"“{sentence}” has an empty translation"
            assert names(form) == names(sentence), sentence
            assert form.count("`") == sentence.count("`"), sentence


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_catalog_names_its_own_plural_forms(path: Path) -> None:
    assert re.search(r'^"Plural-Forms: nplurals=\d+; plural=.+;\\n"$', path.read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_translated_in_two_files(language: str) -> None:
    seen: dict[str, str] = {}
    for path in sorted((LOCALES / language).glob("*.po")):
        with path.open("rb") as opened:
            for entry in read_po(opened, locale=language):
                if entry.id:
                    sentence = forms(entry.id)[0]
                    assert sentence not in seen, f"“{sentence}” is in {seen[sentence]} and {path.name}"
                    seen[sentence] = path.name


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("fr-CA,fr;q=0.9,en;q=0.8", "fr"),
        ("de-DE,de;q=0.9,fr;q=0.5,en;q=0.3", "fr"),
        ("en;q=0.3,fr;q=0.9", "fr"),
        ("fr;q=0,en", "en"),
        ("ja", "en"),
        ("", "en"),
        ("*, ;;;, fr\x00, é, -", "en"),
        ("x" * 10_000, "en"),
    ],
)
def test_the_browser_chooses_the_language(header: str, language: str) -> None:
    assert build_formatter(header, None, None).language == language


def test_the_configuration_goes_before_the_browser() -> None:
    assert build_formatter("en", "fr", None).language == "fr"


def test_a_header_of_nonsense_names_no_language() -> None:
    assert parse_accept_language("fr;q=2, en;q=, ;q=1") == []


@pytest.mark.parametrize(
    "zone", ["", "../../etc/passwd", "/etc/localtime", "Nowhere/Land", "A" * 5000, "Europe"]
)
def test_a_time_zone_that_is_none_is_utc(zone: str) -> None:
    assert build_formatter("en", None, zone).format_moment(AT).endswith("UTC")


def test_times_and_money_are_written_as_the_reader_does() -> None:
    french, british = (build_formatter(tag, None, "Europe/Paris") for tag in ("fr-FR", "en-GB"))
    assert french.format_moment(AT) == "26 nov. 2026, 00:30:00"
    assert british.format_moment(AT) == "26 Nov 2026, 00:30:00"
    money = Money(Decimal("1234.5"), "EUR")
    assert french.format_money(money).replace("\u202f", " ").replace("\xa0", " ") == "1 234,50 €"
    assert british.format_money(money) == "€1,234.50"
    assert british.format_money(None) == "–"


def test_numbers_choose_the_form_of_their_sentence() -> None:
    one, many = "{count} alarm", "{count} alarms"
    english, french = build_formatter("en", None, None), build_formatter("fr", None, None)
    assert [english.n(one, many, count) for count in (0, 1, 2)] == ["0 alarms", "1 alarm", "2 alarms"]
    assert [french.n(one, many, count) for count in (0, 1, 2)] == ["0 alarme", "1 alarme", "2 alarmes"]


def of_three(language: str, plural_forms: str = "") -> str:
    """A catalog of one sentence with three forms, whose names are their numbers."""
    header = f'msgid ""\nmsgstr "Language: {language}\\n{plural_forms}"\n\n'
    entry = 'msgid "{count} alarm"\nmsgid_plural "{count} alarms"\n'
    return header + entry + "".join(f'msgstr[{form}] "{{count}}: {form}"\n' for form in range(3))


@pytest.mark.parametrize(
    ("language", "plural_forms", "expected"),
    [
        (
            "fr",  # as CLDR has it now: one, many (of whole millions) and other
            "Plural-Forms: nplurals=3; plural=(n == 0 || n == 1) ? 0 : n != 0 && n % 1000000 == 0 ? 1 : 2;\\n",
            {0: 0, 1: 0, 2: 2, 17: 2, 1_000_000: 1, 1_000_001: 2, 3_000_000: 1},
        ),
        (
            "pl",
            "Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);\\n",
            {0: 2, 1: 0, 2: 1, 4: 1, 5: 2, 12: 2, 22: 1, 25: 2},
        ),
        ("ru", "", {0: 2, 1: 0, 2: 1, 5: 2, 11: 2, 21: 0, 22: 1}),  # no header: as Babel knows the language
        ("lt", "", {0: 2, 1: 0, 2: 1, 10: 2, 11: 2, 21: 0, 22: 1}),
    ],
)
def test_a_language_with_three_forms_chooses_among_all_of_them(
    language: str,
    plural_forms: str,
    expected: dict[int, int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "console.po"
    path.write_text(of_three(language, plural_forms), "utf-8")
    monkeypatch.setattr(formatter, "load_catalogs", lambda: {language: read_catalog(path, language)})
    reader = build_formatter(language, None, None)
    chosen = {count: reader.n("{count} alarm", "{count} alarms", count) for count in expected}
    assert chosen == {count: f"{reader.format_number(count)}: {form}" for count, form in expected.items()}


def test_a_file_without_a_header_is_read_whatever_number_of_forms_babel_expects(tmp_path: Path) -> None:
    path = tmp_path / "console.po"
    path.write_text(
        'msgid "{count} alarm"\nmsgid_plural "{count} alarms"\n'
        'msgstr[0] "{count} alarme"\nmsgstr[1] "{count} alarmes"\n',
        "utf-8",
    )
    [found] = read_catalog(path, "fr").values()
    shown = [found.select_form(count) for count in (0, 1, 2, 1_000_000)]
    assert shown == ["{count} alarme", "{count} alarme", "{count} alarmes", "{count} alarmes"]


def test_a_translation_that_is_not_finished_is_shown_in_english(tmp_path: Path) -> None:
    path = tmp_path / "console.po"
    path.write_text(
        'msgid "{count} alarm"\nmsgid_plural "{count} alarms"\nmsgstr[0] ""\nmsgstr[1] "{count} alarmes"\n\n'
        '#, fuzzy\nmsgid "Done"\nmsgstr "Fait ?"\n\nmsgid "Waiting"\nmsgstr ""\n',
        "utf-8",
    )
    assert read_catalog(path, "fr") == {}


def test_a_sentence_without_translation_has_the_form_of_english() -> None:
    french = build_formatter("fr", None, None)
    shown = [french.n("{count} untold thing", "{count} untold things", count) for count in (0, 1, 2)]
    assert shown == ["0 untold things", "1 untold thing", "2 untold things"]


def test_the_catalogs_are_read_once() -> None:
    assert load_catalogs() is load_catalogs()


def test_headings_over_several_are_plural_where_the_language_has_it() -> None:
    french, english = build_formatter("fr", None, None), build_formatter("en", None, None)
    assert [french.heading("Done", count) for count in (0, 1, 2)] == ["Terminée", "Terminée", "Terminées"]
    assert french.heading("Not printed", 3) == "Non imprimées"
    assert [english.heading("Done", count) for count in (1, 2)] == ["Done", "Done"]
