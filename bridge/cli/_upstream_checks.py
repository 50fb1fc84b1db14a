"""The checks of `sculpteo-bridge check` that ask the shop and Sculpteo. They look only, and change nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import aiohttp

from bridge.cli._budget_wait import enable_budget_waits
from bridge.cli._options import format_count
from bridge.config.loader import Loaded
from bridge.config.settings import SculpteoSettings, Settings
from bridge.config.simulated_upstreams import find_private_upstreams
from bridge.config.types import find_nearest
from bridge.errors import BridgeError, ConfigError, Fault, NeedsPerson, TryAgain
from bridge.net.ssrf import describe_error
from bridge.order.clock import SystemClock
from bridge.order.model import Design
from bridge.runtime.container import build_admin
from bridge.sculpteo.client import SculpteoPrinter
from bridge.shopify.client import Admin
from bridge.shopify.json_value import Unexpected
from bridge.shopify.shop_status import (
    Status,
    inspect,
    locations,
)
from bridge.steps.allocation import is_location_named

Result = Literal["ok", "warning", "failed"]

PUBLIC_TIMEOUT = aiohttp.ClientTimeout(total=10)
NO_LIST = "list of materials"
GIVE_UP = 3  # price calls in a row without an answer, after which Sculpteo is left alone


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One thing that was looked at: what was found, as a sentence, and what to do about it."""

    name: str
    result: Result
    sentence: str
    remedy: str = ""


def check_offline(loaded: Loaded) -> Iterator[CheckResult]:
    """What the configuration itself says."""
    settings = loaded.settings
    count = len(settings.products) + sum(len(shop.products) for shop in settings.shops.values())
    told = (
        f"{format_count(len(settings.shops), 'shop')}, {format_count(count, 'product')}, mode {settings.mode}"
    )
    yield CheckResult("configuration", "ok", f"{loaded.path} has no fault: {told}.")
    for fault in loaded.warnings:
        yield CheckResult(
            "configuration",
            "warning",
            f"{_format_fault_place(fault)} {fault.what}.",
            _to_sentence(fault.remedy),
        )


def _format_fault_place(fault: Fault) -> str:
    if fault.line:
        return f"{fault.path} (line {fault.line})"
    return fault.path


def _to_sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""


async def check_online(loaded: Loaded) -> AsyncIterator[CheckResult]:
    """Ask each shop, then Sculpteo, then the public address; each check is given as it is done."""
    settings = loaded.settings
    for upstream, address in await find_private_upstreams(settings):
        sentence = f"{upstream.url} leads to {address}, which is not on the public internet: {upstream.name} is SIMULATED."
        yield CheckResult(upstream.key, "warning", sentence, f"Take {upstream.key} out before you sell.")
    async with aiohttp.ClientSession(trust_env=False) as session:
        for name in settings.shops:
            for check in await check_shopify(settings, name, session):
                yield check
        async with create_printer(settings.sculpteo) as printer:
            async for check in check_sculpteo(loaded, printer):
                yield check
        yield await check_public_url(settings.server.public_url, session)


# --- Shopify ---------------------------------------------------------------------------------------------


async def check_shopify(settings: Settings, shop: str, session: aiohttp.ClientSession) -> list[CheckResult]:
    try:
        admin = build_admin(shop, settings.shops[shop], session)
        enable_budget_waits(admin)
    except ConfigError as error:
        return [CheckResult(f"shopify {shop}", "failed", str(error))]
    status = await inspect(admin, settings.server.public_url, shop)
    found = list(check_shop_status(settings, shop, status))
    if status.shop is None:
        return found
    found += await check_locations(admin, settings.shops[shop].locations)
    return [*found, check_payment(shop, settings.shops[shop].payment, await _find_authorized_order(admin))]


async def _find_authorized_order(admin: Admin) -> str | None:
    """The name of an open order whose payment is authorized and not captured. None where there is none, or the
    shop does not tell."""
    search = "financial_status:authorized status:open"
    try:
        async for node in admin.pages("orders_changed", "orders", {"query": search}):
            return node["name"].text_or_none()
    except (BridgeError, Unexpected):
        return None
    return None


def check_payment(shop: str, rule: str, authorized: str | None) -> CheckResult:
    """Whether orders may wait for a capture that waits for them. Shopify does not tell an app when it captures,
    so that an order of that kind is the only sign."""
    name = f"payment {shop}"
    remedy = (
        f"If Shopify captures payments only when an order is fulfilled, set shops.{shop}.payment to `authorized`: "
        "else the bridge waits for the capture, and Shopify for the fulfillment."
    )
    if rule == "paid" and authorized:
        sentence = f"The payment of {authorized} is authorized and not captured, and the bridge waits for it."
        return CheckResult(name, "warning", sentence, remedy)
    if rule == "paid":
        return CheckResult(name, "ok", "Orders are bought once they are paid in full.", remedy)
    if rule == "approve":
        return CheckResult(name, "ok", "Orders that are not paid in full ask a person at once.")
    return CheckResult(name, "ok", "Orders are bought once they are paid, or authorized for long enough.")


