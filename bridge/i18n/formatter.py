"""Text, dates and money as a reader wants them: their language, their locale, their time zone.

The sentences in code and templates are English; `locales/<language>/*.po` have them in other languages and
are read at start. How many forms a language has for numbers, and which number takes which, is what the header
of each file says (https://www.gnu.org/software/gettext/manual/html_node/Plural-forms.html).
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_skeleton, format_timedelta
from babel.messages.pofile import read_po
from babel.numbers import format_compact_currency, format_currency, format_decimal, format_percent
from babel.units import format_unit

from bridge.order.model import Money
from bridge.order.problems import fill_sentence
from bridge.order.wording import translate_facts

LOCALES = Path(__file__).parent / "locales"
FALLBACK = Locale("en", "GB")
_TAG = re.compile(r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?\s*")


@dataclass(frozen=True, slots=True)
class Translation:
    """A sentence in another language: one form, or as many as the language has for numbers."""

    forms: tuple[str, ...]
    plural_index: Callable[[int], int]

    def select_form(self, count: int) -> str:
        """The form for this many. Where the language has more forms than were translated, the last one
        stands for the rest: it is the general one in every language's order of forms."""
        return self.forms[min(self.plural_index(count), len(self.forms) - 1)]


@lru_cache(maxsize=1)
def load_catalogs() -> Mapping[str, Mapping[str, Translation]]:
    """Language -> English sentence -> its translation."""
    found: dict[str, dict[str, Translation]] = {"en": {}}
    for path in sorted(LOCALES.glob("*/*.po")):
        found.setdefault(path.parent.name, {}).update(read_catalog(path, path.parent.name))
    return found


def read_catalog(path: Path, language: str) -> Mapping[str, Translation]:
    """The finished translations of one `.po` file, by their English sentence.

    The plural forms are those of the file's own header (`Plural-Forms:`). A file without this header gets
    those that the installed Babel knows for the language; they differ between releases of Babel (French has
    two until 2.18, and three since).

    Raises ValueError where the header's rule cannot be read.
    """
    with path.open("rb") as opened:
        catalog = read_po(opened, locale=language)
    plural_index = gettext.c2py(catalog.plural_expr)
    found: dict[str, Translation] = {}
    for entry in catalog:
        forms = _to_tuple(entry.string)
        while forms and not forms[-1]:  # forms that the rule has and the file has not
            forms = forms[:-1]
        if entry.id and not entry.fuzzy and forms and all(forms):
            shaped = SHAPES.get(language, tuple)(forms)
            found[_to_tuple(entry.id)[0]] = Translation(shaped, plural_index)
    return found


def set_french_spaces(forms: Iterable[str]) -> tuple[str, ...]:
    """With the spaces that French sets before and within its marks, whatever a translator typed: narrow ones that
    break no line, and a full one before a colon.

    https://www.unicode.org/cldr/charts/latest/by_type/core_data.alphabetic_information.punctuation.html
    """
    found = []
    for form in forms:
        form = re.sub(r"«\s*", "«\u202f", re.sub(r"\s*»", "\u202f»", form))
        form = re.sub(r"(?<=\S)[ \xa0\u202f]+(?=[;!?](?:\s|$))", "\u202f", form)
        found.append(re.sub(r"(?<=\S)[ \xa0\u202f]+(?=:(?:\s|$))", "\xa0", form))
    return tuple(found)


SEVERAL = " [several]"

SHAPES: Mapping[str, Callable[[Iterable[str]], tuple[str, ...]]] = {"fr": set_french_spaces}
"""What is put right in every translation of a language."""


def mark(sentence: str) -> str:
    """Marks a sentence that is translated later, where it is shown; a test wants it in every catalog."""
    return sentence


def _to_tuple(text: str | Sequence[str] | None) -> tuple[str, ...]:
    return (text or "",) if isinstance(text, str | None) else tuple(text)


def parse_accept_language(header: str) -> list[str]:
    """The language tags of an Accept-Language header, the most wanted first. Never raises."""
    ranked: list[tuple[float, int, str]] = []
    for place, part in enumerate(header[:500].split(",")):
        match = _TAG.fullmatch(part)
        if match:
            ranked.append((-float(match[2] or 1), place, match[1]))
    return [tag for quality, _, tag in sorted(ranked) if quality < 0]


def build_formatter(header: str, fixed: str | None, zone: str | None) -> Formatter:
    """The reader that the browser asks for, or the configuration decides."""
    for tag in [fixed] if fixed else parse_accept_language(header):
        locale = _parse_locale(tag)
        if locale is not None and locale.language in load_catalogs():
            return Formatter(locale, _parse_zone(zone))
    return Formatter(FALLBACK, _parse_zone(zone))


