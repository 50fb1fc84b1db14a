"""What a line was sold as decides, not what its variant in the shop is by now."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bridge.config.as_sold import resolve_sold_value
from bridge.order.matching import Printed, Unmapped
from bridge.order.model import LineItem
from tests.config.test_mapping import line, mapping

COLOURS = {"White": "white_plastic", "Black": "black_plastic", "Black / White": "two_tone"}
MUG = mapping(
    products=[
        {
            "sku": "MUG",
            "uuid": "mug",
            "material": {"option": "Material", "values": COLOURS},
            "scale": {"option": "Size", "values": {"S": "0.8", "L": "1.2", "1 / 2": "0.5"}},
        }
    ]
)
WHITE, BLACK, TWO = "white_plastic", "black_plastic", "two_tone"
ASKS = "a person is asked"

Options = tuple[tuple[str, str], ...]


def mug(title: str | None, *options: tuple[str, str], **more: Any) -> LineItem:
    return line("MUG", variant_title=title, options=options, **more)


def printed(item: LineItem) -> str | tuple[str | None, str]:
    found = MUG.match_line("acme", item)
    if isinstance(found, Unmapped):
        return ASKS
    assert isinstance(found, Printed)
    [design] = found.designs
    return design.material, str(design.scale)


@pytest.mark.parametrize(
    ("title", "live", "expected"),
    [
        # nothing changed since the sale
        ("White / L", (("Material", "White"), ("Size", "L")), (WHITE, "1.2")),
        ("white /  l", (("Material", "White"), ("Size", "L")), (WHITE, "1.2")),
        ("Black / White / S", (("Material", "Black / White"), ("Size", "S")), (TWO, "0.8")),
        (None, (("Material", "White"), ("Size", "L")), (WHITE, "1.2")),  # a variant of the catalogue
        # the variant was edited after the sale
        ("White / L", (("Material", "Black"), ("Size", "L")), (WHITE, "1.2")),
        ("White / L", (("Material", "White"), ("Size", "S")), (WHITE, "1.2")),
        ("White / L", (("Material", "Black"), ("Size", "S")), (WHITE, "1.2")),
        ("Black / White / S", (("Material", "White"), ("Size", "S")), (TWO, "0.8")),
        ("White / 1 / 2", (("Material", "White"), ("Size", "L")), (WHITE, "0.5")),
        # ... to a value that another option was sold with, or that is not mapped
        ("Gold / L", (("Material", "White"), ("Size", "L")), ASKS),
        ("White / XL", (("Material", "White"), ("Size", "L")), ASKS),
        # the variant is gone
        ("White / L", (), (WHITE, "1.2")),
        ("L / White", (), (WHITE, "1.2")),
        ("Gold / L", (), ASKS),
        ("White / Black / L", (), ASKS),  # which of the two is the material?
        ("Black / White / L", (), ASKS),  # two tones, or one of two options
        ("", (), ASKS),
        ("Default Title", (), ASKS),
        (None, (), ASKS),
        # the product's options stand in another order now
        ("L / White", (("Material", "White"), ("Size", "L")), (WHITE, "1.2")),
        ("L / White", (("Material", "Black"), ("Size", "L")), ASKS),
        # an option was added or taken away
        ("White / L", (("Material", "White"), ("Size", "L"), ("Finish", "Matt")), (WHITE, "1.2")),
        ("White / L", (("Material", "Black"), ("Size", "S"), ("Finish", "Matt")), (WHITE, "1.2")),
        ("White / L", (("Material", "White"),), ASKS),
        # the option has another name now
        ("White / L", (("Colour", "White"), ("Size", "L")), ASKS),  # as with one that it never had
        ("White / L", (("Colour", "Black"), ("Size", "L")), (WHITE, "1.2")),
        # a word that nothing explains may be the material, and the mapped one another option's
        ("White / Engraved / L", (), ASKS),
        ("Gold / White / L", (), ASKS),
        ("White / L / Engraved", (("Colour", "Black"), ("Size", "L")), ASKS),
        ("Engraved / L / White", (("Material", "White"), ("Size", "L"), ("Text", "Engraved")), ASKS),
        ("WHITE / l", (), (WHITE, "1.2")),
        ("White / 1 / 2", (), (WHITE, "0.5")),
        # it was sold before the product had options
        ("", (("Material", "White"), ("Size", "L")), ASKS),
        ("Default Title", (("Material", "White"), ("Size", "L")), ASKS),
    ],
)
def test_the_words_of_the_sale_decide_and_where_they_are_not_clear_a_person_is_asked(
    title: str | None, live: Options, expected: object
) -> None:
    assert printed(mug(title, *live)) == expected


SHARED = {"White": "white_plastic", "Black": "black_plastic"}


@pytest.mark.parametrize(
    ("title", "live", "expected"),
    [
        ("White / Black", (("Body", "White"), ("Lid", "Black")), WHITE),
        ("White / Black", (("Body", "Black"), ("Lid", "Black")), WHITE),  # one edit: the lid stands
        ("White / Black", (("Body", "Black"), ("Lid", "White")), ASKS),  # swapped, or reordered?
        ("Gold / White", (("Body", "White"), ("Lid", "White")), ASKS),  # the body was gold
        ("Gold / White", (("Body", "Black"), ("Lid", "Black")), ASKS),  # white is the lid's
        ("White / White", (("Body", "Black"), ("Lid", "Black")), WHITE),
        ("White / Black", (), ASKS),
        ("White / White", (), WHITE),
        ("White", (("Body", "Black"),), WHITE),
        ("White", (), WHITE),
        ("White", (("Body", "Black"), ("Lid", "Black")), WHITE),
        ("Gold", (("Body", "White"),), ASKS),
        # the variant is gone, or its options are others: a word that is not mapped may be the body's
        ("Gold / White", (), ASKS),
        ("White / Gold", (), ASKS),
        ("gold / WHITE", (), ASKS),
        ("White / Gold / White", (), ASKS),
        ("Off White", (), ASKS),  # no word inside another one
        ("Off White / White", (), ASKS),
        ("White / Whitewash", (), ASKS),
        ("Gold / White", (("Colour", "Black"), ("Lid", "White")), ASKS),
        ("White / Black", (("Colour", "Red"), ("Lid", "Black")), ASKS),  # two mapped words
        ("White / Red", (("Colour", "White"), ("Lid", "Blue")), ASKS),  # white is the colour's
        ("Gold / White", (("Body", "White"), ("Lid", "Gold")), ASKS),  # swapped, or reordered
        ("Gold / White", (("Body", "Black"), ("Lid", "Red"), ("Base", "Oak")), ASKS),  # one was added
        ("White / Gold", (("Body", "Black"), ("Lid", "Red")), ASKS),  # both edited, or reordered too
        ("White / Gold / M", (("Body", "Black"), ("Lid", "Gold"), ("Size", "S")), ASKS),
        ("White", (("Body", "Black"), ("Lid", "White")), ASKS),  # the lid alone was an option
    ],
)
def test_two_options_that_share_values_are_never_taken_for_each_other(
    title: str, live: Options, expected: str
) -> None:
    found = resolve_sold_value(line("BOX", variant_title=title, options=live), "Body", SHARED.get)
    assert (ASKS if isinstance(found, Unmapped) else found) == expected


@pytest.mark.parametrize(
    ("title", "live", "typed", "expected"),
    [
        ("L", (("Size", "L"),), "White", WHITE),  # there is no such option: the attribute stands for it
        ("", (("Title", "Default Title"),), "White", WHITE),
        ("White", (("Body", "White"),), "Black", BLACK),
        ("Black / L", (("Material", "Black"), ("Size", "L")), "White", BLACK),  # an option wins over it
        ("Black / L", (("Material", "White"), ("Size", "L")), "White", BLACK),
        ("", (("Material", "Black"),), "White", WHITE),  # sold while there was no option
        ("L", (), "White", WHITE),
        ("White / L", (), "White", WHITE),
        ("Black / L", (), "White", ASKS),
        ("L", (), "Gold", ASKS),
        ("White / L", (("Colour", "Black"), ("Size", "L")), "Black", ASKS),
    ],
)
def test_a_custom_attribute_of_the_same_name_counts_only_where_no_option_was_sold(
    title: str, live: Options, typed: str, expected: str
) -> None:
    item = line("MUG", variant_title=title, options=live, attributes=(("Material", typed),))
    found = resolve_sold_value(item, "material", SHARED.get)
    assert (ASKS if isinstance(found, Unmapped) else found) == expected


def test_what_is_not_clear_tells_what_was_sold_and_what_the_variant_is_now() -> None:
    found = MUG.match_line("acme", mug("L / White", ("Material", "Black"), ("Size", "L")))
    assert found == Unmapped(option="Material", sold="L / White", live="Black / L")


def test_a_value_that_was_sold_and_is_not_mapped_is_named() -> None:
    found = MUG.match_line("acme", mug("Gold / L", ("Material", "White"), ("Size", "L")))
    assert found == Unmapped(option="Material", value="Gold")


def test_a_long_title_of_many_pieces_is_judged_in_no_time() -> None:
    item = mug(" / ".join(["A"] * 80), ("Material", "White"), ("Size", "L"))
    assert isinstance(MUG.match_line("acme", item), Unmapped)
    assert Decimal("1.2") in {design.scale for _, design in MUG.list_designs()}


@pytest.mark.parametrize("title", ["Blanc cassé / L", "BLANC CASSE\u0301 / L", "Blanc\u00a0cass\u00e9 / l"])
def test_accents_and_spaces_in_another_spelling_are_the_same_word(title: str) -> None:
    product = {
        "sku": "MUG",
        "uuid": "mug",
        "material": {"option": "Material", "values": {"Blanc cass\u00e9": "white_plastic"}},
        "scale": {"option": "Size", "values": {"L": "1.2"}},
    }
    found = mapping(products=[product]).match_line("acme", mug(title))
    assert isinstance(found, Printed)
    assert [(one.material, str(one.scale)) for one in found.designs] == [("white_plastic", "1.2")]
