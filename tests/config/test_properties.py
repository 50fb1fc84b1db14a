"""Whatever is thrown at the loader, only a ConfigError comes out; and every fault has a place and no secret."""

from __future__ import annotations

from pathlib import Path

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.config.loader import load_bytes
from bridge.config.show import build_effective_settings, dump_yaml
from bridge.errors import ConfigError
from tests.config.broken_configurations import CASES
from tests.config.valid_configuration import ENV, GOOD, MARK, Broken

BITS = (
    "{", "}", "[", "]", ":", ": ", "- ", "\n", "  ", "\t", "#", "&a ", "*a", "!x ", "<<: ", "? ", "|\n", ">\n", "'",
    '"', "\\", "%", "@", "`", "---\n", "...\n", "${", "}", "$${", "${SHOPIFY_SECRET}", "{file: x}", "~", "null",
    "...", "\x00", "\ufeff", "\u2028", "é", "\ud7ff", "1e999999", "-0", ".nan", "!!binary ", "0x", "*", "?", ",",
)  # fmt: skip
LIMITED = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def survives(content: bytes) -> None:
    try:
        found = load_bytes(content, Path("config.yaml"), ENV)
    except ConfigError as error:
        assert error.faults
        for fault in error.faults:
            assert fault.what and fault.line >= 0 and (fault.column > 0) == (fault.line > 0)
            assert "s3cr3t" not in str(fault)
            assert "\n" not in str(fault)
    else:
        assert len(found.catalog.version) == 16
        assert "s3cr3t" not in dump_yaml(build_effective_settings(found))


@st.composite
def mangled(draw: st.DrawFn) -> str:
    """The good text with a few bits put in, taken out or doubled, at random places."""
    text = GOOD
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 25)))
        middle = draw(st.sampled_from((draw(st.sampled_from(BITS)), "", text[start:end] * 2)))
        text = text[:start] + middle + text[end:]
    return text


@LIMITED
@given(mangled())
def test_no_mangled_file_makes_a_traceback(text: str) -> None:
    survives(text.encode("utf-8", "surrogatepass"))


@LIMITED
@given(st.lists(st.sampled_from(CASES), min_size=2, max_size=6))
def test_no_mixture_of_mistakes_makes_a_traceback(cases: list[Broken]) -> None:
    text = GOOD
    for case in cases:
        text = text.replace(case.old, case.new.replace(MARK, ""))
    survives(text.encode())


@LIMITED
@given(st.binary(max_size=200))
def test_no_bytes_make_a_traceback(content: bytes) -> None:
    survives(content)


@LIMITED
@given(st.lists(st.sampled_from(BITS), max_size=40))
def test_no_soup_of_yaml_makes_a_traceback(bits: list[str]) -> None:
    survives("".join(bits).encode("utf-8", "surrogatepass"))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | st.sampled_from(BITS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@LIMITED
@given(st.data())
def test_no_value_at_any_place_makes_a_traceback(data: st.DataObject) -> None:
    tree = yaml.safe_load(GOOD)
    place = tree
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(VALUES)
    survives(yaml.safe_dump(tree, allow_unicode=True).encode("utf-8", "surrogatepass"))
