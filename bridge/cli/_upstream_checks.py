"""The checks of `sculpteo-bridge check` that ask the shop and Sculpteo. They look only, and change nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import aiohttp

from bridge.cli._budget_wait import be_patient
from bridge.cli._options import counted
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
class Check:
    """One thing that was looked at: what was found, as a sentence, and what to do about it."""

    name: str
    result: Result
    sentence: str
    remedy: str = ""


def offline(loaded: Loaded) -> Iterator[Check]:
    """What the configuration itself says."""
    settings = loaded.settings
    count = len(settings.products) + sum(len(shop.products) for shop in settings.shops.values())
    told = f"{counted(len(settings.shops), 'shop')}, {counted(count, 'product')}, mode {settings.mode}"
    yield Check("configuration", "ok", f"{loaded.path} has no fault: {told}.")
    for fault in loaded.warnings:
        yield Check("configuration", "warning", f"{_where(fault)} {fault.what}.", _sentence(fault.remedy))


def _where(fault: Fault) -> str:
    if fault.line:
        return f"{fault.path} (line {fault.line})"
    return fault.path


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""


async def online(loaded: Loaded) -> AsyncIterator[Check]:
    """Ask each shop, then Sculpteo, then the public address; each check is given as it is done."""
    settings = loaded.settings
    for upstream, address in await find_private_upstreams(settings):
        sentence = f"{upstream.url} leads to {address}, which is not on the public internet: {upstream.name} is SIMULATED."
        yield Check(upstream.key, "warning", sentence, f"Take {upstream.key} out before you sell.")
    async with aiohttp.ClientSession(trust_env=False) as session:
        for name in settings.shops:
            for check in await shop_checks(settings, name, session):
                yield check
        async with printer_of(settings.sculpteo) as printer:
            async for check in sculpteo_checks(loaded, printer):
                yield check
        yield await public_url_check(settings.server.public_url, session)


# --- Shopify ---------------------------------------------------------------------------------------------


async def shop_checks(settings: Settings, shop: str, session: aiohttp.ClientSession) -> list[Check]:
    try:
        admin = build_admin(shop, settings.shops[shop], session)
        be_patient(admin)
    except ConfigError as error:
        return [Check(f"shopify {shop}", "failed", str(error))]
    status = await inspect(admin, settings.server.public_url, shop)
    found = list(judged(settings, shop, status))
    if status.shop is None:
        return found
    found += await locations_of(admin, settings.shops[shop].locations)
    return [*found, payment_check(shop, settings.shops[shop].payment, await _authorized_order(admin))]


async def _authorized_order(admin: Admin) -> str | None:
    """The name of an open order whose payment is authorized and not captured. None where there is none, or the
    shop does not tell."""
    search = "financial_status:authorized status:open"
    try:
        async for node in admin.pages("orders_changed", "orders", {"query": search}):
            return node["name"].text_or_none()
    except (BridgeError, Unexpected):
        return None
    return None


def payment_check(shop: str, rule: str, authorized: str | None) -> Check:
    """Whether orders may wait for a capture that waits for them. Shopify does not tell an app when it captures,
    so that an order of that kind is the only sign."""
    name = f"payment {shop}"
    remedy = (
        f"If Shopify captures payments only when an order is fulfilled, set shops.{shop}.payment to `authorized`: "
        "else the bridge waits for the capture, and Shopify for the fulfillment."
    )
    if rule == "paid" and authorized:
        sentence = f"The payment of {authorized} is authorized and not captured, and the bridge waits for it."
        return Check(name, "warning", sentence, remedy)
    if rule == "paid":
        return Check(name, "ok", "Orders are bought once they are paid in full.", remedy)
    if rule == "approve":
        return Check(name, "ok", "Orders that are not paid in full ask a person at once.")
    return Check(name, "ok", "Orders are bought once they are paid, or authorized for long enough.")


async def locations_of(admin: Admin, words: Sequence[str]) -> list[Check]:
    """Whether the configured locations of a shop are locations that it has."""
    if not words:
        return []
    try:
        there = await locations(admin)
    except BridgeError as error:
        why = str(error.facts.get("why", error)) if isinstance(error, NeedsPerson) else str(error)
        sentence = f"The shop's locations could not be read: {why.rstrip('.')}."
        return [Check(f"locations {admin.shop}", "failed", sentence, "Try again later.")]
    return list(location_checks(words, admin.shop, there))


def judged(settings: Settings, shop: str, status: Status) -> Iterator[Check]:
    """What the shop's answers mean. Pure."""
    where = f"shops.{shop}"
    for problem in status.problems:
        remedy = f"Check domain and credentials of {where}, and that the app is installed in the shop."
        yield Check(f"shopify {shop}", "failed", _sentence(problem.rstrip(".")), remedy)
    if status.shop:
        sentence = f"The shop “{status.shop.name}” answers; it sells in {status.shop.currency}."
        yield Check(f"shopify {shop}", "ok", sentence)
        above = settings.approval.above
        if above and above.currency != status.shop.currency:
            sentence = f"approval.above is in {above.currency}, so it holds for no order of this shop."
            remedy = f"Write the amount in {status.shop.currency}."
            yield Check(f"approval {shop}", "warning", sentence, remedy)
    yield from _scopes(settings, shop, status)
    yield from _version(shop, status)
    yield from _subscriptions(shop, status)