@lru_cache(maxsize=256)
def _parse_locale(tag: str) -> Locale | None:
    parts = tag.split("-")
    try:
        return Locale.parse("_".join(parts[:2]))
    except (ValueError, UnknownLocaleError, TypeError):
        pass
    try:
        return Locale.parse(parts[0])
    except (ValueError, UnknownLocaleError, TypeError):
        return None


@lru_cache(maxsize=256)
def _parse_zone(name: str | None) -> tzinfo:
    if name and re.fullmatch(r"[A-Za-z0-9_+\-]{1,32}(?:/[A-Za-z0-9_+\-]{1,32}){0,2}", name):
        try:
            return ZoneInfo(name)
        except (LookupError, OSError, ValueError):
            return UTC
    return UTC


@dataclass(frozen=True, slots=True)
class Formatter:
    """Somebody who reads a page."""

    locale: Locale
    zone: tzinfo = UTC

    @property
    def language(self) -> str:
        return str(self.locale.language)

    @property
    def tag(self) -> str:
        """For the page's lang attribute."""
        return str(self.locale).replace("_", "-")

    def t(self, sentence: str, **facts: object) -> str:
        """The sentence in the reader's language, its {names} filled."""
        return self.translate_and_fill(sentence, facts)

    def translate_and_fill(self, sentence: str, facts: Mapping[str, object]) -> str:
        return fill_sentence(self.translate(sentence), translate_facts(facts, self.translate))

    def translate(self, sentence: str) -> str:
        """The sentence in the reader's language, its {names} as they are."""
        found = load_catalogs()[self.language].get(sentence)
        return found.forms[0] if found else sentence

    def n(self, one: str, many: str, count: int, **facts: object) -> str:
        """The sentence for this many; {count} is filled with it."""
        found = load_catalogs()[self.language].get(one)
        english = one if count == 1 else many
        told = translate_facts(facts, self.translate)
        return fill_sentence(
            found.select_form(count) if found else english, {"count": self.format_number(count), **told}
        )

    def heading(self, sentence: str, count: int) -> str:
        """What stands over so many things of one kind: a word that some languages write otherwise of several. Such
        a form is the translation of the sentence with SEVERAL behind it."""
        found = load_catalogs()[self.language].get(sentence + SEVERAL)
        return found.forms[0] if found and found.plural_index(count) else self.translate(sentence)

    def format_number(self, value: int | Decimal) -> str:
        return str(format_decimal(value, locale=self.locale))

    def format_percent(self, share: Decimal) -> str:
        return str(format_percent(share, locale=self.locale))

    def format_money(self, money: Money | None) -> str:
        if money is None:
            return "–"
        return str(format_currency(money.amount, money.currency, locale=self.locale))

    def format_short_money(self, amount: float, currency: str) -> str:
        """For the scale of a chart: €1K."""
        digits = 0 if amount == int(amount) or abs(amount) >= 1000 else 1
        return str(format_compact_currency(amount, currency, locale=self.locale, fraction_digits=digits))

    def format_short_span(self, count: float, unit: str) -> str:
        """For the scale of a chart: 2.5 d."""
        return str(format_unit(count, unit, length="narrow", locale=self.locale))

    def format_country(self, code: str) -> str:
        """Its name; the code itself for one that nobody knows."""
        return str(self.locale.territories.get(code, code))

    def format_moment(self, at: datetime) -> str:
        """Day and time, with the zone where it is not the reader's own."""
        text = format_datetime(at, "medium", tzinfo=self.zone, locale=self.locale)
        return f"{text} UTC" if self.zone is UTC else str(text)

    def format_short_moment(self, at: datetime) -> str:
        """Day and month, hour and minute."""
        local = at.astimezone(self.zone)
        return (
            f"{format_skeleton('MMMd', local, locale=self.locale)} "
            f"{format_skeleton('Hm', local, locale=self.locale)}"
        )

    def format_clock(self, at: datetime) -> str:
        return str(format_skeleton("Hms", at.astimezone(self.zone), locale=self.locale))

    def format_day(self, day: date) -> str:
        return str(format_date(day, "long", locale=self.locale))

    def format_short_day(self, day: date) -> str:
        return str(format_skeleton("MMMd", datetime(day.year, day.month, day.day), locale=self.locale))  # noqa: DTZ001 - a day has no zone

    def to_local_day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def format_ago(self, at: datetime, now: datetime) -> str:
        """How long ago, or in how long."""
        return str(format_timedelta(at - now, add_direction=True, locale=self.locale, threshold=1.2))

    def format_span(self, time: timedelta) -> str:
        return str(format_timedelta(time, locale=self.locale, threshold=1.2))
