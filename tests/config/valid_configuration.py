"""A configuration without a fault, and the ways to break it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bridge.config.loader import Loaded, load_bytes
from bridge.errors import ConfigError, Fault

MARK = "¦"
"""Stands in a broken text where the fault must be told."""

ENV = {"SHOPIFY_SECRET": "s3cr3t-of-shopify", "SCULPTEO_PASSWORD": "s3cr3t-of-sculpteo", "EMPTY": ""}

GOOD = """\
mode: test
server:
  public_url: https://bridge.acme-prints.fr
  listen: 127.0.0.1:8080
database: sqlite:///bridge.db
shops:
  acme:
    domain: acme.myshopify.com
    client_id: 9c2f6a1e
    client_secret: ${SHOPIFY_SECRET}
sculpteo:
  login: prints@acme-prints.fr
  password: ${SCULPTEO_PASSWORD}
  currency: EUR
  timeout: 60s
shipping:
  default: cheapest
  by_rate: {"Express*": express}
defaults:
  material: white_plastic
  unit: mm
  scale: 1
products:
  - sku: RING-S
    uuid: QfGQC4YQ
    material: silver
    scale: 0.87
    unit: cm
  - sku: MUG-*
    uuid: YLXNMztE
    material: {option: Material, values: {White: white_plastic}}
    scale: {option: Size, values: {S: 0.8}}
  - sku: CHESS
    items:
      - {uuid: kXb7RwTe, quantity: 16}
ignore: [GIFT-1]
unmapped: hold
approval:
  delay: 30m
  countries: [NO]
limits:
  per_order: 300 EUR
invoice:
  mode: none
tracking:
  without_number_after: 2d
alerts: ["json://127.0.0.1/alert"]
logging:
  level: info
"""


@dataclass(frozen=True, slots=True)
class Broken:
    """`old` of the good text is replaced by `new`, which has the mark where the fault must be told."""

    old: str
    new: str
    path: str
    what: str
    remedy: str

    @property
    def marked(self) -> str:
        assert GOOD.count(self.old) == 1, f"{self.old!r} is {GOOD.count(self.old)} times in the good text"
        return GOOD.replace(self.old, self.new)


def place_of_mark(text: str) -> tuple[int, int]:
    before = text[: text.index(MARK)]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def loaded(text: str, env: dict[str, str] | None = None, folder: Path = Path()) -> Loaded:
    return load_bytes(text.encode(), folder / "config.yaml", ENV if env is None else env)


def faults(text: str | bytes, env: dict[str, str] | None = None, folder: Path = Path()) -> tuple[Fault, ...]:
    content = text.encode() if isinstance(text, str) else text
    try:
        load_bytes(content, folder / "config.yaml", ENV if env is None else env)
    except ConfigError as error:
        assert error.faults, "a configuration error tells its faults"
        assert str(error) == "\n".join(str(fault) for fault in error.faults)
        return error.faults
    return ()
