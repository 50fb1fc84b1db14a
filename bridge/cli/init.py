"""`sculpteo-bridge init`: a first configuration, by asking or by flags."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from pydantic import TypeAdapter, ValidationError

from bridge.cli._options import echo_json
from bridge.config import names, types
from bridge.config.loader import load_bytes
from bridge.config.settings import SculpteoSettings
from bridge.config.starter import starter
from bridge.errors import ConfigError, Fault

CURRENCY = SculpteoSettings.model_fields["currency"].rebuild_annotation()
QUESTIONS: tuple[tuple[str, Any, str, str | None], ...] = (
    # answer, its type, the question, the default; "" = may be left empty
    ("domain", names.Domain, "Your shop's domain that ends in .myshopify.com", None),
    ("client_id", types.Text, "Client ID of your app in Shopify's Dev Dashboard", None),
    ("public_url", names.BaseUrl, "Address under which the internet reaches the bridge (https://...)", None),
    ("login", types.Text, "Your login at Sculpteo", None),
    ("theme", types.Text, "Packing-slip theme agreed with Sculpteo (empty: none yet)", ""),
    ("currency", CURRENCY, "Currency in which Sculpteo bills you (EUR, USD, GBP)", "EUR"),
    ("material", names.Material, "Sculpteo material of most of your products", "white_plastic"),
    ("unit", types.Unit, "Unit of your designs (mm, cm, m, in, ft, yd)", "mm"),
    ("sku", names.Sku, "SKU of a first product, as in Shopify (empty: you add products later)", ""),
    ("uuid", names.Uuid, "UUID of its design at Sculpteo", None),
)
SECRETS = {
    "SHOPIFY_CLIENT_SECRET": "from the settings of your app in Shopify",
    "SHOPIFY_ACCESS_TOKEN": "of your app in the shop's admin",
    "SCULPTEO_PASSWORD": "of your account at Sculpteo",
}
"""Where each is found."""


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("config.yaml"),
    show_default=True,
    help="The file to write.",
)
@click.option("--force", is_flag=True, help="Overwrite the file if it exists.")
@click.option("--yes", is_flag=True, help="Ask nothing: what no flag says is left to be filled in.")
@click.option("--name", help="A short name for the shop; default: from its domain.")
@click.option("--domain", help="The shop's domain that ends in .myshopify.com.")
@click.option("--client-id", help="Client ID of the app in Shopify's Dev Dashboard.")
@click.option("--older-app", is_flag=True, help="Use the access token of a custom app made before 2026.")
@click.option("--public-url", help="Address under which the internet reaches the bridge.")
@click.option("--login", help="Login at Sculpteo.")
@click.option("--theme", help="Packing-slip theme agreed with Sculpteo.")
@click.option("--currency", help="Currency in which Sculpteo bills, and of the limits: EUR, USD or GBP.")
@click.option("--database", help="sqlite:///... or postgresql://...")
@click.option("--material", help="Sculpteo material of most products.")
@click.option("--unit", help="Unit of the designs.")
@click.option("--sku", help="SKU of a first product.")
@click.option("--uuid", help="UUID of its design at Sculpteo.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs. Implies --yes.")
def command(
    output: Path, force: bool, yes: bool, older_app: bool, as_json: bool, **flags: str | None
) -> None:
    """Write a commented configuration, by asking or by flags. Secrets are not asked for."""
    if output.exists() and not force:
        raise click.ClickException(
            f"{output} exists already; --force overwrites it, -o FILE writes another one"
        )
    answers = answered(flags, asking=not (yes or as_json), older_app=older_app)
    if "domain" in answers and "name" not in answers:
        answers["name"] = answers["domain"].partition(".")[0]
    text = starter(answers, older_app=older_app)
    left = faults_of(text, output)
    write(output, text, force=force)
    secrets = [name for name in SECRETS if older_app or name != "SHOPIFY_ACCESS_TOKEN"]
    if as_json:
        echo_json({"file": str(output), "left": [asdict(fault) for fault in left], "secrets": secrets})
    else:
        tell_next_steps(output, left, secrets, mapped=bool(answers.keys() & {"sku", "uuid"}))


def answered(flags: Mapping[str, str | None], *, asking: bool, older_app: bool) -> dict[str, str]:
    """What the flags say, and what is answered to the questions that they leave."""
    answers = {name: value for name, value in flags.items() if value is not None}
    for name, kind, question, default in QUESTIONS:
        if name == "client_id" and older_app:
            continue
        if name in answers:
            answers[name] = checked(kind, answers[name], f"--{name.replace('_', '-')}")
        elif asking and not (name == "uuid" and "sku" not in answers):
            answer = click.prompt(
                question,
                default=default,
                show_default=bool(default),
                value_proc=lambda text, kind=kind: asked(kind, text),
            )
            if answer:
                answers[name] = answer
    return answers


def checked(kind: Any, text: str, flag: str) -> str:
    try:
        return str(TypeAdapter(kind).validate_python(text))
    except ValidationError as error:
        raise click.BadParameter(said(error, text), param_hint=flag) from None


def asked(kind: Any, text: str) -> str:
    """An answer at the terminal; click asks again after a UsageError."""
    if not text:
        return ""
    try:
        return str(TypeAdapter(kind).validate_python(text))
    except ValidationError as error:
        raise click.UsageError(said(error, text)) from None


def said(error: ValidationError, text: str) -> str:
    context = error.errors()[0].get("ctx") or {}
    what = str(context.get("what", "is not possible")).replace("{value}", f'"{text}"')
    remedy = context.get("hint") or context.get("remedy")
    return f"{what}; {remedy}" if remedy else what


def faults_of(text: str, path: Path) -> tuple[Fault, ...]:
    """What is still wrong with the file, apart from the secrets, which are set later."""
    try:
        load_bytes(text.encode(), path, {**os.environ, **dict.fromkeys(SECRETS, "x")})
    except ConfigError as error:
        return error.faults
    return ()


def write(path: Path, text: str, *, force: bool) -> None:
    """Write it anew, with mode 0600 from its first byte on."""
    try:
        if force:
            path.unlink(missing_ok=True)
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(opened, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}") from None


def tell_next_steps(path: Path, left: Sequence[Fault], secrets: Sequence[str], *, mapped: bool) -> None:
    click.echo(f"{path} is written, readable by you only.")
    if left:
        click.echo("\nFill in:")
        for fault in left:
            click.echo(f"  line {fault.line}: {fault.path}: {fault.tail}")
    click.echo("\nSet these environment variables, or write {file: path} in their places:")
    for name in secrets:
        click.echo(f"  export {name}='...'    # {SECRETS[name]}")
    where = "" if path == Path("config.yaml") else f" -c {path}"
    click.echo(f"\nThen: sculpteo-bridge check{where}")
    if not mapped:
        click.echo(
            f"No product is in it yet: `sculpteo-bridge designs upload{where} FILE` uploads a design and prints the "
            "lines to add\nunder `products`; a design that Sculpteo has already only needs its UUID there."
        )
