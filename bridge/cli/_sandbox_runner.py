"""What `sandbox` runs: a Shopify and a Sculpteo on this machine, and the orders that come in there."""

from __future__ import annotations

import asyncio
import secrets
import signal
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import click
import yaml
from pydantic import TypeAdapter, ValidationError

from bridge.cli._options import describe_os_error, load_or_exit
from bridge.cli._simulated_shops import (
    add_missing_products,
    apply_config_change,
    build_account_settings,
    build_simulated_shops,
    find_loopback_port,
)
from bridge.config.loader import Loaded
from bridge.config.reload import ConfigWatcher
from bridge.config.settings import Settings
from bridge.errors import ConfigError
from bridge.sandbox import (
    demo_config,
    id_sequences,
)
from bridge.sandbox.control_client import (
    ControlClient,
    ControlError,
)
from bridge.sandbox.control_schema import OrderView
from bridge.sandbox.control_server import build_info
from bridge.sandbox.demo_config import DemoPlan
from bridge.sandbox.error_messages import describe_validation_faults
from bridge.sandbox.http.faults import Fault
from bridge.sandbox.sandbox import (
    Ports,
    Sandbox,
)
from bridge.sandbox.scenario import Stage
from bridge.sandbox.scenarios import select_scenarios
from bridge.sandbox.sculpteo.settings import SculpteoSettings
from bridge.sandbox.shopify.orders import Buy
from bridge.sandbox.shopify.settings import ShopSettings
from bridge.sandbox.shopify.shop import Shop

LISTEN = "127.0.0.1:8080"  # where a bridge listens that no configuration tells of
PUBLIC_URL = "https://bridge.acme-prints.example"  # nobody's; what is sent there goes to LISTEN
BETWEEN_ORDERS = 2.0  # seconds
LOOK_EVERY = 0.5  # seconds between looks at the configuration: the bridge beside it is no quicker
ASK_FOR = 5.0  # seconds that a running sandbox may take to answer
FAULTS = TypeAdapter(list[Fault])


def run_sandbox(
    config: Path | None,
    port: int,
    orders: int,
    test_order: bool,
    speed: float,
    faults: Path | None,
    seed: int,
) -> None:
    """Run the simulated Shopify and Sculpteo until they are told to stop, or send a test order to those that run."""
    loaded = load_or_exit(config) if config else None
    settings = loaded.settings if loaded else None
    rules = _load_faults(faults) if faults else []
    if test_order:
        sent = asyncio.run(_send_to_running(_build_control_url(settings, port)))
        if sent is not None:
            click.echo(_describe_test_order(sent, settings, config))
            return
    box = _create_sandbox(settings, port, speed, seed)
    for rule in rules:
        box.faults.put(rule)
    try:
        asyncio.run(_run_sandbox(box, loaded, orders, test_order))
    except OSError as error:
        raise click.ClickException(
            f"cannot listen: {describe_os_error(error)}; choose another --port"
        ) from None


# --- a test order ------------------------------------------------------------------------------------------


def _build_control_url(settings: Settings | None, port: int) -> str:
    """Where a sandbox that runs already listens."""
    shop = next(iter(settings.shops.values())) if settings else None
    known = find_loopback_port(shop.admin_url) if shop else None
    return f"http://127.0.0.1:{known or port}"


async def _send_to_running(url: str) -> OrderView | None:
    """The order that a running sandbox was sent; None = none runs there."""
    try:
        async with ControlClient(url, seconds=ASK_FOR) as control:
            return await control.select_shop().test_order()
    except ControlError as error:
        raise click.ClickException(f"the sandbox at {url} refuses: {error.sentence}") from None
    except (aiohttp.ClientError, TimeoutError):
        return None


def _describe_test_order(order: OrderView, settings: Settings | None, config: Path | None) -> str:
    what = ", ".join(f"{count} x {sku}" for sku, count in order.units.items())
    listen = settings.server.listen if settings else LISTEN
    where = f" -c {config}" if config and config != Path("config.yaml") else ""
    name = order.name.lstrip("#")
    return (
        f"{order.name} is ordered and paid: {what}, to {order.ships_to}.\n"
        f"See what becomes of it: http://{listen}/orders, or `sculpteo-bridge why {name}{where}`."
    )


# --- the sandbox -------------------------------------------------------------------------------------------


def _load_faults(path: Path) -> list[Fault]:
    """The rules of a file. Raises ClickException naming what is wrong."""
    try:
        return FAULTS.validate_python(yaml.safe_load(path.read_text(encoding="utf-8")) or [])
    except ValidationError as error:
        told = [sentence.replace("the body", "it", 1) for sentence in describe_validation_faults(error)]
        faults = [f"{path}: {'entry ' if one[0].isdigit() else ''}{one}" for one in told]
        raise click.ClickException("\n".join(faults)) from None
    except UnicodeDecodeError:
        raise click.ClickException(f"{path}: is not UTF-8 text; save it as UTF-8") from None
    except yaml.YAMLError as error:
        spot = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
        what = error.problem if isinstance(error, yaml.MarkedYAMLError) else None
        where = f"{path}:{spot.line + 1}:{spot.column + 1}" if spot else str(path)
        raise click.ClickException(f"{where}: is no YAML: {what or 'it cannot be read'}") from None


