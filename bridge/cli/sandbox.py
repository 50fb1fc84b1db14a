"""`sculpteo-bridge sandbox`: a Shopify and a Sculpteo on this machine, for one's own configuration."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import click
import yaml
from pydantic import TypeAdapter, ValidationError

from bridge.cli._catalog import catalog
from bridge.cli._options import load_or_exit, words_of
from bridge.config.settings import Settings
from bridge.sandbox.box import Ports, Sandbox
from bridge.sandbox.demo_config import DemoPlan, demo_config, stock
from bridge.sandbox.desk import info_of
from bridge.sandbox.faults import Fault
from bridge.sandbox.scenarios import pick
from bridge.sandbox.sculpteo.settings import SculpteoSettings
from bridge.sandbox.shopify.orders import Buy
from bridge.sandbox.shopify.settings import ShopSettings
from bridge.sandbox.shopify.shop import Shop
from bridge.sandbox.stage import Stage

LISTEN = "127.0.0.1:8080"  # where a bridge listens that no configuration tells of
PUBLIC_URL = "https://bridge.acme-prints.example"  # nobody's; what is sent there goes to LISTEN
BETWEEN_ORDERS = 2.0  # seconds
FAULTS = TypeAdapter(list[Fault])


@click.command()
@click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Your configuration: its shops, SKUs and credentials are simulated. Without it, the demo's shop is.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_000),
    default=8900,
    show_default=True,
    help="The first of the ports to use; 0 = any.",
)
@click.option(
    "--orders",
    type=click.IntRange(0, 100_000),
    default=0,
    show_default=True,
    help="How many orders come in, one every two seconds.",
)
@click.option(
    "--speed",
    default=3600.0,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    help="How many times faster than real production and webhook retries go.",
)
@click.option(
    "--faults",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A YAML or JSON list of what goes wrong, as bridge/sandbox/README.md describes it.",
)
@click.option("--seed", default=0, show_default=True, help="Another seed, other people, numbers and chances.")
def command(
    config: Path | None, port: int, orders: int, speed: float, faults: Path | None, seed: int
) -> None:
    """Run a simulated Shopify and Sculpteo on this machine until it is told to stop.

    It prints the lines that point your configuration at it. Webhooks and notifications go to the address at
    which your bridge listens. The control address takes orders, cancellations, faults and outages as JSON.
    """
    settings = load_or_exit(config).settings if config else None
    rules = _faults(faults) if faults else []
    box = _sandbox(settings, port, speed, seed)
    for rule in rules:
        box.faults.put(rule)
    try:
        asyncio.run(_run(box, settings, orders))
    except OSError as error:
        raise click.ClickException(f"cannot listen: {words_of(error)}; choose another --port") from None


def _faults(path: Path) -> list[Fault]:
    """The rules of a file. Raises ClickException naming what is wrong."""
    try:
        return FAULTS.validate_python(yaml.safe_load(path.read_text(encoding="utf-8")) or [])
    except ValidationError as error:
        faults = [
            f"{path}: entry {'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}, not {fault['input']!r}"
            for fault in error.errors()
        ]
        raise click.ClickException("\n".join(faults)) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{path}: {error}") from None


def _sandbox(settings: Settings | None, port: int, speed: float, seed: int) -> Sandbox:
    if settings is None:
        shops: Sequence[ShopSettings] = (ShopSettings(),)
        sculpteo = SculpteoSettings(automatic=True, speed=speed)
        listen = LISTEN
    else:
        shops = [
            ShopSettings(
                domain=shop.domain,
                name=name,
                client_id=shop.client_id or "",
                client_secret=shop.client_secret.get_secret_value() if shop.client_secret else "",
                access_token=shop.access_token.get_secret_value() if shop.access_token else None,
            )
            for name, shop in settings.shops.items()
        ]
        sculpteo = SculpteoSettings(
            login=settings.sculpteo.login,
            password=settings.sculpteo.password.get_secret_value(),
            automatic=True,
            speed=speed,
        )
        listen = settings.server.listen
    return Sandbox(
        shops=shops,
        sculpteo=sculpteo,
        seed=seed,
        ports=_ports(settings, port),
        webhook_speed=speed,
        deliver_to=f"http://{listen}",
    )


def _ports(settings: Settings | None, first: int) -> Ports:
    """Where a configuration that points at a sandbox already expects it, else from `first` on."""
    ports = Ports.from_first(first)
    if settings is None:
        return ports
    shop = next(iter(settings.shops.values()))
    return Ports(
        _loopback_port(shop.admin_url) or ports.shopify,
        _loopback_port(settings.sculpteo.base_url) or ports.sculpteo,
        ports.control,
    )


def _loopback_port(url: str | None) -> int | None:
    parts = urlsplit(url or "")
    return parts.port if parts.hostname in ("127.0.0.1", "localhost") else None


async def _run(box: Sandbox, settings: Settings | None, orders: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with box:
        if settings is None:
            stock(box.shop, box.printer)
        else:
            for name, running in zip(settings.shops, box.running.values(), strict=True):
                _stock_own(running.shop, settings, name)
        click.echo(_hint(box, settings))
        coming = asyncio.create_task(_orders(box, settings, orders))
        await stop.wait()
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)


def _stock_own(shop: Shop, settings: Settings, name: str) -> None:
    """Put a product into the shop for each SKU of the configuration."""
    own = settings.shops[name]
    for title, variants in catalog((*own.products, *settings.products), (*own.ignore, *settings.ignore)):
        shop.add_product(title, variants)


def _hint(box: Sandbox, settings: Settings | None) -> str:
    """The lines that point a configuration at the sandbox."""
    info = info_of(box)
    if settings is None:
        plan = DemoPlan(listen=LISTEN, database="sqlite:///sandbox.db", public_url=PUBLIC_URL)
        whole = demo_config(info, plan)
        lines = yaml.safe_dump(whole, sort_keys=False, allow_unicode=True)
        said = "A configuration for it:"
    else:
        shops = {
            name: {"admin_url": running.url}
            for name, running in zip(settings.shops, box.running.values(), strict=True)
        }
        lines = yaml.safe_dump({"shops": shops, "sculpteo": {"base_url": info.sculpteo_url}}, sort_keys=False)
        said = "Set these in your configuration, beside what stands there already; take them out again afterwards:"
    return (
        f"{said}\n\n{lines}\n"
        f"Webhooks and notifications go to {box.deliver_to}.\n"
        f"Control: {info.control_url}/_control/info\n"
        "Start `sculpteo-bridge serve` with it beside this. Running until Ctrl-C."
    )


async def _orders(box: Sandbox, settings: Settings | None, count: int) -> None:
    """Let orders come in, once the bridge has subscribed to the webhooks."""
    stage = Stage(box, box.seed)
    while count and not all(running.shop.subscriptions for running in box.running.values()):  # noqa: ASYNC110 - a client decides when
        await asyncio.sleep(0.2)
    if settings is None:
        for scenario in pick(count, box.seed):
            click.echo(f"{scenario.play(stage).name}: {scenario.title}")
            await asyncio.sleep(BETWEEN_ORDERS)
        await stage.finish()
        return
    for _ in range(count):
        shop = stage.random.choice(list(box.running.values())).shop
        click.echo(_order(shop, stage))
        await asyncio.sleep(BETWEEN_ORDERS)


def _order(shop: Shop, stage: Stage) -> str:
    """An order of one to three lines out of the shop's products; gives a line that tells of it."""
    skus = [variant.sku for variant in shop.variants.values()]
    chosen = stage.random.sample(skus, k=min(len(skus), stage.random.randint(1, 3)))
    person = stage.people.next()
    lines = [Buy(sku, stage.random.choice((1, 1, 2))) for sku in chosen]
    order = shop.create_order(lines, address=person.address, email=person.email)
    said = ", ".join(f"{line.quantity} x {line.label}" for line in order.lines)
    return f"{shop.settings.name} {order.name}: {said}"