async def check_locations(admin: Admin, words: Sequence[str]) -> list[CheckResult]:
    """Whether the configured locations of a shop are locations that it has."""
    if not words:
        return []
    try:
        there = await locations(admin)
    except BridgeError as error:
        why = str(error.facts.get("why", error)) if isinstance(error, NeedsPerson) else str(error)
        sentence = f"The shop's locations could not be read: {why.rstrip('.')}."
        return [CheckResult(f"locations {admin.shop}", "failed", sentence, "Try again later.")]
    return list(compare_locations(words, admin.shop, there))


def check_shop_status(settings: Settings, shop: str, status: Status) -> Iterator[CheckResult]:
    """What the shop's answers mean. Pure."""
    where = f"shops.{shop}"
    for problem in status.problems:
        remedy = f"Check domain and credentials of {where}, and that the app is installed in the shop."
        yield CheckResult(f"shopify {shop}", "failed", _to_sentence(problem.rstrip(".")), remedy)
    if status.shop:
        sentence = f"The shop “{status.shop.name}” answers; it sells in {status.shop.currency}."
        yield CheckResult(f"shopify {shop}", "ok", sentence)
        above = settings.approval.above
        if above and above.currency != status.shop.currency:
            sentence = f"approval.above is in {above.currency}, so it holds for no order of this shop."
            remedy = f"Write the amount in {status.shop.currency}."
            yield CheckResult(f"approval {shop}", "warning", sentence, remedy)
    yield from _check_scopes(settings, shop, status)
    yield from _check_api_version(shop, status)
    yield from _check_subscriptions(shop, status)


def compare_locations(
    words: Sequence[str], shop: str, there: Mapping[str, str] | None
) -> Iterator[CheckResult]:
    """Whether each configured location is one that the shop has. `there` = names by ids; None = not known."""
    name = f"locations {shop}"
    if there is None:
        sentence = (
            "The app may not read the shop's locations, so `locations` is held against those of orders only."
        )
        yield CheckResult(name, "warning", sentence, "Give the app the scope read_locations.")
        return
    unknown = [
        word
        for word in words
        if not any(is_location_named([word], place, one) for place, one in there.items())
    ]
    if not unknown:
        yield CheckResult(name, "ok", "The shop has every location that is configured.")
        return
    known = ", ".join(f"{one} ({place.rpartition('/')[2]})" for place, one in sorted(there.items()))
    close = [near for word in unknown if (near := find_nearest(word, there.values()))]
    hint = f" Did you mean {close[0]}?" if close else ""
    sentence = f"The shop has no location {', '.join(f'“{word}”' for word in unknown)}; it has {known}."
    remedy = (
        f"Correct `shops.{shop}.locations`; orders sent from elsewhere wait for a person until then.{hint}"
    )
    yield CheckResult(name, "failed", sentence, remedy)


def _check_scopes(settings: Settings, shop: str, status: Status) -> Iterator[CheckResult]:
    if status.missing_scopes is None:
        return
    # the one permission that only a rule of the merchant's own needs
    unused = set() if settings.approval.first_order else {"read_customers"}
    missing = [scope for scope in status.missing_scopes if scope.handle not in unused]
    for scope in missing:
        sentence = f"The app lacks the scope {scope.handle}. {scope.lost}"
        remedy = "Add it to the app in the Dev Dashboard, release a version, and approve it in the shop."
        yield CheckResult(f"scopes {shop}", "failed" if scope.needed else "warning", sentence, remedy)
    if not missing:
        yield CheckResult(f"scopes {shop}", "ok", "The app has every scope that the bridge uses.")


def _check_api_version(shop: str, status: Status) -> Iterator[CheckResult]:
    version = status.version
    if version is None:
        return
    name = f"API version {shop}"
    served = version.served or version.wanted
    if not version.supported:
        sentence = f"Shopify no longer supports the API version {version.wanted}; it serves {served}."
        yield CheckResult(name, "failed", sentence, "Update the bridge.")
    elif served != version.wanted:
        sentence = f"The bridge asks for API version {version.wanted}, but Shopify serves {served}."
        yield CheckResult(name, "warning", sentence, "Update the bridge.")
    else:
        yield CheckResult(name, "ok", f"Shopify serves API version {version.wanted}.")


def _check_subscriptions(shop: str, status: Status) -> Iterator[CheckResult]:
    plan = status.subscriptions
    if plan is None:
        return
    if plan.missing:
        listed = ", ".join(topic.lower() for topic in plan.missing)
        sentence = f"{format_count(len(plan.missing), 'webhook')} would not reach the bridge: {listed}."
        remedy = "`sculpteo-bridge serve` subscribes to them when it starts."
        yield CheckResult(f"webhooks {shop}", "warning", sentence, remedy)
    else:
        yield CheckResult(f"webhooks {shop}", "ok", f"All {len(plan.kept)} webhooks come to the bridge.")
    if plan.bridges:
        sentence = f"Webhooks of the same app go to {', '.join(plan.bridges)} as well; they are left alone."
        remedy = (
            "If this bridge used to run there, Shopify ends them by itself. If another one runs there, stop it, "
            "or give it an app and products of its own: two bridges must not print for one shop."
        )
        yield CheckResult(f"webhooks {shop}", "warning", sentence, remedy)


