"""One test order to see real answers, and the samples that are kept of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.order.model import Address, Design, RawAnswer, Verdict
from bridge.sculpteo.test_order import (
    Findings,
    fake_order,
    masked,
    placed,
    probe,
    save,
)
from bridge.sculpteo.tracking import combine, read, report
from tests.sculpteo.raw_server import Respond, answer, resets, serving
from tests.sculpteo.sample_orders import NOW
from tests.sculpteo.test_place import PASSWORD, printer

SAMPLES = Path(__file__).parent / "samples"
ADDRESS = Address(
    last_name="Bridge Test",
    address1="1 rue de l'Exemple",
    city="Paris",
    postal_code="75001",
    country_code="FR",
)
ORDER = fake_order(Design("QfGQC4YQ"), ADDRESS, "https://bridge.example.com/notify/s3cr3t-t0ken", None)
PLACED = answer(b"AB12CD34")
JSON = answer(b'{"status": "API Test", "ship_city": "PARIS", "mail": "me@example.com"}')
PAGE = answer(b"<p>Status: API Test</p><p>1 rue de l'Exemple, 75001 Paris</p><p>owner@shop.example</p>")


async def found(*responses: Respond) -> tuple[Findings, list[str]]:
    async with serving(*responses) as server, printer(server.url) as client:
        findings = await probe(client, ORDER)
        return findings, server.lines


async def test_one_fake_order_is_placed_and_its_tracking_shown_in_both_forms() -> None:
    findings, lines = await found(PLACED, JSON, PAGE, JSON)
    assert placed(findings)
    assert list(findings.answers) == ["order", "json", "page"]
    assert [line.split()[0] for line in lines] == ["POST", "POST", "GET", "POST"]
    assert sum("/api/store/3D/order/" in line for line in lines) == 1
    assert findings.form["fake"] == "1"
    assert findings.form["items"] == ["QfGQC4YQ:1"]
    assert findings.report is not None
    assert findings.report.words == "API Test"


async def test_a_live_order_is_refused_before_any_connection() -> None:
    async with serving(PLACED) as server, printer(server.url) as client:
        with pytest.raises(ValueError, match="fake=1"):
            await probe(client, replace(ORDER, fake=False))
        with pytest.raises(ValueError, match="the city is missing"):
            await probe(client, replace(ORDER, address=replace(ADDRESS, city=None)))
        assert server.connections == 0


@pytest.mark.parametrize(
    ("responses", "verdict", "answers"),
    [
        ((answer(b"", "401 Unauthorized"),), Verdict.REFUSED, ["order"]),
        ((resets,), Verdict.UNCLEAR, ["order"]),
        ((answer(b'{"reference": "AB12CD34"}'), JSON), Verdict.UNCLEAR, ["order", "json", "page"]),
    ],
)
async def test_what_goes_wrong_is_shown_as_well(
    responses: tuple[Respond, ...], verdict: Verdict, answers: list[str]
) -> None:
    findings, _ = await found(*responses)
    assert findings.receipt.verdict is verdict
    assert list(findings.answers) == answers
    assert not placed(findings)


async def test_tracking_that_cannot_be_read_is_said() -> None:
    findings, _ = await found(PLACED, resets)
    assert findings.report is None
    assert findings.trouble is not None
    assert findings.answers["json"].error
    assert not placed(findings)


async def test_neither_secret_nor_address_is_in_a_sample(tmp_path: Path) -> None:
    findings, _ = await found(PLACED, JSON, PAGE, JSON)
    files = save(findings, tmp_path / "sample")
    assert {file.name for file in files} == {"form.json", "order.json", "json.json", "page.json", "read.json"}
    text = "".join(file.read_text() for file in files)
    for private in (
        PASSWORD,
        "me@example.com",
        "s3cr3t-t0ken",
        "Exemple",
        "aris",
        "PARIS",
        "75001",
        "owner@",
    ):
        assert private not in text


async def test_a_sample_is_never_written_over(tmp_path: Path) -> None:
    findings, _ = await found(PLACED, JSON, PAGE, JSON)
    save(findings, tmp_path)
    with pytest.raises(FileExistsError):
        save(findings, tmp_path)


def test_short_words_of_an_address_do_not_blank_the_page() -> None:
    raw = RawAnswer(NOW, 200, body="<p>1 rue de Lyon</p>")
    assert masked(raw, ["1 rue", "Lyon"]).body == "<p>*** de ***</p>"
    assert masked(raw, ["1", "de"]).body == raw.body


def test_a_name_that_is_a_status_too_leaves_the_status_readable() -> None:
    raw = RawAnswer(NOW, 200, body="Bridge Test: API Test, bridge, TESTED")
    assert masked(raw, ["Bridge Test"]).body == "***: API Test, ***, TESTED"


@pytest.mark.parametrize(
    "folder", sorted(path.parent for path in SAMPLES.glob("*/read.json")), ids=lambda p: p.name
)
def test_each_kept_sample_is_still_read_as_it_was(folder: Path) -> None:
    """Samples that `sculpteo-bridge probe --save` wrote; put yours beside them."""
    expected = json.loads((folder / "read.json").read_text())
    body = {name: json.loads((folder / f"{name}.json").read_text())["body"] for name in ("json", "page")}
    reference = expected["reference"] or expected["candidate"]
    reading = read(body["json"], reference)
    if not reading.tells:
        reading = combine(reading, read(body["page"], reference))
    told = report(reference, reading, RawAnswer(NOW, 200))
    assert told is not None
    tracking = expected["tracking"]
    assert (told.exists, told.status, told.words) == (True, tracking["status"], tracking["words"])
    assert [parcel.number for parcel in told.parcels] == [parcel["number"] for parcel in tracking["parcels"]]
