"""The timeline of an order in plain words: one sentence for each kind of line. Standard library only.

`{names}` are filled from the facts of the line. A test holds that every kind that the code writes is here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.order.authors import NOT_KEPT
from bridge.order.explanations import (
    Translate,
    describe_state,
    to_english,
    translate_with_reasons,
)
from bridge.order.model import STATUS_MEANING, PrintStatus
from bridge.order.problems import Alarm, Problem, fill_sentence, find_text
from bridge.order.states import MOVES, State

KINDS: dict[str, str] = {
    # word of the order
    "seen": "The bridge heard of the order for the first time ({origin}, {cause}).",
    "news": "There was news of the order ({cause}).",
    # what the worker did
    "move": "{target}: {sentence}",
    "reason": "{sentence}",
    "failed": "A try failed: {why}.",
    "remapped": "The mapping changed. So far it was to be printed as {before}; now as {after}.",
    "contents_changed": "The order changed in the shop. So far it was to be printed as {before}; now as {after}.",
    "approval_dropped": "The order changed, so the approval that it had no longer counts.",
    "items_found": "What the purchase holds was not on record any more; the bridge has found it again.",
    # buying
    "sent": "The request to Sculpteo left now (attempt {attempt}).",
    "answered": "Sculpteo's answer was stored: {why}",
    "placed": "Sculpteo took the order: its reference is {reference}.",
    "attempt_void": "The attempt to buy counts as void: {why}.",
    "attempt_found": "An attempt to buy it was found in the ledger on the Shopify order (attempt {attempt}).",
    "attempt_revived": "The void attempt counts again: Sculpteo has it as {reference}.",
    "adopted_late_answer": "The answer that had come late was taken: the reference is {reference}.",
    "adopted_from_ledger": "The reference {reference} was found in the ledger on the Shopify order.",
    "adopted_from_notification": "Sculpteo called the order's own URL and named the reference {reference}.",
    "adopted_from_answer": "The unclear answer held {reference}, which Sculpteo's tracking page knows.",
    "ledger_conflict": "Somebody else wrote the ledger on the Shopify order in the same moment; nothing was sent.",
    "ledger_not_voided": "The ledger on the Shopify order could not be told that nothing was bought: {why}.",
    "decision_noted": "What was decided about buying it is on the Shopify order now.",
    "decision_not_noted": "What was decided about buying it could not be written on the Shopify order: {why}.",
    "decision_found": "The note on the Shopify order says that {who} had decided on {at}: {choice}.",
    # printing and shipping
    "print_status": "Sculpteo says: {words}.",
    "parcel": "Sculpteo shipped a parcel: {number} ({carrier}).",
    "pushed": "The shop was told of {numbers}.",
    "pushed_bare": "The shop was told that the prints have left, without a number.",
    "relabelled": "Sculpteo names {new} instead of {old}: it counts as the same parcel with a new number. Both numbers "
    "are shown in Shopify, and no more of the order counts as shipped.",
    "all_fulfilled": "All printed lines are fulfilled; parcels: {parcels}.",
    "erased": "The customer's name, addresses and messages were erased.",
    # alarms
    "alarm": "ALARM: {sentence}",
    "alarm_cleared": "The alarm was cleared ({alarm}).",
    # what a person decided
    "approved": "Approved.",
    "held": "Put on hold.",
    "released": "Taken off hold.",
    "retried": "To be tried again.",
    "resent": "Its parcels are to be brought to the shop again, where the shop lacks them.",
    "print_again": "To be printed again; Sculpteo had cancelled {reference}.",
    "ignored_by_person": "Not to be printed.",
    "cancelled_by_person": "Cancelled before anything was bought.",
    "line_mapped": "For this order, {line} is printed as {designs}.",
    "line_ignored": "{line} is not printed ({scope}).",
    "line_as_configured": "{line} is again as the configuration says.",
    "reference_corrected": "{who} had said {old}; Sculpteo's own call names {reference}, which counts.",
    "reopened": "Taken up again.",
    "handled": "Marked as handled: the shop is not told of its parcels.",
    "resolved_placed": "Sculpteo has it as {reference}.",
    "resolved_not_placed": "Sculpteo does not have it.",
}

SAYS_AND_MEANS = "Sculpteo says: {words} ({meaning})."
"""A line of `print_status` whose status is known."""

CAUSES = frozenset(
    {"audit", "backfill", "before_go_live", "first look at the shop", "import", "reconciliation", "webhook"}
)
"""What word of an order may come from, apart from Shopify's topics; these are words for people."""

FOUND_WITHOUT_NAME = (
    "The note on the Shopify order says that a person had decided before {at}: {choice}. It does not say who: an "
    "earlier release of the bridge did not keep that."
)

_SENTENCES = {(move.source, move.target): move.sentence for move in MOVES}


def describe_event(
    kind: str,
    facts: Mapping[str, Any],
    *,
    source: State | None = None,
    target: State | None = None,
    reason: str | None = None,
    problem: str | None = None,
    t: Translate = to_english,
) -> str:
    """One line of the timeline as a sentence. A kind that is not known shows as its code and facts. `t`
    translates sentences before they are filled."""
    told = {name: _format_plain(value) for name, value in translate_with_reasons(facts, t).items()}
    told |= {name: t(str(facts[name])) for name in ("origin", "cause") if facts.get(name) in CAUSES}
    if target is not None and kind in {"move", "reason"}:
        sentence = _describe_move(source, target, reason, problem, told, t)
        told |= {"target": t(target.capitalize()), "sentence": sentence}
    if kind == "alarm" and facts.get("alarm") in set(Alarm):
        told["sentence"] = fill_sentence(t(find_text(Alarm(facts["alarm"]), facts).sentence), told)
    if kind == "decision_found" and facts.get("who") == NOT_KEPT:
        return fill_sentence(t(FOUND_WITHOUT_NAME), told)
    if kind == "print_status" and facts.get("status") in set(PrintStatus):
        told["meaning"] = t(STATUS_MEANING[PrintStatus(facts["status"])])
        return fill_sentence(t(SAYS_AND_MEANS), told)
    if kind not in KINDS:
        return f"{kind} {told}" if told else kind
    return fill_sentence(t(KINDS[kind]), told)


def _describe_move(
    source: State | None,
    target: State,
    reason: str | None,
    problem: str | None,
    told: dict[str, object],
    t: Translate,
) -> str:
    """Why it stands there now, where there is a reason; else what the move means."""
    if problem in set(Problem):
        return fill_sentence(t(find_text(Problem(problem), told).sentence), told)
    if reason is not None or target is State.UNKNOWN or source is None or source is target:
        return describe_state(target, reason, problem, told, t)
    sentence = _SENTENCES.get((source, target))
    return t(sentence) if sentence else describe_state(target, reason, problem, told, t)


def _format_plain(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else "-" if value is None else value
