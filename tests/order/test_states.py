"""The table of states holds together."""

from __future__ import annotations

from pathlib import Path
from string import Formatter

from bridge import steps
from bridge.order import problems, states
from bridge.order.states import ALLOWED, MEANING, MOVES, State


def test_each_state_has_a_meaning() -> None:
    assert set(MEANING) == set(State)


def test_each_state_can_be_reached_and_no_move_is_listed_twice() -> None:
    reached = {State.RECEIVED} | {move.target for move in MOVES}
    assert reached == set(State)
    assert len(ALLOWED) == len(MOVES)


def test_each_move_is_made_by_a_step_and_says_why() -> None:
    files = {path.stem for path in Path(steps.__path__[0]).glob("*.py")}
    for move in MOVES:
        assert move.by in files, move
        assert move.sentence.endswith("."), move


def test_nothing_leaves_unknown_but_by_outcome_recovery() -> None:
    assert {move.by for move in MOVES if move.source is State.UNKNOWN} == {"outcome_recovery"}


def test_placing_is_entered_only_from_waiting() -> None:
    assert [move.source for move in MOVES if move.target is State.PLACING] == [State.WAITING]


def test_an_order_that_sculpteo_has_never_becomes_cancelled_or_ignored() -> None:
    for source in (State.PLACED, State.SHIPPED, State.DONE):
        assert not states.is_move_allowed(source, State.CANCELLED)
        assert not states.is_move_allowed(source, State.IGNORED)


def test_each_reason_and_problem_has_its_sentence() -> None:
    assert set(states.WAITS) == set(states.Wait)
    assert set(states.IGNORED) == set(states.Ignored)
    assert set(problems.PROBLEMS) == set(problems.Problem)
    assert set(problems.ALARMS) == set(problems.Alarm)


def test_sentences_can_be_filled_with_anything_or_nothing() -> None:
    texts = [*states.WAITS.values(), *states.IGNORED.values()]
    for pair in (*problems.PROBLEMS.values(), *problems.ALARMS.values()):
        texts += [pair.sentence, pair.remedy]
    for text in texts:
        names = {name for _, name, _, _ in Formatter().parse(text) if name}
        assert problems.fill_sentence(text, {})
        filled = problems.fill_sentence(text, dict.fromkeys(names, "{x}"))
        assert ("{x}" in filled) == bool(names)
