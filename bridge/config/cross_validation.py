"""The rules that hold between settings: what contradicts, and what a merchant should know. Pure but for
looking whether the files of the invoice are there.

They look at the tree, not at finished settings, so that they are told in the same run as all other faults.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import permutations
from pathlib import Path
from urllib.parse import urlsplit

from bridge.config.identifiers import (
    is_local,
    is_simulated,
)
from bridge.config.secrets import is_quoted
from bridge.config.value_types import is_currency
from bridge.config.yaml_tree import (
    Node,
    Repeated,
    Scalar,
    Sequence,
    SourcePosition,
    Table,
    join_path,
    walk_nodes,
)
from bridge.errors import Fault
from bridge.order.spelling import describe_difference, normalize_text

Says = Callable[[str, SourcePosition, str, str], Fault]
"""Makes a fault of path, place, what is wrong, and the remedy."""


CURRENCIES = ("EUR", "USD", "GBP")
SHIPPED_TEMPLATES = frozenset({"invoice", "customs"})


def find_node(node: Node | None, *keys: str) -> Node | None:
    """What stands under these keys, or None."""
    for key in keys:
        node = node.entries.get(key) if isinstance(node, Table) else None
    return None if isinstance(node, Scalar) and node.value is None else node


def find_text(node: Node | None, *keys: str) -> str | None:
    """The text under these keys; None for none, for another kind of value, and for one that is broken."""
    found = find_node(node, *keys)
    return found.value.strip() if isinstance(found, Scalar) and found.value and not found.broken else None


def get_position(node: Node, *keys: str) -> SourcePosition:
    """The place of the last of these keys that is there."""
    found = node.place
    for key in keys:
        if not isinstance(node, Table) or key not in node.entries:
            return found
        found, node = node.keys[key], node.entries[key]
    return found


def list_items(node: Node | None) -> list[Node]:
    return node.items if isinstance(node, Sequence) else []


def list_entries(node: Node | None) -> list[tuple[str, Node]]:
    return list(node.entries.items()) if isinstance(node, Table) else []


def check_repeated_keys(root: Node, repeated: list[Repeated], says: Says) -> Iterator[Fault]:
    paths = {id(node): path for path, node in walk_nodes(root)} if repeated else {}
    for one in repeated:
        path = join_path(paths.get(id(one.table), ""), one.key)
        what = f"is there twice; the first is on line {one.first.line}"
        yield says(path, one.place, what, "keep one of them")


def check_lookalike_keys(root: Node, says: Says) -> Iterator[Fault]:
    """Keys of one mapping that a person cannot tell apart: which of them is meant would be left to chance."""
    for path, node in walk_nodes(root):
        firsts: dict[str, str] = {}
        for key in node.entries if isinstance(node, Table) else ():
            first = firsts.setdefault(normalize_text(key), key)
            if first != key and isinstance(node, Table):
                what = (
                    f"is there twice; the first is on line {node.keys[first].line}. The two look the same: "
                )
                yield says(
                    join_path(path, key),
                    node.keys[key],
                    what + describe_difference(key, first),
                    "keep one of them",
                )


def check_contradictions(root: Table, folder: Path, says: Says) -> Iterator[Fault]:
    """The faults that no single value shows, except those of products (see `products.py`)."""
    yield from _check_server(root, says)
    yield from _check_shops(root, says)
    yield from _check_limits(root, says)
    yield from _check_half_simulated(root, says)
    yield from _check_invoice(root, folder, says)


def _check_server(root: Table, says: Says) -> Iterator[Fault]:
    url = find_text(root, "server", "public_url") or ""
    if _is_sandboxed(root):
        return  # no delivery comes from Shopify, which alone insists on https
    if find_text(root, "mode") == "live" and url.lower().startswith("http://"):
        spot = get_position(root, "server", "public_url")
        yield says("server.public_url", spot, "is not https, which live mode needs", "begin it with https://")


def _is_sandboxed(root: Table) -> bool:
    """Whether every shop is one of a sandbox."""
    shops = [shop for _, shop in list_entries(find_node(root, "shops")) if isinstance(shop, Table)]
    return bool(shops) and all(is_simulated(find_text(shop, "admin_url") or "") for shop in shops)


def _list_upstreams(root: Table) -> Iterator[tuple[str, Table, str]]:
    """The upstreams: name for people, the table that may give an address, and its key there."""
    for name, shop in list_entries(find_node(root, "shops")):
        if isinstance(shop, Table):
            yield f"Shopify ({name})", shop, "admin_url"
    sculpteo = find_node(root, "sculpteo")
    if isinstance(sculpteo, Table):
        yield "Sculpteo", sculpteo, "base_url"


def _split_simulated(root: Table) -> tuple[list[tuple[str, Table, str]], list[str]]:
    """In mode live: the upstreams that are simulated, and the names of those that are real. An address that
    cannot be read is neither."""
    simulated, real = [], []
    for name, table, key in _list_upstreams(root) if find_text(root, "mode") == "live" else ():
        url = find_text(table, key)
        if url is not None and is_simulated(url):
            simulated.append((name, table, key))
        elif url is not None or find_node(table, key) is None:
            real.append(name)
    return simulated, real


def _format_address_path(name: str, key: str) -> str:
    """The path of an upstream's address."""
    return f"sculpteo.{key}" if name == "Sculpteo" else join_path(join_path("shops", name[9:-1]), key)


