"""The guards that `python -m tests.mutations` takes away one by one are still where it looks for them."""

from __future__ import annotations

import ast

import pytest

from tests.mutations import GUARDS, Guard, applied


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_a_guard_can_be_taken_away(guard: Guard) -> None:
    ast.parse(applied(guard))


def test_each_guard_has_a_name_of_its_own() -> None:
    assert len({guard.name for guard in GUARDS}) == len(GUARDS)
