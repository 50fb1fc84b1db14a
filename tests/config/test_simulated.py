"""A simulated Shopify or Sculpteo in live mode is told, and half a simulation is a fault."""

from __future__ import annotations

import pytest

from bridge.config.identifiers import is_simulated
from bridge.config.simulated_upstreams import list_simulated_upstreams
from tests.config.valid_configuration import GOOD, faults, loaded

LIVE = GOOD.replace("mode: test", "mode: live")
SHOP = "    client_id"
SCULPTEO = "  login"
SECOND = """\
  second:
    domain: second.myshopify.com
    client_id: 9c2f6a1e
    client_secret: ${SHOPIFY_SECRET}
sculpteo:
"""


def simulating(text: str, *, shop: str = "", sculpteo: str = "") -> str:
    """The configuration with these addresses."""
    if shop:
        text = text.replace(SHOP, f"    admin_url: {shop}\n{SHOP}", 1)
    return text.replace(SCULPTEO, f"  base_url: {sculpteo}\n{SCULPTEO}", 1) if sculpteo else text


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9001", "https://127.0.0.1", "https://127.1", "https://2130706433", "https://0x7f.0.0.1", "https://0177.0.0.1",
        "https://[::1]:9001", "https://[::ffff:127.0.0.1]", "https://[::ffff:10.1.2.3]", "https://0.0.0.0", "https://[::]",
        "https://10.1.2.3", "https://172.20.0.2", "https://192.168.1.5", "https://169.254.1.1", "https://[fe80::1]", "https://[fd00::1]",
        "https://100.64.0.9", "https://localhost", "https://LOCALHOST.", "https://api.localhost", "https://sandbox", "https://printer.local",
        "https://printer.internal", "https://shop.test", "https://shop.home.arpa", "https://nas.lan", "http://www.sculpteo.com",
    ],
)  # fmt: skip
def test_an_address_of_this_machine_of_a_private_network_or_in_clear_text_is_simulated(url: str) -> None:
    assert is_simulated(url)


@pytest.mark.parametrize(
    "url",
    ["https://www.sculpteo.com", "https://acme.myshopify.com", "https://8.8.8.8", "https://134744072", "https://[2001:4860:4860::8888]"],
)  # fmt: skip
def test_an_address_of_the_internet_is_not(url: str) -> None:
    assert not is_simulated(url)


def test_both_simulated_in_live_is_a_warning_for_each() -> None:
    found = loaded(simulating(LIVE, shop="http://127.0.0.1:9001", sculpteo="https://printer.local"))
    told = {fault.path: fault.what for fault in found.warnings if "SIMULATED" in fault.what}
    assert set(told) == {"shops.acme.admin_url", "sculpteo.base_url"}
    assert [one.name for one in list_simulated_upstreams(found.settings)] == ["Shopify (acme)", "Sculpteo"]


@pytest.mark.parametrize("mode", ["test", "preview"])
def test_in_another_mode_nothing_is_said(mode: str) -> None:
    found = loaded(simulating(GOOD.replace("mode: test", f"mode: {mode}"), shop="http://127.0.0.1:9001"))
    assert not [fault for fault in found.warnings if "SIMULATED" in fault.what]
    assert list_simulated_upstreams(found.settings) == []


@pytest.mark.parametrize(
    ("addresses", "path", "what"),
    [
        ({"shop": "https://10.0.0.4"}, "shops.acme.admin_url", "while Sculpteo is real: invented orders"),
        ({"sculpteo": "https://sandbox"}, "sculpteo.base_url", "while Shopify (acme) is real: paid orders"),
        ({"sculpteo": "https://[::ffff:127.0.0.1]"}, "sculpteo.base_url", "paid orders would go to nobody"),
        (
            {"shop": "https://acme.myshopify.com", "sculpteo": "https://127.1"},
            "sculpteo.base_url",
            "while Shopify (acme) is real",
        ),
    ],
)
def test_one_simulated_beside_a_real_one_is_a_fault_in_live(
    addresses: dict[str, str], path: str, what: str
) -> None:
    [fault] = faults(simulating(LIVE, **addresses))
    assert fault.path == path
    assert what in fault.what
    assert faults(simulating(GOOD, **addresses)) == ()


def test_a_real_shop_beside_a_simulated_one_is_a_fault_in_live() -> None:
    text = simulating(LIVE, shop="http://127.0.0.1:9001", sculpteo="http://127.0.0.1:9002")
    found = faults(text.replace("sculpteo:\n", SECOND, 1))
    assert [fault.path for fault in found] == ["shops.acme.admin_url", "sculpteo.base_url"]
    assert all("Shopify (second) is real" in fault.what for fault in found)


def test_a_shop_at_a_public_address_is_no_sandbox_that_could_do_without_https() -> None:
    text = simulating(LIVE, shop="https://acme.myshopify.com").replace("https://bridge", "http://bridge")
    assert [fault.path for fault in faults(text)] == ["server.public_url"]