def _check_half_simulated(root: Table, says: Says) -> Iterator[Fault]:
    """Real orders that nobody prints, or invented ones that are printed for money."""
    simulated, real = _split_simulated(root)
    for name, table, key in simulated if real else ():
        lost = "paid orders would go to nobody" if name == "Sculpteo" else "invented orders would be printed"
        what = f"leads to a simulated {name} in live mode, while {' and '.join(real)} is real: {lost}"
        remedy = f"take {key} out, or set `mode: test`"
        yield says(_format_address_path(name, key), get_position(table, key), what, remedy)


def _check_shops(root: Table, says: Says) -> Iterator[Fault]:
    shops = find_node(root, "shops")
    if isinstance(shops, Table) and not shops.entries:
        yield says(
            "shops",
            get_position(root, "shops"),
            "names no shop",
            "add one: a short name with its domain below it",
        )
    domains: dict[str, str] = {}
    for name, shop in list_entries(shops):
        path = join_path("shops", name)
        if not isinstance(shop, Table):
            continue
        yield from _check_credentials(path, get_position(root, "shops", name), shop, says)
        for key in ("domain", "former_domain"):
            domain = (find_text(shop, key) or "").lower()
            if domain and domain in domains:
                what = f"is the domain of {domains[domain]} already"
                yield says(f"{path}.{key}", get_position(shop, key), what, "keep one shop for each domain")
            elif domain:
                domains[domain] = path


def _check_credentials(path: str, spot: SourcePosition, shop: Table, says: Says) -> Iterator[Fault]:
    has = {
        key
        for key in ("client_id", "client_secret", "access_token", "webhook_secrets")
        if find_node(shop, key)
    }
    if not has & {"client_id", "client_secret", "access_token"}:
        remedy = "add client_id and client_secret of the Dev Dashboard app (or access_token of an older custom app)"
        yield says(path, spot, "has no credentials", remedy)
    elif "access_token" not in has and "client_secret" not in has:
        remedy = "add it: it stands in the app's settings in the Dev Dashboard"
        yield says(
            f"{path}.client_secret",
            shop.keys.get("client_secret", spot),
            "is missing beside client_id",
            remedy,
        )
    elif "access_token" not in has and "client_id" not in has:
        remedy = "add it: it stands in the app's settings in the Dev Dashboard"
        yield says(
            f"{path}.client_id", shop.keys.get("client_id", spot), "is missing beside client_secret", remedy
        )
    elif not has & {"client_secret", "webhook_secrets"}:
        remedy = "add client_secret, the API secret key of the custom app"
        yield says(path, spot, "has no secret that webhooks are verified with", remedy)