def location_checks(words: Sequence[str], shop: str, there: Mapping[str, str] | None) -> Iterator[Check]:
    """Whether each configured location is one that the shop has. `there` = names by ids; None = not known."""
    name = f"locations {shop}"
    if there is None:
        sentence = (
            "The app may not read the shop's locations, so `locations` is held against those of orders only."
        )
        yield Check(name, "warning", sentence, "Give the app the scope read_locations.")
        return
    unknown = [
        word
        for word in words
        if not any(is_location_named([word], place, one) for place, one in there.items())
    ]
    if not unknown:
        yield Check(name, "ok", "The shop has every location that is configured.")
        return
    known = ", ".join(f"{one} ({place.rpartition('/')[2]})" for place, one in sorted(there.items()))
    close = [near for word in unknown if (near := find_nearest(word, there.values()))]
    hint = f" Did you mean {close[0]}?" if close else ""
    sentence = f"The shop has no location {', '.join(f'“{word}”' for word in unknown)}; it has {known}."
    remedy = (
        f"Correct `shops.{shop}.locations`; orders sent from elsewhere wait for a person until then.{hint}"
    )
    yield Check(name, "failed", sentence, remedy)


def _scopes(settings: Settings, shop: str, status: Status) -> Iterator[Check]:
    if status.missing_scopes is None:
        return
    # the one permission that only a rule of the merchant's own needs
    unused = set() if settings.approval.first_order else {"read_customers"}
    missing = [scope for scope in status.missing_scopes if scope.handle not in unused]
    for scope in missing:
        sentence = f"The app lacks the scope {scope.handle}. {scope.lost}"
        remedy = "Add it to the app in the Dev Dashboard, release a version, and approve it in the shop."
        yield Check(f"scopes {shop}", "failed" if scope.needed else "warning", sentence, remedy)
    if not missing:
        yield Check(f"scopes {shop}", "ok", "The app has every scope that the bridge uses.")


def _version(shop: str, status: Status) -> Iterator[Check]:
    version = status.version
    if version is None:
        return
    name = f"API version {shop}"
    served = version.served or version.wanted
    if not version.supported:
        sentence = f"Shopify no longer supports the API version {version.wanted}; it serves {served}."
        yield Check(name, "failed", sentence, "Update the bridge.")
    elif served != version.wanted:
        sentence = f"The bridge asks for API version {version.wanted}, but Shopify serves {served}."
        yield Check(name, "warning", sentence, "Update the bridge.")
    else:
        yield Check(name, "ok", f"Shopify serves API version {version.wanted}.")


def _subscriptions(shop: str, status: Status) -> Iterator[Check]:
    plan = status.subscriptions
    if plan is None:
        return
    if plan.missing:
        listed = ", ".join(topic.lower() for topic in plan.missing)
        sentence = f"{counted(len(plan.missing), 'webhook')} would not reach the bridge: {listed}."
        remedy = "`sculpteo-bridge serve` subscribes to them when it starts."
        yield Check(f"webhooks {shop}", "warning", sentence, remedy)
    else:
        yield Check(f"webhooks {shop}", "ok", f"All {len(plan.kept)} webhooks come to the bridge.")
    if plan.bridges:
        sentence = f"Webhooks of the same app go to {', '.join(plan.bridges)} as well; they are left alone."
        remedy = (
            "If this bridge used to run there, Shopify ends them by itself. If another one runs there, stop it, "
            "or give it an app and products of its own: two bridges must not print for one shop."
        )
        yield Check(f"webhooks {shop}", "warning", sentence, remedy)


