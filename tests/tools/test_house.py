"""The figures of the house, on a small project whose figures are known."""

from __future__ import annotations

from pathlib import Path

from tests.tools.house import circles, folders, imports, table

FILES = {
    "__init__.py": "",
    "errors.py": "class Refused(Exception): ...\n",
    "shop/__init__.py": "",
    # a circle between folders that is none between modules
    "shop/orders.py": "from house.press.sheets import Sheet\n\n\ndef read_order(name: str) -> Sheet:\n    return Sheet()\n",
    "shop/prices.py": "# a reason\ndef price(sheets):\n    return 2\n",
    "press/__init__.py": "",
    "press/sheets.py": (
        "from typing import TYPE_CHECKING\n\nfrom ..shop import prices\nfrom .. import errors\n\n"
        "if TYPE_CHECKING:\n    from ..shop.orders import read_order\n\n\n"
        "class Sheet:\n    def __init__(self):\n        self.cost = prices.price(1)\n\n    def _sign(self) -> None:\n"
        "        raise errors.Refused\n"
    ),
}


def house(folder: Path) -> Path:
    for name, text in FILES.items():
        path = folder / "house" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / "house"


def test_a_known_project_has_its_known_figures(tmp_path: Path) -> None:
    figures = dict(table(house(tmp_path)))
    assert figures["files"] == "7"
    assert (
        figures["functions whose name is one word"] == "66.7 %"
    )  # price, _sign; not read_order, not __init__
    assert figures["functions whose name begins with a standard verb"] == "66.7 %"  # read_order, _sign
    assert figures["functions with types throughout"] == "66.7 %"
    assert figures["comments, share of lines"] == "4.2 %"  # one of 24
    assert figures["circles of imports, between modules / folders"] == "0 / 1"


def test_a_circle_names_those_who_make_it(tmp_path: Path) -> None:
    code = house(tmp_path)
    assert circles(folders(code)) == [["house.press", "house.shop"]]
    assert circles(imports(code)) == []
    (code / "errors.py").write_text("import house.shop.orders\n")
    assert circles(imports(code)) == [["house.errors", "house.press.sheets", "house.shop.orders"]]