# --- Sculpteo --------------------------------------------------------------------------------------------


def create_pacer(rate: float) -> Callable[[], Awaitable[None]]:
    """Lets through at most `rate` requests a second."""
    next_at = 0.0

    async def wait_for_slot() -> None:
        nonlocal next_at
        now = asyncio.get_running_loop().time()
        wait, next_at = max(0.0, next_at - now), max(now, next_at) + 1 / rate
        await asyncio.sleep(wait)

    return wait_for_slot


def create_printer(settings: SculpteoSettings) -> SculpteoPrinter:
    return SculpteoPrinter(settings, SystemClock(), create_pacer(settings.requests_per_second))


async def check_sculpteo(loaded: Loaded, printer: SculpteoPrinter) -> AsyncIterator[CheckResult]:
    """One price call for each design and material, and the list of materials."""
    wanted = {
        (design.uuid, design.material): (sku, design)
        for sku, design in reversed(loaded.catalog.list_designs())
    }
    materials = await check_materials({material for _, material in wanted if material}, printer)
    if materials.name != NO_LIST:
        yield materials
    answered, silent = 0, 0
    for sku, design in sorted(wanted.values(), key=lambda entry: entry[0]):
        check = await check_price(sku, design, loaded.settings.sculpteo.currency, printer)
        answered, silent = (answered + 1, 0) if check else (answered, silent + 1)
        if silent == GIVE_UP:
            sentence = f"Sculpteo gave no answer to {GIVE_UP} questions in a row, so the rest was not asked."
            yield CheckResult("designs", "failed", sentence, "Try again later.")
            break
        unanswered = f"Sculpteo gave no answer for {_format_design(design)}."
        yield check or CheckResult(f"design {sku}", "failed", unanswered, "Try again later.")
    if materials.name == NO_LIST:
        yield replace(materials, name="sculpteo", result="warning" if answered else "failed")


async def check_materials(used: set[str], printer: SculpteoPrinter) -> CheckResult:
    """Whether Sculpteo offers every material. Named NO_LIST when the list cannot be read: prices may be."""
    try:
        offered = {material.id for material in await printer.fetch_materials()}
    except TryAgain as error:
        remedy = "Check sculpteo.base_url and this machine's way to the internet."
        return CheckResult(NO_LIST, "failed", _to_sentence(str(error).rstrip(".")), remedy)
    gone = sorted(used - offered)
    if not gone:
        sentence = "Sculpteo answers, and offers every material of the configuration."
        remedy = "Login and password show only when something is ordered: `sculpteo-bridge probe` places a test order."
        return CheckResult("sculpteo", "ok", sentence, remedy)
    close = {material: find_nearest(material, offered) for material in gone}
    named = ", ".join(f"{one} (did you mean {close[one]}?)" if close[one] else one for one in gone)
    remedy = f"Use one of these: {', '.join(sorted(offered)) or 'it offers none now'}."
    return CheckResult("materials", "failed", f"Sculpteo does not offer: {named}.", remedy)


async def check_price(
    sku: str, design: Design, currency: str, printer: SculpteoPrinter
) -> CheckResult | None:
    """What Sculpteo asks for one copy; None when it cannot be asked now."""
    try:
        quote = await printer.fetch_price(design, 1, currency)
    except TryAgain:
        return None
    name = f"design {sku}"
    if quote.total is None:
        why = quote.problem or "it gives no price"
        remedy = (
            "Check uuid, material and scale in the configuration, and that your account may print the design."
        )
        return CheckResult(name, "failed", f"Sculpteo cannot make {_format_design(design)}: {why}.", remedy)
    sentence = f"{_format_design(design)} costs {quote.total.amount} {quote.total.currency}"
    if quote.warning:
        return CheckResult(
            name, "warning", f"{sentence}, but Sculpteo warns: {quote.warning}.", "Look at the design there."
        )
    return CheckResult(name, "ok", f"{sentence}.")


def _format_design(design: Design) -> str:
    return f"{design.uuid} in {design.material}" if design.material else design.uuid


# --- the bridge itself -----------------------------------------------------------------------------------


async def check_public_url(public_url: str, session: aiohttp.ClientSession) -> CheckResult:
    """A hint only: the service may not run yet, or this machine may not reach its own public address."""
    url = f"{public_url}/healthz"
    try:
        async with session.get(url, timeout=PUBLIC_TIMEOUT, allow_redirects=False) as answer:
            status = answer.status
    except (aiohttp.ClientError, OSError, ValueError) as error:
        why = f"could not be reached from here: {describe_error(error)}"
    else:
        if status == 200:
            return CheckResult("public_url", "ok", f"The bridge answers at {public_url}.")
        why = f"answers with HTTP {status}"
    remedy = "Start `sculpteo-bridge serve`, let your proxy lead there, and open it from outside (a phone will do)."
    return CheckResult("public_url", "warning", f"{url} {why}.", remedy)