def _check_limits(root: Table, says: Says) -> Iterator[Fault]:
    currency = find_text(root, "sculpteo", "currency") or "EUR"
    for key in ("per_order", "per_day") if currency.upper() in CURRENCIES else ():
        limit = find_text(root, "limits", key) or ""
        named = [word for word in limit.upper().split() if is_currency(word)]
        if named and named[0] != currency.upper():
            what = f"is not in {currency}, in which Sculpteo bills"
            remedy = f"write it in {currency}, or correct sculpteo.currency"
            yield says(f"limits.{key}", get_position(root, "limits", key), what, remedy)


def _check_invoice(root: Table, folder: Path, says: Says) -> Iterator[Fault]:
    invoice = find_node(root, "invoice")
    if not isinstance(invoice, Table):
        return
    mode, spot = find_text(invoice, "mode") or "none", get_position(root, "invoice", "mode")
    if mode == "template" and find_node(invoice, "seller") is None:
        yield says(
            "invoice.seller",
            spot,
            "is missing, which mode template needs",
            "add the seller's name and address",
        )
    if mode == "url" and find_node(invoice, "url") is None:
        remedy = "add `url: https://.../{order_number}.pdf`"
        yield says("invoice.url", spot, "is missing, which mode url needs", remedy)
    if mode == "template":
        yield from _check_number_pattern(root, says)
    for keys in (("template",), ("seller", "logo"), ("font_path",)):
        name = find_text(invoice, *keys)
        if keys == ("template",) and name in SHIPPED_TEMPLATES:
            continue
        problem = _check_file(folder, name, keys[-1] == "font_path") if name else None
        if problem:
            yield says("invoice." + ".".join(keys), get_position(invoice, *keys), *problem)


def _check_number_pattern(root: Table, says: Says) -> Iterator[Fault]:
    """Two invoices of one number are a fault in the books: shops number their orders each for itself."""
    names = [name for name, _ in list_entries(find_node(root, "shops"))]
    pattern = find_text(root, "invoice", "number") or "{order}"
    spot = get_position(root, "invoice", "number")
    if len(names) < 2:
        return
    if "{shop}" not in pattern:
        what = f"gives orders of {names[0]} and {names[1]} the same numbers"
        yield says("invoice.number", spot, what, 'put {shop} into it, such as "{shop}-{order}"')
        return
    before, _, after = pattern.partition("{shop}")
    for one, other in permutations(names, 2):
        runs_on = after.startswith("{") and other.startswith(one)
        if runs_on or (before.endswith("}") and other.endswith(one)):
            what = f"lets numbers of {one} and {other} run into each other"
            yield says("invoice.number", spot, what, 'set a sign beside {shop}, such as "{shop}-{order}"')
            return


def _check_file(folder: Path, name: str, is_folder: bool) -> tuple[str, str] | None:
    try:
        path = (folder / name).absolute()
        inside = Path(_normalize_path(path)).is_relative_to(_normalize_path(folder.absolute()))
        there = path.is_dir() if is_folder else path.is_file()
    except (OSError, ValueError):
        inside = there = False
    if is_folder and not there:
        return "names a folder that is not there", f"it is looked for in {folder}"
    if not is_folder and not inside:
        return "names a file outside the folder of the configuration", f"put it into {folder}"
    return None if there else ("names a file that is not there", f"it is looked for in {folder}")


def _normalize_path(path: Path) -> str:
    import os.path

    return os.path.normpath(path)


# --- what is no fault, but should be known ---------------------------------------------------------------


