"""The merchant's own template: what it sees, how its faults are told, and the bounds that hold it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import time
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from bridge.config.settings import Invoice, Seller
from bridge.errors import NeedsPerson
from bridge.invoice import template as template_module
from bridge.invoice.invoices import Invoices
from bridge.invoice.sample import build_sample_order
from bridge.invoice.template import read_shipped_template
from tests.invoice.sample_orders import ADDRESS, SELLER, line, order, text

DATA = "#let data = json(bytes(sys.inputs.invoice))\n"

ENDLESS = "#for a in range(9999) { for b in range(9999) { for c in range(9999) { let d = str(a * b * c) } } }"

BORROWED = next(Path("/usr/share/fonts").rglob("DejaVuSans.ttf"), None)

PIXEL = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">'
    '<circle cx="20" cy="20" r="18" fill="#c33"/></svg>'
)


def own(base: Path, source: str, **settings: object) -> Invoices:
    (base / "mine.typ").write_text(source, encoding="utf-8")
    chosen = Invoice.model_validate({"mode": "template", "template": "mine.typ", **settings})
    return Invoices(chosen, base)


async def why(invoices: Invoices) -> str:
    with pytest.raises(NeedsPerson) as caught:
        await invoices.prepare_invoice("acme", order())
    assert caught.value.problem == "invoice"
    assert caught.value.facts["name"] == "#1001"
    return str(caught.value.facts["why"])


async def test_a_template_prints_from_the_data_and_imports_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "head.typ").write_text("#let head(number) = [No. #number]")
    invoices = own(
        tmp_path,
        '#import "parts/head.typ": head\n'
        + DATA
        + "#head(data.number) - #data.total.text - #data.billing.name",
    )
    pdf = await invoices.prepare_invoice("acme", order())
    assert pdf is not None
    assert "No. 1001 - €10.00 - Ada Example" in text(pdf)


async def test_the_shipped_template_works_as_a_copy_of_the_merchants(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_text(PIXEL)
    seller = Seller(name="Atelier Example", logo="logo.svg")
    copied = await own(tmp_path, read_shipped_template(), seller=seller).render_invoice(
        "acme", build_sample_order()
    )
    shipped = await Invoices(Invoice(mode="template", seller=seller), tmp_path).render_invoice(
        "acme", build_sample_order()
    )
    assert text(copied.pdf) == text(shipped.pdf)
    assert copied.warnings == shipped.warnings == ()


async def test_a_fault_is_told_with_file_line_and_column(tmp_path: Path) -> None:
    assert await why(own(tmp_path, DATA + "\n#data.totl.text")) == (
        'mine.typ:3:6: dictionary does not contain key "totl"'
    )


async def test_a_fault_in_an_imported_file_names_that_file(tmp_path: Path) -> None:
    (tmp_path / "head.typ").write_text("#let head = [\n#nothing\n]")
    assert (await why(own(tmp_path, '#include "head.typ"'))).startswith(
        "head.typ:2:1: unknown variable: nothing"
    )


async def test_an_error_that_quotes_the_customer_is_told_without_them(tmp_path: Path) -> None:
    said = await why(own(tmp_path, DATA + "#panic(data.shipping.name, data.shipping.address1)"))
    assert "Ada" not in said
    assert "Invented Street" not in said


async def test_a_template_that_runs_for_ever_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendering = own(tmp_path, ENDLESS)
    monkeypatch.setattr(template_module.render_pdf, "__kwdefaults__", {"seconds": 1.5})
    started = time.monotonic()
    assert "did not finish within 1.5 seconds" in await why(rendering)
    assert time.monotonic() - started < 5
    assert not _children()


async def test_a_template_that_eats_memory_does_not_take_the_service_along(tmp_path: Path) -> None:
    said = await why(own(tmp_path, "#(range(400000000).map(n => n + 1)).len()"))
    assert "memory" in said


async def test_a_cancelled_invoice_leaves_no_process_behind(tmp_path: Path) -> None:
    task = asyncio.create_task(own(tmp_path, ENDLESS).prepare_invoice("acme", order()))
    for _ in range(500):
        if _children():
            break
        await asyncio.sleep(0.02)
    assert _children()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert not _children()


async def test_the_event_loop_goes_on_while_an_invoice_is_rendered(tmp_path: Path) -> None:
    rendering = asyncio.create_task(
        Invoices(Invoice(mode="template"), tmp_path).prepare_invoice(
            "acme", order(tuple(line(n) for n in range(300)))
        )
    )
    longest, last = 0.0, time.monotonic()
    while not rendering.done():
        await asyncio.sleep(0.005)
        now = time.monotonic()
        longest, last = max(longest, now - last), now
    assert rendering.result() is not None
    assert longest < 0.25


async def test_packages_are_never_fetched_from_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        for name in ("HTTPS_PROXY", "ALL_PROXY", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{listener.getsockname()[1]}")
        said = await why(own(tmp_path, '#import "@preview/example:0.1.0": *'))
        with pytest.raises(TimeoutError):
            listener.accept()
    assert "packages are not fetched from the network" in said
    assert said.startswith("mine.typ:1:8")


@pytest.mark.parametrize("path", ["../secret.txt", "/etc/hostname", "/../../etc/hostname"])
async def test_a_template_reads_nothing_outside_the_folder_of_the_configuration(
    tmp_path: Path, path: str
) -> None:
    base = tmp_path / "config"
    base.mkdir()
    (tmp_path / "secret.txt").write_text("outside")
    said = await why(own(base, f'#read("{path}")'))
    assert "outside" not in said.replace("outside the", "").replace("outside of", "")
    assert "not found" in said or "escape" in said


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"template": "../mine.typ"}, "must lie in the folder of the configuration"),
        ({"template": "absent.typ"}, "is not there"),
        ({"seller": {"name": "A", "logo": "absent.png"}}, "`invoice.seller.logo` 'absent.png' is not there"),
        ({"seller": {"name": "A", "logo": "/etc/hostname"}}, "must lie in the folder"),
        ({"font_path": "fonts"}, "`invoice.font_path` 'fonts' is not a folder"),
        ({"number": "{ordre}"}, "`invoice.number` has {ordre}, which is none of {order}"),
        ({"language": "xx"}, "`invoice.language` 'xx' is not a language"),
        ({"timezone": "Paris"}, "`invoice.timezone` 'Paris' is not a time zone that this machine knows"),
        ({"max_bytes": 9000, "template": None}, "larger than 9000 bytes"),
    ],
)
async def test_a_setting_that_cannot_work_is_named(
    tmp_path: Path, settings: dict[str, object], expected: str
) -> None:
    if settings.get("max_bytes"):
        noise = "".join(f'<circle cx="{n % 97}" cy="{n % 89}" r="{n % 13}"/>' for n in range(40_000))
        (tmp_path / "big.svg").write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">{noise}</svg>'
        )
        settings = {**settings, "seller": {"name": "A", "logo": "big.svg"}}
    if "seller" in settings:
        settings["seller"] = Seller.model_validate(settings["seller"])
    chosen = Invoice(mode="template").model_copy(update=settings)  # past the checks of the configuration
    assert expected in await why(Invoices(chosen, tmp_path))


async def test_a_logo_that_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_text("not a picture")
    said = await why(Invoices(Invoice(mode="template", seller=Seller(name="A", logo="logo.png")), tmp_path))
    assert "image" in said


async def test_a_font_that_is_nowhere_is_a_warning(tmp_path: Path) -> None:
    chosen = Invoice(mode="template", seller=SELLER, font=("No Such Font",))
    result = await Invoices(chosen, tmp_path).render_invoice("acme", order())
    assert any("no such font" in warning.lower() for warning in result.warnings)


@pytest.mark.skipif(BORROWED is None, reason="this machine has no DejaVu Sans to borrow")
async def test_a_font_from_the_font_path_brings_its_characters(tmp_path: Path) -> None:
    assert BORROWED is not None
    (tmp_path / "fonts").mkdir()
    (tmp_path / "fonts" / "DejaVuSans.ttf").write_bytes(BORROWED.read_bytes())
    named = order(
        address=replace(ADDRESS, last_name="ⵣ ⵜⴰⵎⴰⵣⵉⵖⵜ")
    )  # Tifinagh: in DejaVu Sans, in no shipped font
    without = await Invoices(Invoice(mode="template"), tmp_path).render_invoice("acme", named)
    settings = Invoice(mode="template", font=("DejaVu Sans",), font_path="fonts")
    with_font = await Invoices(settings, tmp_path).render_invoice("acme", named)
    assert without.missing
    assert with_font.missing == ()
    assert with_font.warnings == ()


@pytest.mark.parametrize("source", ['#image("inner.pdf")', "#set document(date: none)"])
async def test_a_pdf_that_cannot_be_archival_is_made_all_the_same(tmp_path: Path, source: str) -> None:
    inner = await Invoices(Invoice(mode="template"), tmp_path).prepare_invoice("acme", order())
    (tmp_path / "inner.pdf").write_bytes(inner or b"")
    result = await own(tmp_path, source + "\nhello").render_invoice("acme", order())
    assert "hello" in text(result.pdf)
    (warning,) = result.warnings
    assert warning.startswith("not an archival PDF: ")


async def test_a_template_may_attach_a_file_to_an_archival_pdf(tmp_path: Path) -> None:
    (tmp_path / "terms.txt").write_text("Payable on receipt.")
    result = await own(
        tmp_path,
        '#pdf.attach("terms.txt", mime-type: "text/plain", relationship: "supplement", description: "Terms")',
    ).render_invoice("acme", order())
    assert result.warnings == ()
    assert PdfReader(BytesIO(result.pdf)).attachments["terms.txt"] == [b"Payable on receipt."]


async def test_mode_none_makes_no_invoice(tmp_path: Path) -> None:
    assert await Invoices(Invoice(mode="none"), tmp_path).prepare_invoice("acme", order()) is None


def test_the_child_process_does_not_need_the_bridge_to_be_importable(tmp_path: Path) -> None:
    child = Path(template_module.__file__).with_name("typst_child.py")
    done = subprocess.run(
        [
            sys.executable,
            "-P",
            "-c",
            f"import runpy, sys; runpy.run_path({str(child)!r}); print('bridge' in sys.modules)",
        ],
        capture_output=True,
        check=True,
        cwd=tmp_path,
    )
    assert done.stdout.strip() == b"False"


def _children() -> list[str]:
    """Command lines of this process's children that render an invoice."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
            command = (entry / "cmdline").read_bytes().decode(errors="replace")
            if int(parent) == os.getpid() and "typst_child" in command:
                found.append(command)
    return found
