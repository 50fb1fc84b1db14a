"""Designs are uploaded once, privately, and every answer is understood or told."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bridge.config.settings import SculpteoSettings
from bridge.errors import BridgeError, TryAgain
from bridge.sandbox.sculpteo.form import Form, parse_form
from bridge.sculpteo.uploads import NewDesign, Uploaded, UploadRefused, file_name, upload
from tests.sculpteo.raw_server import RawServer, Respond, answer, is_silent, resets, serving
from tests.sculpteo.test_place import PASSWORD

JSON = "Content-Type: application/json"
TAKEN = {
    "uuid": "QfGQC4YQ",
    "name": "Ring",
    "scale": 0.5,
    "unit": "mm",
    "dimx": 1.5,
    "dimy": 2,
    "dimz": "3.0",
}


def said(document: object, status: str = "200 OK") -> Respond:
    return answer(json.dumps(document).encode(), status, JSON)


async def at_once() -> None:
    """No rate limit."""


async def send(
    folder: Path, respond: Respond, content: bytes = b"solid ring", public: bool = False
) -> tuple[Uploaded, RawServer]:
    file = folder / "ring été.stl"
    file.write_bytes(content)
    async with serving(respond) as server:
        # only what never comes is waited for to the end, so that a busy machine fails nothing
        timeout = timedelta(seconds=0.1 if respond is is_silent else 30)
        settings = SculpteoSettings(login="me@example.com", password=PASSWORD, timeout=timeout).model_copy(
            update={"base_url": server.url}
        )
        design = NewDesign(file, "Ring\r\nX: y", scale=Decimal("0.50"), public=public)
        return await upload(design, settings, at_once), server


def form_of(server: RawServer) -> Form:
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = {
        name.lower(): value
        for name, _, value in (line.partition(": ") for line in head.decode().split("\r\n"))
    }
    assert lines["x-requested-with"] == "XMLHttpRequest"
    assert int(lines["content-length"]) == len(body)
    return parse_form(body, lines["content-type"])


async def test_a_file_goes_out_whole_private_and_as_its_owners(tmp_path: Path) -> None:
    content = bytes(range(256)) * 1000
    found, server = await send(tmp_path, said(TAKEN), content)
    form = form_of(server)
    assert form.file("file") == content
    assert dict(form.fields) == {
        "name": "Ring X: y", "unit": "mm", "scale": "0.5", "share": "0", "print_authorization": "0",
        "designer": "me@example.com", "password": PASSWORD,
    }  # fmt: skip
    assert b'filename="ring_t_.stl"' in server.requests[0]
    assert found == Uploaded("QfGQC4YQ", "Ring", "mm", "0.5", ("1.5", "2", "3.0"))
    assert server.connections == 1


async def test_a_design_is_public_only_when_that_is_asked_for(tmp_path: Path) -> None:
    _, server = await send(tmp_path, said(TAKEN), public=True)
    form = form_of(server)
    assert (form.one("share"), form.one("print_authorization")) == ("1", "1")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("the file is no 3D file", "the file is no 3D file"),
        ({"id": 3, "description": "too  large"}, "too large"),
        ({"id": 7}, "7"),
        (["a", {"message": "b"}], "a; b"),
    ],
)
async def test_sculpteos_own_words_say_why_a_file_is_refused(
    tmp_path: Path, error: object, told: str
) -> None:
    with pytest.raises(UploadRefused, match=f": {told}$"):
        await send(tmp_path, said({"error": error}))


@pytest.mark.parametrize(
    ("respond", "kind"),
    [
        (said({}, "403 Forbidden"), UploadRefused),
        (answer(b"<html>", "302 Found", "Location: /login"), UploadRefused),
        (answer(b"<html>sign in</html>"), TryAgain),
        (said({"success": True}), TryAgain),
        (said({"uuid": 5}), TryAgain),
        (said({"uuid": " "}), TryAgain),
        (said(TAKEN, "502 Bad Gateway"), TryAgain),
        (said({}, "429 Too Many Requests"), TryAgain),
        (answer(b"[" * 100_000), TryAgain),
        (resets, TryAgain),
        (is_silent, TryAgain),
    ],
)
async def test_whatever_else_is_answered_is_told_without_the_password(
    tmp_path: Path, respond: Respond, kind: type[BridgeError]
) -> None:
    with pytest.raises(kind) as caught:
        await send(tmp_path, respond)
    assert PASSWORD not in str(caught.value)


async def test_an_answer_that_writes_the_password_back_does_not_show_it(tmp_path: Path) -> None:
    with pytest.raises(UploadRefused) as caught:
        await send(tmp_path, said({"error": f"wrong: {PASSWORD}"}))
    assert PASSWORD not in str(caught.value)
    assert "wrong: " in str(caught.value)


async def test_progress_is_told_to_the_last_byte(tmp_path: Path) -> None:
    file = tmp_path / "big.stl"
    file.write_bytes(b"x" * 200_000)
    told: list[tuple[int, int]] = []
    async with serving(said(TAKEN)) as server:
        settings = SculpteoSettings(login="me", password=PASSWORD).model_copy(update={"base_url": server.url})
        await upload(NewDesign(file, "big"), settings, at_once, lambda *step: told.append(step))
    assert told[-1] == (200_000, 200_000)
    assert [sent for sent, _ in told] == sorted(sent for sent, _ in told)


@pytest.mark.parametrize(
    ("name", "sent"), [("ring.stl", "ring.stl"), ('a"b\r\n.obj', "a_b_.obj"), ("Ring (S).STL", "Ring_S_.STL")]
)
def test_file_names_need_no_quoting(name: str, sent: str) -> None:
    assert file_name(Path(name)) == sent
