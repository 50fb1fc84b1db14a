"""What a line of an order is: these designs in this order, or not printed, here or in all orders."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from bridge.config.single_design import (
    BadDesign,
    parse_designs,
)
from bridge.decisions.line_overrides import (
    SCOPES,
    Line,
    ignore_lines,
    map_lines,
    reset_lines,
)
from bridge.decisions.refusals import NotNow
from bridge.errors import StaleDecision
from bridge.i18n.formatter import mark
from bridge.mapping_review.design_check import find_unknown_designs
from bridge.order.line_overrides import (
    LineRule,
    Scope,
    render_config_lines,
)
from bridge.order.model import Design
from bridge.order.records import OrderRecord, Transition
from bridge.order.timeline import describe_event
from bridge.steps.mapping_overrides import is_overruled
from bridge.web.console.auth import Role
from bridge.web.console.decisions import changed_since, is_as_shown
from bridge.web.console.order import is_mappable, lines_for, record_of, shown
from bridge.web.console.request_context import (
    Visit,
    page,
)

DESIGNS = 6  # of a bundle, at most
FIELDS = ("uuid", "material", "scale", "unit", "quantity")
CHOICES: dict[str, tuple[Scope, str, Role]] = {
    "line": (Scope.LINE, mark("Do not print it in this order"), "operator"),
    "variant": (Scope.VARIANT, mark("Do not print this variant, in any order"), "owner"),
    "product": (Scope.PRODUCT, mark("Do not print this product, in any order"), "owner"),
}

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class Wish:
    """What the form says: `what` is "print", one of CHOICES, or "undo"."""

    what: str
    parts: tuple[dict[str, str], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What follows from a wish."""

    rules: list[LineRule]
    undone: list[int]
    change: Transition
    designs: tuple[Design, ...]


@routes.get("/orders/{key:[0-9]{1,17}}/lines/{number:[0-9]{1,4}}")
@page("operator")
async def line(visit: Visit) -> web.StreamResponse:
    """The form; with `what` in the address, what would follow, and a button."""
    record, chosen = await _line_of(visit)
    wish = _wish(list(visit.request.query.items()))
    outcome, fault = None, None
    if wish.what:
        _allow(visit, wish)
        try:
            outcome = _outcome(visit, record, chosen, wish)
        except NotNow as error:
            fault = error.render_sentence(visit.reader.translate)
        except BadDesign as error:
            fault = str(error)
        else:
            fault = await _objection(visit, outcome)
            outcome = None if fault else outcome
    for_good = render_config_lines(chosen.item.sku, outcome.designs) if outcome and chosen.item.sku else None
    return await visit.show(
        "line.html",
        record=record,
        shown=shown(visit, chosen),
        wish=wish,
        outcome=outcome,
        follows=[
            describe_event(note.kind, note.facts, t=visit.reader.translate) for note in outcome.change.notes
        ]
        if outcome
        else (),
        fault=fault,
        for_good=for_good if wish.what != "undo" else None,
        seen=record.decision_digest,
        mappable=is_mappable(record),
        fields=FIELDS,
        rows=range(DESIGNS),
        choices={name: choice for name, choice in CHOICES.items() if visit.user.may(choice[2])},
        defaults=visit.settings.defaults,
    )


@routes.post("/orders/{key:[0-9]{1,17}}/lines/{number:[0-9]{1,4}}")
@page("operator")
async def decide(visit: Visit) -> web.StreamResponse:
    record, chosen = await _line_of(visit)
    wish = _wish(list(visit.form.fields))
    _allow(visit, wish)
    back = f"/orders/{record.key}"
    moved_on = changed_since(visit, record)
    if _is_so_already(visit, chosen, wish):
        return visit.back_to(back, visit.t("It is decided so already."))
    if not is_as_shown(visit, record, visit.form.get("seen")):
        return visit.back_to(back, moved_on, good=False)
    try:
        outcome = _outcome(visit, record, chosen, wish)
        objection = await _objection(visit, outcome)
        if objection:
            return visit.back_to(back, objection, good=False)
        if outcome.undone:
            await visit.store.rules.withdraw_rules(record, outcome.undone, outcome.change, visit.user.name)
        else:
            await visit.store.rules.save_rules(record, outcome.rules, outcome.change, visit.user.name)
    except NotNow as error:
        return visit.back_to(back, error.render_sentence(visit.reader.translate), good=False)
    except StaleDecision:
        return visit.back_to(back, moved_on, good=False)
    except BadDesign:
        raise web.HTTPBadRequest from None
    await visit.note("map", "done", record.key, line=chosen.name, what=wish.what)
    visit.console.on_news()
    return visit.back_to(back, visit.t("Decided; the order is looked at again."))


