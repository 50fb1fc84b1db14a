"""Compiles one Typst document in a process of its own: `python -P typst_child.py`, job in, PDF out.

Why a process: a template may run for minutes (Typst has no time limit), and when memory runs out Typst ends
the whole process. So the parent kills this one at its deadline, and this one limits itself.

Stdin: one JSON job (see `template.py`). Stdout: one line of JSON about the outcome, then the PDF's bytes.
Imports nothing of the bridge, so that it starts fast.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import typst

_UNDISPLAYABLE = re.compile(r'the text `"((?:\\.|[^"\\])*)"` could not be displayed')
_ESCAPE = re.compile(r"\\u\{([0-9a-fA-F]+)\}")

EXPORTS: tuple[list[Any], ...] = (["a-2u"], ["a-3u"], [])
"""Archival PDF/A-2; PDF/A-3, which may carry attachments; at last whatever Typst can make of it.

Typst refuses to write a character that no font has into an archival PDF, and says which: nothing else in
it tells of missing characters.
"""


def set_process_limits(memory: int, seconds: int) -> None:
    """Bound this process where the system can (not on Windows): a backstop if the parent is gone.

    No core is dumped when it dies: the customer would be in it.
    """
    try:
        import resource
    except ImportError:
        return
    bounds = ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_CORE, 0))
    for what, most in bounds:
        hard = resource.getrlimit(what)[1]
        resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def compile_job(job: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    source: Any = Path(job["path"]) if job["path"] else job["source"].encode()
    compiler = typst.Compiler(
        root=Path(job["root"]),
        font_paths=[Path(folder) for folder in job["font_paths"]],
        ignore_system_fonts=True,
        sys_inputs={"invoice": job["data"]},
        package_path=Path(job["no_packages"]),
        package_cache_path=Path(job["no_packages"]),
    )

    def export_pdf(standards: list[Any]) -> tuple[bytes, list[str]]:
        pdf, warnings = compiler.compile_with_warnings(
            source, format="pdf", pdf_standards=standards, timestamp=job["timestamp"]
        )
        if not isinstance(pdf, bytes):
            raise TypeError("Typst gave no PDF")
        return pdf, list(dict.fromkeys(warning.message for warning in warnings))

    refusals: list[typst.TypstError] = []
    for standards in EXPORTS:
        try:
            pdf, warnings = export_pdf(standards)
        except typst.TypstError as error:
            refusals.append(error)
            continue
        missing = parse_undisplayable(refusals[0].diagnostic) if refusals else []
        if not standards and not missing:
            warnings.append(f"not an archival PDF: {refusals[-1].message}")
        return {"ok": True, "warnings": warnings, "missing": missing}, pdf
    broken = refusals[-1]
    return {
        "ok": False,
        "message": broken.message,
        "diagnostic": broken.diagnostic,
        "hints": broken.hints,
    }, b""


def parse_undisplayable(diagnostic: str) -> list[str]:
    """The characters that no font has, from Typst's refusal to write them into an archival PDF."""
    found = (
        _ESCAPE.sub(lambda code: chr(int(code[1], 16)), text) for text in _UNDISPLAYABLE.findall(diagnostic)
    )
    return sorted({character for text in found for character in text})


def main() -> None:
    job = json.loads(sys.stdin.buffer.read())
    set_process_limits(job["memory"], job["seconds"])
    outcome, pdf = compile_job(job)
    sys.stdout.buffer.write(json.dumps(outcome).encode() + b"\n" + pdf)


if __name__ == "__main__":
    main()
