"""Every sentence that the console shows, as code and templates have it. `python -m tests.tools.texts fr`
prints those that have no French translation yet, as entries for a `.po` file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

import bridge.web.console
from bridge.alerts import message as alerts
from bridge.decisions import (
    line_overrides,
    refusals,
    transitions,
)
from bridge.decisions.actions import ACTIONS
from bridge.health import report
from bridge.i18n.formatter import (
    LOCALES,
    SEVERAL,
    load_catalogs,
)
from bridge.mapping_review.findings import FINDINGS
from bridge.order import (
    notifications,
    problems,
    reason_codes,
    states,
    timeline,
    wording,
)
from bridge.order.explanations import (
    CANCELLED,
    DONE,
    MAY_HAVE,
    NEXT,
    NOTHING_NEXT,
    UNKNOWN_REMEDY,
    WINDOW_UNTIL,
)
from bridge.order.model import STATUS_MEANING
from bridge.order.spelling import NEAR_TOLD, QUOTED
from bridge.shopify.scopes import SCOPES
from bridge.web.console import (
    mapping,
    navigation,
)

CONSOLE = Path(bridge.web.console.__file__).parent
KEYWORDS = {"t": None, "n": (1, 2), "mark": None, "translate": None, "said": None}
METHODS = [("templates/**.html", "jinja2.ext:babel_extract"), ("**.py", "python")]
OPTIONS = {"templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}

Key = str | tuple[str, ...]


def of_console() -> dict[Key, list[str]]:
    """Sentence, or (one, many), -> the files that have it."""
    found: dict[Key, list[str]] = {}
    for file, _, message, _, _ in extract_from_dir(CONSOLE, METHODS, OPTIONS, KEYWORDS):
        found.setdefault(message, []).append(file)
    return found


def of_the_rest() -> Iterator[str]:
    """The sentences about an order, its problems and its history, and about missing permissions."""
    yield from states.MEANING.values()
    yield from states.WAITS.values()
    yield from states.WAIT_REMEDIES.values()
    yield from states.IGNORED.values()
    yield from (move.sentence for move in states.MOVES)
    yield from (state.capitalize() for state in states.State)  # as the history names them
    yield from (*CANCELLED.values(), *DONE.values())
    yield from (
        MAY_HAVE,
        WINDOW_UNTIL,
        UNKNOWN_REMEDY,
        NOTHING_NEXT,
        *NEXT.values(),
        *line_overrides.SCOPES.values(),
    )
    yield from (
        *transitions.SENTENCES,
        *refusals.SENTENCES,
        line_overrides.NOT_DECIDED,
        *line_overrides.NO_SUBJECT.values(),
    )
    for action in ACTIONS:
        yield from (action.label, action.sentence, action.done)
    yield from (
        *timeline.KINDS.values(),
        *sorted(timeline.CAUSES),
        timeline.SAYS_AND_MEANS,
        timeline.FOUND_WITHOUT_NAME,
    )
    yield from STATUS_MEANING.values()
    yield from (scope.lost for scope in SCOPES)
    yield from (*NEAR_TOLD.values(), QUOTED, *wording.METHODS.values())
    yield from (wording.IN_MATERIAL, wording.WITH_SCALE, wording.WITHOUT_SKU)
    yield from (*reason_codes.REASONS, *sorted(reason_codes.WORDS), reason_codes.AND)
    yield from (*alerts.TEXTS, notifications.LOOK, notifications.DECIDE)
    told = (text for _, text in notifications.TEXTS.values())
    for text in (
        *problems.PROBLEMS.values(),
        *problems.VARIANTS.values(),
        *problems.ALARMS.values(),
        *FINDINGS.values(),
        *report.TEXTS.values(),
        *told,
    ):
        yield from (text.sentence, text.remedy)


def headings() -> Iterator[str]:
    """What stands over several of one kind."""
    labels = (*navigation.STATES.values(), *(label for label, _ in mapping.FILTERS.values()))
    yield from (label + SEVERAL for label in dict.fromkeys(labels))


def everything() -> dict[Key, list[str]]:
    found = of_console()
    for sentence in (*of_the_rest(), *headings()):
        found.setdefault(sentence, []).append("elsewhere")
    return found


def missing(language: str) -> dict[Key, list[str]]:
    known = load_catalogs().get(language, {})
    return {
        key: files
        for key, files in everything().items()
        if (key if isinstance(key, str) else key[0]) not in known
    }


def blank(language: str) -> Catalog:
    """An empty catalog with as many plural forms as the language's files have."""
    catalog = Catalog(locale=language)
    for path in sorted((LOCALES / language).glob("*.po"))[:1]:
        with path.open("rb") as opened:
            catalog.mime_headers = read_po(opened, locale=language).mime_headers
    return catalog


def main(language: str) -> None:
    catalog = blank(language)
    for key, files in missing(language).items():
        catalog.add(key, locations=[(file, 1) for file in sorted(set(files))])
    write_po(sys.stdout.buffer, catalog, omit_header=True, include_lineno=False, width=110)


if __name__ == "__main__":
    main(sys.argv[1])
