"""Invented customers for sandbox orders. None of them exists; all mail addresses end in `.example`."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from bridge.sandbox.shopify.model import Address

_FIRST = (
    "Anouk", "Bertil", "Célestin", "Dorothea", "Élodie", "Fennick", "Gisèle", "Hjalmar", "Ilse", "Jorik",
    "Katell", "Lazare", "Mirabel", "Nestor", "Ottilie", "Pérrine", "Quirin", "Rosalind", "Søren", "Thaïs",
    "Ulrike", "Valmont", "Wilma", "Xavière", "Yann", "Zélie",
)  # fmt: skip
_LAST = (
    "Abelwood", "Brindille", "Corvane", "Dunkelbach", "Estragon", "Fernhagen", "Grandbois", "Hollerith",
    "Isambert", "Juneblum", "Kastanje", "Lorraine-Pic", "Moosgrund", "Noirétable", "Oakenshaw", "Pimprenel",
    "Quillfeather", "Rabenstein", "Sauvageot", "Tannenhof", "Underhay", "Valbruyère", "Wachtelweg", "Yvonand",
    "Zirbelkamm",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    street: str  # {number} is filled in
    city: str
    zip: str
    country: str
    country_code: str
    province: str | None = None
    province_code: str | None = None


FRANCE = Place("{number} rue des Mésanges", "Lyon", "69003", "France", "FR")
AMERICA = Place("{number} Juniper Lane", "Portland", "97205", "United States", "US", "Oregon", "OR")
JAPAN = Place("神宮前{number}丁目", "渋谷区", "150-0001", "Japan", "JP", "東京都", "JP-13")
LONG = Place(
    "Résidence du Vieux Moulin, bâtiment C, escalier 4, {number} chemin de la Fontaine aux Tourterelles",
    "Annecy",
    "74000",
    "France",
    "FR",
)
PLACES = (
    FRANCE,
    AMERICA,
    Place("{number} quai de la Brume", "Nantes", "44000", "France", "FR"),
    Place("Ulmenpfad {number}", "Köln", "50667", "Germany", "DE"),
    Place("{number} Thistle Row", "Leeds", "LS1 4DY", "United Kingdom", "GB", "England", "ENG"),
    Place("Via dei Tigli {number}", "Torino", "10121", "Italy", "IT", "Torino", "TO"),
    Place("Lindeblomlaan {number}", "Gent", "9000", "Belgium", "BE"),
)
_JAPANESE = ("星野", "白川", "霧島", "若葉", "雪村", "風間", "月岡", "草薙")
_JAPANESE_FIRST = ("遥", "湊", "蒼", "凛", "楓", "澪", "樹", "響")


@dataclass(frozen=True, slots=True)
class Person:
    address: Address
    email: str

    @property
    def name(self) -> str:
        """As it stands on the parcel; unique within a day."""
        return self.address.name or ""


@dataclass(slots=True)
class People:
    """Gives out customers, each name once, in an order that depends on the seed alone."""

    random: Random
    _left: list[tuple[str, str]] = field(default_factory=list)
    _round: int = 0

    def next(self, place: Place | None = None) -> Person:
        if not self._left:
            self._left = [(first, last) for first in _FIRST for last in _LAST]
            self.random.shuffle(self._left)
            self._round += 1
        first, last = self._left.pop()
        if self._round > 1:
            last = f"{last} {'I' * self._round}"
        return self._at(first, last, place)

    def next_japanese(self) -> Person:
        """Somebody in Japan; names may come again after a while."""
        return self._at(self.random.choice(_JAPANESE_FIRST), self.random.choice(_JAPANESE), JAPAN)

    def _at(self, first: str, last: str, place: Place | None) -> Person:
        where = place or self.random.choice(PLACES)
        return Person(
            Address(
                first_name=first,
                last_name=last,
                address1=where.street.format(number=self.random.randint(1, 180)),
                city=where.city,
                zip=where.zip,
                country=where.country,
                country_code=where.country_code,
                province=where.province,
                province_code=where.province_code,
                phone="+33 1 00 00 00 00",
            ),
            f"customer{self.random.randint(10_000, 99_999)}.{self._round}@mail.example",
        )