# --- Sculpteo --------------------------------------------------------------------------------------------


def paced(rate: float) -> Callable[[], Awaitable[None]]:
    """Lets through at most `rate` requests a second."""
    next_at = 0.0

    async def take() -> None:
        nonlocal next_at
        now = asyncio.get_running_loop().time()
        wait, next_at = max(0.0, next_at - now), max(now, next_at) + 1 / rate
        await asyncio.sleep(wait)

    return take


def printer_of(settings: SculpteoSettings) -> SculpteoPrinter:
    return SculpteoPrinter(settings, SystemClock(), paced(settings.requests_per_second))


async def sculpteo_checks(loaded: Loaded, printer: SculpteoPrinter) -> AsyncIterator[Check]:
    """One price call for each design and material, and the list of materials."""
    wanted = {
        (design.uuid, design.material): (sku, design)
        for sku, design in reversed(loaded.catalog.list_designs())
    }
    materials = await materials_check({material for _, material in wanted if material}, printer)
    if materials.name != NO_LIST:
        yield materials
    answered, silent = 0, 0
    for sku, design in sorted(wanted.values(), key=lambda entry: entry[0]):
        check = await price_check(sku, design, loaded.settings.sculpteo.currency, printer)
        answered, silent = (answered + 1, 0) if check else (answered, silent + 1)
        if silent == GIVE_UP:
            sentence = f"Sculpteo gave no answer to {GIVE_UP} questions in a row, so the rest was not asked."
            yield Check("designs", "failed", sentence, "Try again later.")
            break
        unanswered = f"Sculpteo gave no answer for {_named(design)}."
        yield check or Check(f"design {sku}", "failed", unanswered, "Try again later.")
    if materials.name == NO_LIST:
        yield replace(materials, name="sculpteo", result="warning" if answered else "failed")


async def materials_check(used: set[str], printer: SculpteoPrinter) -> Check:
    """Whether Sculpteo offers every material. Named NO_LIST when the list cannot be read: prices may be."""
    try:
        offered = {material.id for material in await printer.fetch_materials()}
    except TryAgain as error:
        remedy = "Check sculpteo.base_url and this machine's way to the internet."
        return Check(NO_LIST, "failed", _sentence(str(error).rstrip(".")), remedy)
    gone = sorted(used - offered)
    if not gone:
        sentence = "Sculpteo answers, and offers every material of the configuration."
        remedy = "Login and password show only when something is ordered: `sculpteo-bridge probe` places a test order."
        return Check("sculpteo", "ok", sentence, remedy)
    close = {material: find_nearest(material, offered) for material in gone}
    named = ", ".join(f"{one} (did you mean {close[one]}?)" if close[one] else one for one in gone)
    remedy = f"Use one of these: {', '.join(sorted(offered)) or 'it offers none now'}."
    return Check("materials", "failed", f"Sculpteo does not offer: {named}.", remedy)


async def price_check(sku: str, design: Design, currency: str, printer: SculpteoPrinter) -> Check | None:
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
        return Check(name, "failed", f"Sculpteo cannot make {_named(design)}: {why}.", remedy)
    sentence = f"{_named(design)} costs {quote.total.amount} {quote.total.currency}"
    if quote.warning:
        return Check(
            name, "warning", f"{sentence}, but Sculpteo warns: {quote.warning}.", "Look at the design there."
        )
    return Check(name, "ok", f"{sentence}.")


def _named(design: Design) -> str:
    return f"{design.uuid} in {design.material}" if design.material else design.uuid


# --- the bridge itself -----------------------------------------------------------------------------------


async def public_url_check(public_url: str, session: aiohttp.ClientSession) -> Check:
    """A hint only: the service may not run yet, or this machine may not reach its own public address."""
    url = f"{public_url}/healthz"
    try:
        async with session.get(url, timeout=PUBLIC_TIMEOUT, allow_redirects=False) as answer:
            status = answer.status
    except (aiohttp.ClientError, OSError, ValueError) as error:
        why = f"could not be reached from here: {describe_error(error)}"
    else:
        if status == 200:
            return Check("public_url", "ok", f"The bridge answers at {public_url}.")
        why = f"answers with HTTP {status}"
    remedy = "Start `sculpteo-bridge serve`, let your proxy lead there, and open it from outside (a phone will do)."
    return Check("public_url", "warning", f"{url} {why}.", remedy)