def collect_remarks(root: Table, says: Says) -> Iterator[Fault]:
    """What works, but is hardly meant, or costs safety."""
    live = find_text(root, "mode") == "live"
    if live and not find_node(root, "limits", "per_order") and not find_node(root, "limits", "per_day"):
        remedy = "consider `limits: {per_order: 300 EUR, per_day: 2000 EUR}`"
        yield says(
            "limits", get_position(root, "limits"), "are not set, so nothing bounds what is spent", remedy
        )
    yield from _collect_simulated_remarks(root, says)
    yield from _collect_url_remarks(root, says)
    yield from _collect_quoted_secrets(root, says)
    yield from _collect_written_secrets(root, says)
    for name, shop in list_entries(find_node(root, "shops")):
        if find_node(shop, "access_token") and find_node(shop, "client_id"):
            what = "has both access_token and client_id; the token is used"
            yield says(join_path("shops", name), get_position(root, "shops", name), what, "keep one of them")
    if find_text(root, "approval", "mode") == "manual" and find_node(root, "approval", "delay"):
        what = "has no effect where a person approves each order"
        yield says("approval.delay", get_position(root, "approval", "delay"), what, "remove the line")


def _collect_simulated_remarks(root: Table, says: Says) -> Iterator[Fault]:
    for name, table, key in _split_simulated(root)[0]:
        what = (
            f"leads to a SIMULATED {name} in live mode: this machine, a private network, or without encryption. "
            "No real order comes in, and nothing is really printed"
        )
        remedy = f"take {key} out before you sell, unless this is a sandbox"
        yield says(_format_address_path(name, key), get_position(table, key), what, remedy)


def _collect_url_remarks(root: Table, says: Says) -> Iterator[Fault]:
    spot, url = get_position(root, "server", "public_url"), find_text(root, "server", "public_url")
    try:
        parts = urlsplit(url or "")
        host = parts.hostname or ""
    except ValueError:
        return
    if _is_sandboxed(root):
        return
    if host and is_local(host):
        what = "is an address that Shopify and Sculpteo cannot reach"
        yield says(
            "server.public_url", spot, what, "use one that the internet can reach, except in a sandbox"
        )
    elif parts.scheme == "http":
        what = "is not https, to which alone Shopify delivers webhooks"
        yield says("server.public_url", spot, what, "begin it with https://")
    if host == "example.com" or host.endswith(".example.com"):
        yield says("server.public_url", spot, "is an example's address", "use your own")


_SECRETS = frozenset({"client_secret", "access_token", "password"})
_BARE_VARIABLE = re.compile(r"\$\w+|%\w+%", re.ASCII)


def _collect_quoted_secrets(root: Table, says: Says) -> Iterator[Fault]:
    """A shell takes the quotes off, a file of variables for Docker or systemd may not: then the shop and Sculpteo get
    them as part of the secret."""
    for path, node in walk_nodes(root):
        if not isinstance(node, Scalar) or not node.value or node.broken:
            continue
        key = path.rpartition(".")[2].partition("[")[0]
        written = (
            not node.secret and key in {*_SECRETS, "webhook_secrets", "secret"} and is_quoted(node.value)
        )
        if node.quoted or written:
            what = "begins and ends with the same quote, which is taken for a part of it"
            yield says(path, node.place, what, "leave the quotes out, unless they are meant")


def _collect_written_secrets(root: Table, says: Says) -> Iterator[Fault]:
    for path, node in walk_nodes(root):
        key = path.rpartition(".")[2]
        if (
            key in _SECRETS
            and isinstance(node, Scalar)
            and node.value
            and not node.secret
            and not node.broken
        ):
            what, remedy = "stands in this file itself", "keep it outside: ${VARIABLE} or {file: path}"
            if _BARE_VARIABLE.fullmatch(node.value):
                what, remedy = (
                    "is taken as it stands, not from a variable",
                    "write ${NAME} if it is meant to be",
                )
            yield says(path, node.place, what, remedy)