def _create_sandbox(settings: Settings | None, port: int, speed: float, seed: int) -> Sandbox:
    shops = build_simulated_shops(settings) if settings else [ShopSettings()]
    account = SculpteoSettings(any_design=False, automatic=True, speed=speed)
    ports = Ports.from_first(port)
    if settings is not None:
        account = build_account_settings(settings, speed)
        known = find_loopback_port(settings.sculpteo.base_url)
        ports = Ports(ports.shopify, known or ports.sculpteo, ports.control)
    return Sandbox(
        shops=shops,
        sculpteo=account,
        seed=seed,
        ports=ports,
        webhook_speed=speed,
        deliver_to=f"http://{settings.server.listen if settings else LISTEN}",
        salt=secrets.token_hex(8),
        # on other ports each time, without a configuration of one's own: no bridge can come back to it
        order_numbers=_iter_order_numbers if settings is not None or port else None,
        ids_after=id_sequences.compute_id_offset(),
    )


def _iter_order_numbers(domain: str, first: int) -> Iterator[int]:
    return id_sequences.iter_order_numbers(id_sequences.get_default_file(), domain, first)


async def _run_sandbox(box: Sandbox, loaded: Loaded | None, orders: int, test_order: bool) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with box, _run_beside(_create_orders(box, loaded, orders, test_order)):
        if loaded is None:
            demo_config.add_demo_products(box.shop, box.printer)
            click.echo(_format_hint(box, None))
            await stop.wait()
            return
        for name, running in zip(loaded.settings.shops, box.running.values(), strict=True):
            add_missing_products(running.shop, loaded.settings, name)
        for _, design in loaded.catalog.list_designs():
            box.printer.invent_design(design.uuid)
        click.echo(_format_hint(box, loaded))
        async with _run_beside(_watch_config(box, loaded)):
            await stop.wait()


@asynccontextmanager
async def _run_beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _watch_config(box: Sandbox, loaded: Loaded) -> None:
    """Take up each change of the configuration; one with faults is told, and changes nothing."""
    watch = ConfigWatcher(loaded, every=LOOK_EVERY)
    while True:
        found = await watch.wait_for_next()
        if isinstance(found, ConfigError):
            click.echo(f"The configuration has faults, so nothing changes here:\n{found}", err=True)
            continue
        try:
            for sentence in await apply_config_change(box, found):
                click.echo(sentence)
        except OSError as error:
            click.echo(f"A new shop cannot listen: {describe_os_error(error)}.", err=True)


def _format_hint(box: Sandbox, loaded: Loaded | None) -> str:
    """The lines that point a configuration at the sandbox, and how an order gets there."""
    info = build_info(box)
    settings = loaded.settings if loaded else None
    command = f" -c {loaded.path}" if loaded else ""
    if settings is None:
        plan = DemoPlan(listen=LISTEN, database="sqlite:///sandbox.db", public_url=PUBLIC_URL)
        whole = demo_config.build_demo_config(info, plan)
        lines = yaml.safe_dump(whole, sort_keys=False, allow_unicode=True)
        said = f"A configuration for it:\n\n{lines}"
    elif _is_pointed_here(box, settings):
        said = "Your configuration points at it."
    else:
        shops = {
            name: {"admin_url": running.url}
            for name, running in zip(settings.shops, box.running.values(), strict=True)
        }
        lines = yaml.safe_dump({"shops": shops, "sculpteo": {"base_url": info.sculpteo_url}}, sort_keys=False)
        said = (
            "Set these in your configuration, beside what stands there already; take them out again afterwards:\n\n"
            f"{lines}"
        )
    return (
        f"{said}\n"
        f"Webhooks and notifications go to {box.deliver_to}.\n"
        f"Control: {info.control_url}/_control/info\n"
        "Start `sculpteo-bridge serve` with it beside this, in another terminal. Then send an order:\n"
        f"  sculpteo-bridge sandbox{command} --test-order\n"
        "Running until Ctrl-C."
    )


def _is_pointed_here(box: Sandbox, settings: Settings) -> bool:
    urls = [find_loopback_port(shop.admin_url) for shop in settings.shops.values()]
    here = [running.site.port for running in box.running.values()]
    return urls == here and find_loopback_port(settings.sculpteo.base_url) == find_loopback_port(
        box.sculpteo_url
    )


async def _create_orders(box: Sandbox, loaded: Loaded | None, count: int, test_order: bool) -> None:
    """Let orders come in, once the bridge has subscribed to the webhooks."""
    stage = Stage(box, box.seed)
    while (count or test_order) and not all(running.shop.subscriptions for running in box.running.values()):  # noqa: ASYNC110 - a client decides when
        await asyncio.sleep(0.2)
    if test_order:
        try:
            order = OrderView.from_order(box.shop.test_order())
            click.echo(
                _describe_test_order(
                    order, loaded.settings if loaded else None, loaded.path if loaded else None
                )
            )
        except LookupError as error:
            click.echo(f"No test order was sent: {error}.", err=True)
    if loaded is None:
        for scenario in select_scenarios(count, box.seed):
            click.echo(f"{scenario.play(stage).name}: {scenario.title}")
            await asyncio.sleep(BETWEEN_ORDERS)
        await stage.wait_for_actions()
        return
    for _ in range(count):
        shop = stage.random.choice(list(box.running.values())).shop
        click.echo(_create_order(shop, stage))
        await asyncio.sleep(BETWEEN_ORDERS)


def _create_order(shop: Shop, stage: Stage) -> str:
    """An order of one to three lines out of the shop's products; gives a line that tells of it."""
    skus = [variant.sku for variant in shop.variants.values()]
    chosen = stage.random.sample(skus, k=min(len(skus), stage.random.randint(1, 3)))
    lines = [Buy(sku, stage.random.choice((1, 1, 2))) for sku in chosen]
    order = shop.create_order(lines)
    said = ", ".join(f"{line.quantity} x {line.label}" for line in order.lines)
    return f"{shop.settings.name} {order.name}: {said}"
