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
from bridge.order.problems import say
from bridge.order.wording import in_words_of

LOCALES = Path(__file__).parent / "locales"
FALLBACK = Locale("en", "GB")
_TAG = re.compile(r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?\s*")


@dataclass(frozen=True, slots=True)
class Translation:
    """A sentence in another language: one form, or as many as the language has for numbers."""

    forms: tuple[str, ...]
    plural_index: Callable[[int], int]

    def form_for(self, count: int) -> str:
        """The form for this many. Where the language has more forms than were translated, the last one
        stands for the rest: it is the general one in every language's order of forms."""
        return self.forms[min(self.plural_index(count), len(self.forms) - 1)]


@lru_cache(maxsize=1)
def catalogs() -> Mapping[str, Mapping[str, Translation]]:
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
        forms = _tuple(entry.string)
        while forms and not forms[-1]:  # forms that the rule has and the file has not
            forms = forms[:-1]
        if entry.id and not entry.fuzzy and forms and all(forms):
            shaped = SHAPES.get(language, tuple)(forms)
            found[_tuple(entry.id)[0]] = Translation(shaped, plural_index)
    return found


def french_spaces(forms: Iterable[str]) -> tuple[str, ...]:
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

SHAPES: Mapping[str, Callable[[Iterable[str]], tuple[str, ...]]] = {"fr": french_spaces}
"""What is put right in every translation of a language."""


def mark(sentence: str) -> str:
    """Marks a sentence that is translated later, where it is shown; a test wants it in every catalog."""
    return sentence


def _tuple(text: str | Sequence[str] | None) -> tuple[str, ...]:
    return (text or "",) if isinstance(text, str | None) else tuple(text)


def wanted(header: str) -> list[str]:
    """The language tags of an Accept-Language header, the most wanted first. Never raises."""
    ranked: list[tuple[float, int, str]] = []
    for place, part in enumerate(header[:500].split(",")):
        match = _TAG.fullmatch(part)
        if match:
            ranked.append((-float(match[2] or 1), place, match[1]))
    return [tag for quality, _, tag in sorted(ranked) if quality < 0]


def reader_for(header: str, fixed: str | None, zone: str | None) -> Reader:
    """The reader that the browser asks for, or the configuration decides."""
    for tag in [fixed] if fixed else wanted(header):
        locale = _locale(tag)
        if locale is not None and locale.language in catalogs():
            return Reader(locale, _zone(zone))
    return Reader(FALLBACK, _zone(zone))


@lru_cache(maxsize=256)
def _locale(tag: str) -> Locale | None:
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
def _zone(name: str | None) -> tzinfo:
    if name and re.fullmatch(r"[A-Za-z0-9_+\-]{1,32}(?:/[A-Za-z0-9_+\-]{1,32}){0,2}", name):
        try:
            return ZoneInfo(name)
        except (LookupError, OSError, ValueError):
            return UTC
    return UTC


@dataclass(frozen=True, slots=True)
class Reader:
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
        return self.fill(sentence, facts)

    def fill(self, sentence: str, facts: Mapping[str, object]) -> str:
        return say(self.said(sentence), in_words_of(facts, self.said))

    def said(self, sentence: str) -> str:
        """The sentence in the reader's language, its {names} as they are."""
        found = catalogs()[self.language].get(sentence)
        return found.forms[0] if found else sentence

    def n(self, one: str, many: str, count: int, **facts: object) -> str:
        """The sentence for this many; {count} is filled with it."""
        found = catalogs()[self.language].get(one)
        english = one if count == 1 else many
        told = in_words_of(facts, self.said)
        return say(found.form_for(count) if found else english, {"count": self.number(count), **told})

    def heading(self, sentence: str, count: int) -> str:
        """What stands over so many things of one kind: a word that some languages write otherwise of several. Such
        a form is the translation of the sentence with SEVERAL behind it."""
        found = catalogs()[self.language].get(sentence + SEVERAL)
        return found.forms[0] if found and found.plural_index(count) else self.said(sentence)

    def number(self, value: int | Decimal) -> str:
        return str(format_decimal(value, locale=self.locale))

    def percent(self, share: Decimal) -> str:
        return str(format_percent(share, locale=self.locale))

    def money(self, money: Money | None) -> str:
        if money is None:
            return "–"
        return str(format_currency(money.amount, money.currency, locale=self.locale))

    def short_money(self, amount: float, currency: str) -> str:
        """For the scale of a chart: €1K."""
        digits = 0 if amount == int(amount) or abs(amount) >= 1000 else 1
        return str(format_compact_currency(amount, currency, locale=self.locale, fraction_digits=digits))

    def short_span(self, count: float, unit: str) -> str:
        """For the scale of a chart: 2.5 d."""
        return str(format_unit(count, unit, length="narrow", locale=self.locale))

    def country(self, code: str) -> str:
        """Its name; the code itself for one that nobody knows."""
        return str(self.locale.territories.get(code, code))

    def moment(self, at: datetime) -> str:
        """Day and time, with the zone where it is not the reader's own."""
        text = format_datetime(at, "medium", tzinfo=self.zone, locale=self.locale)
        return f"{text} UTC" if self.zone is UTC else str(text)

    def short(self, at: datetime) -> str:
        """Day and month, hour and minute."""
        local = at.astimezone(self.zone)
        return (
            f"{format_skeleton('MMMd', local, locale=self.locale)} "
            f"{format_skeleton('Hm', local, locale=self.locale)}"
        )

    def clock(self, at: datetime) -> str:
        return str(format_skeleton("Hms", at.astimezone(self.zone), locale=self.locale))

    def day(self, day: date) -> str:
        return str(format_date(day, "long", locale=self.locale))

    def short_day(self, day: date) -> str:
        return str(format_skeleton("MMMd", datetime(day.year, day.month, day.day), locale=self.locale))  # noqa: DTZ001 - a day has no zone

    def local_day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def ago(self, at: datetime, now: datetime) -> str:
        """How long ago, or in how long."""
        return str(format_timedelta(at - now, add_direction=True, locale=self.locale, threshold=1.2))

    def span(self, time: timedelta) -> str:
        return str(format_timedelta(time, locale=self.locale, threshold=1.2))
