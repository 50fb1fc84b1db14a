"""What people decide about single lines, over the merchant's mapping."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.decisions.line_overrides import (
    NoSuchLine,
    build_lines,
    ignore_lines,
    map_lines,
    reset_lines,
    select_lines,
)
from bridge.decisions.refusals import NotNow
from bridge.order.line_overrides import (
    LineRule,
    Scope,
    collect_subjects,
    describe_designs,
    render_config_lines,
)
from bridge.order.matching import NotPrinted, Printed, Unmapped
from bridge.order.model import Design, LineItem
from bridge.order.policy import ApprovalPolicy, GoLive
from bridge.order.problems import Problem
from bridge.order.records import OrderRecord
from bridge.order.spelling import normalize_text
from bridge.order.states import Ignored, State, Wait
from bridge.steps.line_selection import (
    Blocked,
    Skipped,
    Waiting,
)
from bridge.steps.mapping_overrides import (
    OverriddenCatalog,
    with_overrides,
)
from bridge.steps.match import Assessment, Ready, assess_purchase
from tests.support.order_factories import NOW, RING, Mapped, approval, line, order, policy, record

MUG = Design("YLXNMztE", 2, "white_plastic", Decimal("1.2"), "mm")
CATALOG = Mapped(RING=(RING,))
NEW = line(1, "NEW", variant_id="v1", product_id="p1")
NAMELESS = line(2, None)


def unmapped(*lines: LineItem) -> OrderRecord:
    return record(State.ATTENTION, problem=Problem.UNMAPPED, snapshot=order(*lines))


def verdict(known: OrderRecord, *rules: LineRule) -> object:
    assert known.snapshot is not None
    found = assess_purchase(
        known, known.snapshot, with_overrides(CATALOG, rules), policy(), NOW, lambda address: None, GoLive()
    )
    return found.verdict


def test_a_line_mapped_for_its_order_is_printed_and_only_there() -> None:
    here = unmapped(NEW)
    assert verdict(here) == Blocked(Problem.UNMAPPED, {"skus": "“NEW”"})
    rules, change = map_lines(here, build_lines(here, with_overrides(CATALOG, ())), (MUG, RING), NOW)
    assert verdict(here, *rules) == Ready()
    assert change.target is State.RECEIVED
    assert change.notes[0].facts == {
        "line": "“NEW”",
        "designs": f"{describe_designs((MUG,))} and {describe_designs((RING,))}",
    }
    elsewhere = unmapped(replace(NEW, id="gid://shopify/LineItem/9"))
    assert verdict(elsewhere, *rules) == Blocked(Problem.UNMAPPED, {"skus": "“NEW”"})


def test_every_copy_of_a_bundle_is_printed_for_every_unit() -> None:
    here = unmapped(line(1, "SET", 3))
    rules, _ = map_lines(here, build_lines(here, with_overrides(CATALOG, ())), (MUG, RING), NOW)
    assert here.snapshot is not None
    found = assess_purchase(
        here, here.snapshot, with_overrides(CATALOG, rules), policy(), NOW, lambda address: None, GoLive()
    )
    assert [(item.design.uuid, item.quantity, item.line_quantity) for item in found.items] == [
        ("YLXNMztE", 6, 3),
        ("QfGQC4YQ", 3, 3),
    ]


@pytest.mark.parametrize("scope", list(Scope))
def test_a_line_variant_or_product_that_is_not_printed_leaves_nothing_to_print(scope: Scope) -> None:
    here = unmapped(NEW)
    rules, change = ignore_lines(here, build_lines(here, with_overrides(CATALOG, ())), scope, NOW)
    assert verdict(here, *rules) == Skipped(Ignored.NOTHING_TO_PRINT)
    assert change.notes[0].kind == "line_ignored"


def test_the_configuration_wins_over_what_is_not_printed_in_all_orders_and_it_is_told() -> None:
    later = with_overrides(Mapped(NEW=(MUG,)), [LineRule("acme", Scope.PRODUCT, "p1", (), "New", "NEW")])
    judged = later.judge_line("acme", NEW)
    assert judged.match == Printed((MUG,))
    assert judged.rule is None
    assert judged.overruled is not None


def test_what_was_decided_for_one_order_stands_whatever_the_configuration_says_later() -> None:
    rule = LineRule("acme", Scope.LINE, NEW.id, (RING,), "New", "NEW")
    assert with_overrides(Mapped(NEW=(MUG,)), [rule]).match_line("acme", NEW) == Printed((RING,))


def test_a_decision_counts_in_its_own_shop_only() -> None:
    rule = LineRule("acme", Scope.VARIANT, "v1", (), "New", "NEW")
    assert with_overrides(CATALOG, [rule]).match_line("other", NEW) == Unmapped()


def test_a_line_without_sku_or_variant_is_decided_by_its_number_and_for_its_order_only() -> None:
    here = unmapped(NEW, NAMELESS)
    lines = select_lines(build_lines(here, with_overrides(CATALOG, ())), None, [2])
    assert [one.item for one in lines] == [NAMELESS]
    with pytest.raises(NotNow, match="decide about the line in this order only"):
        ignore_lines(here, lines, Scope.VARIANT, NOW)
    rules, _ = ignore_lines(here, lines, Scope.LINE, NOW)
    assert verdict(here, *rules) == Blocked(Problem.UNMAPPED, {"skus": "“NEW”"})


def test_lines_of_one_sku_go_together_unless_they_differ() -> None:
    alike = [line(1, "NEW"), line(2, "NEW"), line(3, "RING")]
    lines = build_lines(unmapped(*alike), with_overrides(CATALOG, ()))
    assert [one.number for one in select_lines(lines, " NEW ", ())] == [1, 2]
    differing = [alike[0], replace(alike[1], attributes=(("Engraving", "Ada"),))]
    lines = build_lines(unmapped(*differing), with_overrides(CATALOG, ()))
    with pytest.raises(NoSuchLine, match="line 1 “NEW”, line 2 “NEW”"):
        select_lines(lines, "NEW", ())
    assert [one.number for one in select_lines(lines, "NEW", [2])] == [2]


@pytest.mark.parametrize(("sku", "numbers"), [("RING-X", ()), (None, ()), (None, [3]), ("", ())])
def test_a_line_that_is_not_there_is_answered_with_those_that_are(
    sku: str | None, numbers: list[int]
) -> None:
    lines = build_lines(unmapped(NEW, NAMELESS), with_overrides(CATALOG, ()))
    with pytest.raises(NoSuchLine, match=r"line 1 “NEW”, line 2 “Thing 2” \(it has no SKU\)"):
        select_lines(lines, sku, numbers)


def test_a_decision_about_a_line_is_taken_back() -> None:
    here = unmapped(NEW)
    rule = LineRule("acme", Scope.LINE, NEW.id, (), "New", "NEW", key=7)
    keys, change = reset_lines(here, build_lines(here, with_overrides(CATALOG, [rule])), NOW)
    assert keys == [7]
    assert change.notes[0].kind == "line_as_configured"
    wide = replace(rule, scope=Scope.VARIANT, subject="v1")
    with pytest.raises(NotNow, match="Nothing was decided"):
        reset_lines(here, build_lines(here, with_overrides(CATALOG, [wide])), NOW)


@pytest.mark.parametrize(
    "known",
    [
        record(State.PLACED, reference="REF1", snapshot=order(NEW)),
        record(State.UNKNOWN, snapshot=order(NEW)),
        record(State.IGNORED, reason=Ignored.PERSON, snapshot=order(NEW)),
        record(State.ATTENTION, problem=Problem.BLOCKED, reference="REF1", snapshot=order(NEW)),
    ],
)
def test_nothing_is_decided_about_lines_that_may_be_bought_or_are_not_wanted(known: OrderRecord) -> None:
    lines = build_lines(known, with_overrides(CATALOG, ()))
    with pytest.raises(NotNow):
        map_lines(known, lines, (RING,), NOW)
    with pytest.raises(NotNow):
        ignore_lines(known, lines, Scope.LINE, NOW)


def test_an_order_that_waits_keeps_its_reason_until_it_is_judged_anew() -> None:
    waits = record(State.WAITING, reason=Wait.HELD, held_at=NOW, snapshot=order(NEW))
    _, change = ignore_lines(waits, build_lines(waits, with_overrides(CATALOG, ())), Scope.LINE, NOW)
    assert (change.target, change.reason, change.due_at) == (State.WAITING, Wait.HELD, NOW)


def test_an_approval_does_not_count_for_other_prints_that_a_line_is_mapped_to_later() -> None:
    ring = order(line(1, "RING"))
    rule = LineRule("acme", Scope.LINE, ring.lines[0].id, (MUG,), "Ring", "RING")
    manual = policy(approval=ApprovalPolicy(manual=True))

    def judge(known: OrderRecord, *rules: LineRule) -> Assessment:
        return assess_purchase(
            known, ring, with_overrides(CATALOG, rules), manual, NOW, lambda address: None, GoLive()
        )

    approved = record(State.WAITING, snapshot=ring, **approval(judge(record()).items))
    assert judge(approved).verdict == Ready()
    assert isinstance(judge(approved, rule).verdict, Waiting)


# --- whatever the order and the decisions ----------------------------------------------------------------

SKUS = st.sampled_from(["RING", "NEW", "TEE", None])
SOME_LINES = st.lists(
    st.builds(
        lambda number, sku, wide: line(number, sku, variant_id=wide[0], product_id=wide[1]),
        st.integers(1, 4),
        SKUS,
        st.sampled_from([(None, None), ("v1", "p1"), ("v2", "p1"), ("v3", "p2")]),
    ),
    min_size=1,
    max_size=4,
)
SOME_RULES = st.lists(
    st.one_of(
        st.builds(
            lambda number, designs: LineRule(
                "acme", Scope.LINE, f"gid://shopify/LineItem/{number}", designs, "Thing", None
            ),
            st.integers(1, 4),
            st.sampled_from([(), (MUG,), (MUG, RING)]),
        ),
        st.builds(
            lambda subject: LineRule(
                "acme", Scope.VARIANT if subject[0] == "v" else Scope.PRODUCT, subject, (), "Thing", None
            ),
            st.sampled_from(["v1", "v2", "p1", "p2"]),
        ),
    ),
    max_size=4,
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(lines=SOME_LINES, rules=SOME_RULES)
def test_decisions_only_answer_what_they_are_about(lines: list[LineItem], rules: list[LineRule]) -> None:
    over: OverriddenCatalog = with_overrides(CATALOG, rules)
    for one in lines:
        plain, judged = CATALOG.match_line("acme", one), over.judge_line("acme", one)
        about = [rule for rule in over.rules.values() if rule.subject in collect_subjects([one])]
        own = [rule for rule in about if rule.scope is Scope.LINE]
        if own:
            assert judged.rule in own
            assert (
                judged.match == Printed(own[0].designs)
                if own[0].designs
                else isinstance(judged.match, NotPrinted)
            )
        elif about and isinstance(plain, Unmapped):
            assert isinstance(judged.match, NotPrinted)
        else:
            assert judged.match == plain
        assert (judged.overruled is not None) == bool(about and not own and isinstance(plain, Printed))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(rules=SOME_RULES)
def test_the_version_tells_decisions_apart_and_nothing_else(rules: list[LineRule]) -> None:
    over = with_overrides(CATALOG, rules)
    assert (over.version == CATALOG.version) == (not over.rules)
    assert with_overrides(over, reversed(list(over.rules.values()))).version == over.version
    for subject, rule in over.rules.items():
        other = replace(rule, designs=(*rule.designs, RING))
        assert with_overrides(CATALOG, {**over.rules, subject: other}.values()).version != over.version


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    sku=st.text(min_size=1, max_size=20)
    .filter(lambda text: text.isprintable())
    .map(normalize_text)
    .filter(bool)
)
def test_the_lines_for_the_configuration_say_what_was_decided(sku: str) -> None:
    assert yaml.safe_load(render_config_lines(sku, ())) == {"ignore": [sku]}
    one = yaml.safe_load(render_config_lines(sku, (MUG,)))["products"][0]
    assert one == {
        "sku": sku,
        "uuid": "YLXNMztE",
        "quantity": 2,
        "material": "white_plastic",
        "scale": 1.2,
        "unit": "mm",
    }
    bundle = yaml.safe_load(render_config_lines(sku, (MUG, RING)))["products"][0]
    assert [item["uuid"] for item in bundle["items"]] == ["YLXNMztE", "QfGQC4YQ"]