def _is_so_already(visit: Visit, chosen: Line, wish: Wish) -> bool:
    """Whether somebody has decided exactly this of the line before."""
    rule = chosen.judged.rule
    if wish.what == "undo":
        return rule is None or rule.scope is not Scope.LINE
    if rule is None:
        return False
    if wish.what in CHOICES:
        return not rule.designs and rule.scope is CHOICES[wish.what][0]
    try:
        return rule.scope is Scope.LINE and rule.designs == parse_designs(wish.parts, visit.settings.defaults)
    except BadDesign:
        return False


async def _line_of(visit: Visit) -> tuple[OrderRecord, Line]:
    """Raises 404."""
    record = await record_of(visit)
    number = int(visit.request.match_info["number"])
    for one in await lines_for(visit, record):
        if one.number == number:
            return record, one
    raise web.HTTPNotFound


def _wish(fields: list[tuple[str, str]]) -> Wish:
    """Raises 400 for a wish that is none."""
    what = next((value for name, value in fields if name == "what"), "")
    if what not in {"", "print", "undo", *CHOICES}:
        raise web.HTTPBadRequest
    columns = {name: [value.strip() for key, value in fields if key == name] for name in FIELDS}
    rows = [
        {name: values[index] if index < len(values) else "" for name, values in columns.items()}
        for index in range(min(len(columns["uuid"]), DESIGNS))
    ]
    return Wish(what, tuple(row for row in rows if row["uuid"]))


def _allow(visit: Visit, wish: Wish) -> None:
    """Raises 403 for what is above the user's role, 400 for no wish."""
    if not wish.what:
        raise web.HTTPBadRequest
    if wish.what in CHOICES and not visit.user.may(CHOICES[wish.what][2]):
        raise web.HTTPForbidden


def _outcome(visit: Visit, record: OrderRecord, chosen: Line, wish: Wish) -> Outcome:
    """Raises BadDesign and NotNow."""
    if wish.what == "undo":
        undone, change = reset_lines(record, [chosen], visit.now)
        return Outcome([], undone, change, ())
    if wish.what in CHOICES:
        rules, change = ignore_lines(record, [chosen], CHOICES[wish.what][0], visit.now)
        return Outcome(rules, [], change, ())
    if not wish.parts:
        raise BadDesign(visit.t("Type the UUID of a design."))
    designs = parse_designs(wish.parts, visit.settings.defaults)
    rules, change = map_lines(record, [chosen], designs, visit.now)
    return Outcome(rules, [], change, designs)


async def _objection(visit: Visit, outcome: Outcome) -> str | None:
    """What Sculpteo does not know of the designs that were typed, in words; an order would only stop at it."""
    outside = visit.console.outside
    if outside is None or not outcome.designs:
        return None
    found = await find_unknown_designs(outside.prices(), outcome.designs)
    said = visit.reader.translate
    return " ".join(f"{one.format_sentence(said)} {one.format_remedy(said)}" for one in found) or None


@routes.get("/rules")
@page()
async def rules(visit: Visit) -> web.StreamResponse:
    """What people decided not to print in any order."""
    found = await visit.store.rules.list_rules()
    rows = [(rule, is_overruled(visit.world.catalog, rule)) for rule in found]
    return await visit.show("rules.html", rows=rows, scopes=SCOPES)


@routes.post("/rules/{key:[0-9]{1,17}}/remove")
@page("owner")
async def remove(visit: Visit) -> web.StreamResponse:
    key = int(visit.request.match_info["key"])
    done = await visit.store.rules.remove_rule(key, visit.user.name)
    if done:
        await visit.note("remove_rule", "done", rule=key)
        visit.console.on_news()
    text = (
        visit.t("Removed; orders that it left out are looked at again.")
        if done
        else visit.t("It was removed already.")
    )
    return visit.back_to("/rules", text)
