"""The judgement on the answer to the order call: the most expensive decision of the bridge."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.order.model import Verdict
from bridge.sculpteo.order_response import (
    MAX_ANSWER,
    find_candidate,
    is_reference,
    judge,
    plausible,
)

REFERENCE = "AB12CD34"
PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Login</body></html>"


@pytest.mark.parametrize(
    "body",
    [
        b"AB12CD34",
        b"AB12CD34\n",
        b"\r\n AB12CD34 \t\r\n",
        b"QWRTZPLK",
        b"12345678",
        b"SC-2026-000123",
        b"ORDER-000123",
        b"TEST0001",
        b"FAKE1234",
        b"OK7XK2P9",
        b"a1b2c3",
        b"a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4",
        b"ref_12345",
    ],
)
@pytest.mark.parametrize("status", [200, 201, 202])
def test_a_plain_reference_is_placed(status: int, body: bytes) -> None:
    judged = judge(status, {"Content-Type": "text/html; charset=utf-8"}, body)
    assert (judged.verdict, judged.reference) == (Verdict.PLACED, body.decode().strip())


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 406, 413, 415, 422, 451])
@pytest.mark.parametrize("body", [b"", b" ", b"\r\n"])
def test_a_client_error_with_a_blank_answer_is_a_refusal(status: int, body: bytes) -> None:
    judged = judge(status, {}, body)
    assert judged.verdict is Verdict.REFUSED
    assert str(status) in judged.why
    assert judged.reference is judged.candidate is None


UNCLEAR = [
    (200, b""),
    (200, b"  \n"),
    (204, b""),
    (200, PAGE),
    (200, b"OK"),
    (200, b"ERROR"),
    (200, b"ERROR500"),
    (200, b"Error-403"),
    (200, b"SUCCESS"),
    (200, b"FORBIDDEN"),
    (200, b"DISABLED"),
    (200, b"PENDING1"),
    (200, b"CLOSED"),
    (200, b"ECHEC001"),
    (200, b"INDISPONIBLE"),
    (200, b"REFUSED"),
    (200, b"LOGIN-REQUIRED-2"),
    (200, b"MAINTENANCE"),
    (200, b"invalid"),
    (200, b"abcdefgh"),
    (200, b"AbCdEfGh"),
    (200, b"short"),
    (200, b"A1B2C"),
    (200, b"A" * 33),
    (200, b"2026-11-23"),
    (200, b"AB12 CD34"),
    (200, b"AB12CD34 AB12CD35"),
    (200, b"AB12CD34\nAB12CD35"),
    (200, b"AB12CD34."),
    (200, b"/shop/AB12CD34"),
    (200, "ＡＢ12ＣＤ34".encode()),
    (200, "AB12CDÉ4".encode()),
    (200, b"\xef\xbb\xbfAB12CD34"),
    (200, b"\xff\xfeA\x00B\x001\x002\x00"),
    (200, b"\x1f\x8b\x08\x00garbage"),
    (200, b"null"),
    (200, b"true"),
    (200, b"{}"),
    (200, b"[]"),
    (200, b'"AB12CD34"'),
    (200, b'{"reference": "AB12CD34"}'),
    (200, b"Invalid login or password"),
    (301, b""),
    (302, b""),
    (302, b"AB12CD34"),
    (303, b"AB12CD34"),
    (304, b""),
    (400, b"bad item"),
    (400, PAGE),
    (403, PAGE),
    (401, b'{"error": "login"}'),
    (400, b"AB12CD34"),
    (408, b""),
    (429, b""),
    (409, b""),
    (425, b""),
    (499, b""),
    (500, b""),
    (500, b"AB12CD34"),
    (502, PAGE),
    (503, b""),
    (504, b""),
    (520, b""),
    (100, b"AB12CD34"),
    (101, b""),
    (0, b""),
    (600, b"AB12CD34"),
    (200, b"AB12CD34" + b" " * MAX_ANSWER),
]


@pytest.mark.parametrize(("status", "body"), UNCLEAR)
def test_everything_else_is_unclear(status: int, body: bytes) -> None:
    judged = judge(status, {}, body)
    assert judged.verdict is Verdict.UNCLEAR
    assert judged.reference is None
    assert judged.why


@pytest.mark.parametrize(
    ("body", "candidate"),
    [
        (b'{"error": {"id": 0}, "body": {"success": true, "reference": "AB12CD34"}}', REFERENCE),
        (b'"AB12CD34"', REFERENCE),
        (b"'AB12CD34'\n", REFERENCE),
        (b"\xef\xbb\xbfAB12CD34", REFERENCE),
        (b'{"reference": "AB12CD34"}', REFERENCE),
        (b'{"success": true, "order": {"Reference": " AB12CD34 ", "n": 1}}', REFERENCE),
        (b'{"data": [{"order_reference": "AB12CD34"}]}', REFERENCE),
        (b'["AB12CD34"]', REFERENCE),
        (b'{"order_id": 12345678}', "12345678"),
        (b'<a href="/shop/tracking/reference/AB12CD34">track</a>', REFERENCE),
        (b'{"token": "AB12CD34"}', None),
        (b'{"reference": "ERROR500"}', None),
        (b'{"reference": true}', None),
        (b'{"reference"', None),
        (b"Invalid login or password", None),
        (PAGE, None),
    ],
)
def test_what_may_be_the_reference_in_an_unclear_answer_is_shown(body: bytes, candidate: str | None) -> None:
    judged = judge(200, {}, body)
    assert (judged.verdict, judged.candidate) == (Verdict.UNCLEAR, candidate)


def test_a_candidate_is_also_found_in_a_server_error() -> None:
    assert judge(500, {}, b"AB12CD34").candidate == REFERENCE
    assert judge(302, {}, b"AB12CD34").candidate == REFERENCE


def test_an_echo_of_what_we_sent_is_no_reference() -> None:
    judged = judge(200, {}, b"QfGQC4YQ", {"QfGQC4YQ", "acme"})
    assert (judged.verdict, judged.candidate) == (Verdict.UNCLEAR, None)


def test_an_answer_shorter_than_announced_is_unclear() -> None:
    judged = judge(200, {"Content-Length": "12"}, b"AB12CD34")
    assert (judged.verdict, judged.candidate) == (Verdict.UNCLEAR, REFERENCE)
    assert judge(403, {"content-length": "900"}, b"").verdict is Verdict.UNCLEAR
    assert judge(200, {"Content-Length": "8"}, b"AB12CD34").verdict is Verdict.PLACED
    assert (
        judge(200, {"Content-Length": "28", "Content-Encoding": "gzip"}, b"AB12CD34").reference == REFERENCE
    )


@given(st.integers(0, 999), st.binary(max_size=200))
def test_whatever_comes_is_judged_and_only_a_2xx_reference_is_placed(status: int, body: bytes) -> None:
    judged = judge(status, {}, body)
    if judged.verdict is Verdict.PLACED:
        assert 200 <= status < 300
        assert judged.reference == body.decode().strip()
    if judged.verdict is Verdict.REFUSED:
        assert 400 <= status < 500
        assert not body.decode().strip()
    assert (judged.reference is not None) == (judged.verdict is Verdict.PLACED)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10) | st.just(REFERENCE),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["reference", "order", "id", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(json_values)
def test_a_candidate_from_json_is_always_plausible_and_literally_there(value: object) -> None:
    text = json.dumps(value)
    candidate = find_candidate(text)
    if candidate is not None:
        assert plausible(candidate)
        assert candidate in text


def test_deep_json_gives_no_candidate_and_no_error() -> None:
    assert find_candidate("[" * 60_000) is None
    assert find_candidate('{"order":' * 50 + '"AB12CD34"' + "}" * 50) is None


def test_references_seen_are_plausible_nearly_always() -> None:
    """References of the seen form, made up: not one in a thousand may be mistaken for a word."""
    import random

    source = random.Random(7)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    made = ["".join(source.choices(alphabet, k=8)) for _ in range(20_000)]
    assert sum(not plausible(one) for one in made) == 0


@pytest.mark.parametrize("text", ["", "..", "a/b", "a b", "é", "x" * 65, "a%2f", "a?b"])
def test_what_has_no_form_of_a_reference_is_not_asked_for(text: str) -> None:
    assert not is_reference(text)
