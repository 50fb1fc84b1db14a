"""What `init` asks, what it makes of the answers, and the files that it writes."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import click
from pydantic import AfterValidator, BeforeValidator, SecretStr

from bridge.cli._options import print_json
from bridge.cli._prompts import (
    Answers,
    Question,
    ask_questions,
    confirm_answers,
    validate_answer,
)
from bridge.config import (
    account_settings,
    identifiers,
    types,
)
from bridge.config.init_template import render_starter
from bridge.config.loader import load_bytes
from bridge.config.settings import SculpteoSettings
from bridge.config.types import build_value_error
from bridge.errors import ConfigError, Fault
from bridge.web.console.passwords import LONGEST, SHORTEST, hashed

CURRENCY = SculpteoSettings.model_fields["currency"].rebuild_annotation()
FILES, ENVIRONMENT = "files", "environment"
SANDBOX = {"admin_url": "http://127.0.0.1:8900", "base_url": "http://127.0.0.1:8901"}
"""Where `sculpteo-bridge sandbox` listens unless it is told otherwise."""


def _validate_password(secret: SecretStr) -> SecretStr:
    if SHORTEST <= len(secret.get_secret_value()) <= LONGEST:
        return secret
    raise build_value_error(f"has not {SHORTEST} to {LONGEST} characters", "choose another one")


def _parse_yes_or_no(value: object) -> str:
    text = str(value).strip().lower()
    if text in {"y", "yes", "n", "no"}:
        return "yes" if text.startswith("y") else "no"
    raise build_value_error("{value} is neither yes nor no")


def _is_in_files(answers: Mapping[str, str]) -> bool:
    return answers.get("secrets") == FILES


def _check_client_secret(text: str, answers: Mapping[str, str]) -> str | None:
    return "this is the client ID, not its secret" if text == answers.get("client_id") else None


WHERE = Annotated[Literal["files", "environment"], types.one_of(FILES, ENVIRONMENT)]
QUESTIONS: tuple[Question, ...] = (
    Question("domain", "Your shop's domain that ends in .myshopify.com", identifiers.Domain, label="Shop"),
    Question("client_id", "Client ID of your app in Shopify's Dev Dashboard", account_settings.ClientId, label="Client ID"),
    Question(
        "public_url", "Address under which the internet reaches the bridge (https://...)", account_settings.PublicUrl,
        label="Address of the bridge",
    ),
    Question("login", "Your login at Sculpteo", account_settings.Login, label="Login at Sculpteo"),
    Question(
        "theme", "Packing-slip theme agreed with Sculpteo (empty: none yet)", account_settings.Theme, "", label="Theme"
    ),
    Question(
        "currency", "Currency in which Sculpteo bills you (EUR, USD, GBP)", CURRENCY, "EUR", label="Currency"
    ),
    Question(
        "material", "Sculpteo material of most of your products", identifiers.Material, "white_plastic", label="Material"
    ),
    Question("unit", "Unit of your designs (mm, cm, m, in, ft, yd)", types.Unit, "mm", label="Unit"),
    Question(
        "sku", "SKU of a first product, as in Shopify (empty: you add products later)", identifiers.Sku, "",
        label="First product",
    ),
    Question(
        "uuid", "UUID of its design at Sculpteo", identifiers.Uuid, label="Its design",
        when=lambda answers: "sku" in answers,
    ),
    Question(
        "secrets", "Where your secrets live: files (beside the configuration, for you only) or environment", WHERE,
        FILES, label="Secrets in",
    ),
    Question(
        "client_secret", "Client secret of your app, not shown (empty: later)", account_settings.ClientSecret, "",
        label="Client secret", when=_is_in_files, check=_check_client_secret, hidden=True, secret=True,
    ),
    Question(
        "access_token", "Access token of your custom app, not shown (empty: later)", account_settings.AccessToken, "",
        label="Access token", when=_is_in_files, hidden=True, secret=True,
    ),
    Question(
        "password", "Your password at Sculpteo, not shown (empty: later)", types.Secret, "",
        label="Password at Sculpteo", when=_is_in_files, hidden=True, secret=True,
    ),
    Question(
        "console", f"A new password for the console in the browser, {SHORTEST} characters or more (empty: no console)",
        Annotated[types.Secret, AfterValidator(_validate_password)], "", label="Password of the console",
        when=_is_in_files, hidden=True, secret=True, twice=True,
    ),
    Question(
        "alerts", "Where alerts go, as mailto://user:password@example.com or another Apprise URL, not shown (empty: nowhere yet)",
        identifiers.AlertUrl, "", label="Alerts", when=_is_in_files, hidden=True,
        secret=True,
    ),
    Question(
        "rehearse", "Begin with a simulated shop and Sculpteo on this machine? (yes, no)",
        Annotated[str, BeforeValidator(_parse_yes_or_no)], "no", label="Begin with the sandbox",
    ),
)  # fmt: skip
SECRETS = {
    "SHOPIFY_CLIENT_SECRET": "from the settings of your app in Shopify",
    "SHOPIFY_ACCESS_TOKEN": "of your app in the shop's admin",
    "SCULPTEO_PASSWORD": "of your account at Sculpteo",
}
"""Where each is found."""
KEPT_AS = {
    "client_secret": "SHOPIFY_CLIENT_SECRET",
    "access_token": "SHOPIFY_ACCESS_TOKEN",
    "password": "SCULPTEO_PASSWORD",
    "console": "CONSOLE_PASSWORD_HASH",
    "alerts": "ALERT_URL",
}
"""By answer: the environment variable, and in small letters the file, that holds it."""


def write_configuration(
    output: Path,
    force: bool,
    yes: bool,
    older_app: bool,
    sandbox: bool,
    as_json: bool,
    **flags: str | None,
) -> None:
    """Write the configuration that the flags and answers describe. `flags` are those of single questions."""
    if output.exists() and not force:
        raise click.ClickException(
            f"{output} exists already; --force overwrites it, -o FILE writes another one"
        )
    given = {**validate_flags(flags), **({"rehearse": "yes"} if sandbox else {})}
    if not (yes or as_json):
        given = ask_answers(given, older_app=older_app)
    plan = ConfigDraft.from_answers(given, output, older_app=older_app)
    left = find_config_faults(render_starter(plan.answers, older_app=older_app), output)
    plan.write_files(force=force)
    if as_json:
        secrets = list(plan.unset)
        print_json({"file": str(output), "left": [asdict(fault) for fault in left], "secrets": secrets})
    else:
        print_next_steps(plan, left)


def validate_flags(flags: Mapping[str, str | None]) -> Answers:
    """What the flags say. Raises BadParameter for what cannot be."""
    found = {name: value for name, value in flags.items() if value is not None}
    for question in QUESTIONS:
        if question.name in found:
            try:
                found[question.name] = validate_answer(question, found[question.name])
            except click.UsageError as error:
                hint = f"--{question.name.replace('_', '-')}"
                raise click.BadParameter(error.message, param_hint=hint) from None
    return found


def ask_answers(given: Answers, *, older_app: bool) -> Answers:
    """The answers at the terminal, once the person has seen them all together. Raises Abort."""
    unwanted = {"client_id"} if older_app else {"access_token"}
    questions = [question for question in QUESTIONS if question.name not in unwanted]
    click.echo(
        "Each answer is checked at once; < goes back to the question before. Nothing is written until the end."
    )
    return confirm_answers(questions, ask_questions(questions, given), "This is what you answered:")


@dataclass(frozen=True, slots=True)
class ConfigDraft:
    """What is about to be written: the configuration, and secrets by the files that hold them."""

    path: Path
    text: str
    answers: Answers  # those of the configuration itself
    files: Mapping[Path, str] = field(default_factory=dict)
    unset: Mapping[str, Path | None] = field(
        default_factory=dict
    )  # secrets to be set by hand, with their files

    @classmethod
    def from_answers(cls, given: Answers, path: Path, *, older_app: bool) -> ConfigDraft:
        mine = {question.name for question in QUESTIONS if question.secret} | {"secrets", "rehearse"}
        answers = {name: value for name, value in given.items() if name not in mine}
        if "domain" in answers and "name" not in answers:
            answers["name"] = answers["domain"].partition(".")[0]
        if given.get("rehearse") == "yes":
            answers |= SANDBOX
        needed = [
            name
            for name in ("client_secret", "access_token", "password")
            if older_app or name != "access_token"
        ]
        in_files = given.get("secrets") == FILES
        places: dict[str, str] = {}
        files: dict[Path, str] = {}
        unset: dict[str, Path | None] = {}
        for name, variable in KEPT_AS.items():
            file = Path("secrets") / f"{variable.lower()}.txt"
            if in_files and (name in needed or name in given):
                places[name] = f"{{file: {file}}}"
                if name in given:
                    files[path.parent / file] = hashed(given[name]) if name == "console" else given[name]
            if name in needed and not (name in given or (in_files and (path.parent / file).exists())):
                unset[variable] = path.parent / file if in_files else None
        return cls(path, render_starter(answers, older_app=older_app, secrets=places), answers, files, unset)

    def write_files(self, *, force: bool) -> None:
        """Secrets first: a configuration that names a file finds it."""
        for folder in {file.parent for file in (*self.files, *self.unset.values()) if file}:
            try:
                folder.mkdir(mode=0o700, exist_ok=True)
            except OSError as error:
                raise click.ClickException(f"{folder} cannot be made: {error.strerror}") from None
        for file, secret in self.files.items():
            write_private_file(file, f"{secret}\n", force=True)
        write_private_file(self.path, self.text, force=force)


def find_config_faults(text: str, path: Path) -> tuple[Fault, ...]:
    """What is still wrong with the file, apart from the secrets, which are checked or set by themselves."""
    try:
        load_bytes(text.encode(), path, {**os.environ, **dict.fromkeys(SECRETS, "x")})
    except ConfigError as error:
        return error.faults
    return ()


def write_private_file(path: Path, text: str, *, force: bool) -> None:
    """Write it anew, with mode 0600 from its first byte on."""
    try:
        if force:
            path.unlink(missing_ok=True)
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(opened, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}") from None


def find_program_name() -> str:
    """How this program is called here: by its name, where the shell finds it."""
    called = Path(sys.argv[0])
    found = shutil.which("sculpteo-bridge") is not None or called.name != "sculpteo-bridge"
    return "sculpteo-bridge" if found else str(called)


def print_next_steps(plan: ConfigDraft, left: Sequence[Fault]) -> None:
    path, name = plan.path, find_program_name()
    where = "" if path == Path("config.yaml") else f" -c {path}"
    click.echo(f"{path} is written, readable by you only.")
    if plan.files:
        folder = next(iter(plan.files)).parent
        click.echo(
            f"Your secrets are in the folder {folder}, each in a file that you alone can read. Keep them out of "
            "backups that others see."
        )
    if left:
        click.echo("\nFill in:")
        for fault in left:
            click.echo(f"  line {fault.line}: {fault.path}: {fault.tail}")
    in_files = {variable: file for variable, file in plan.unset.items() if file}
    if in_files:
        click.echo("\nWrite these into their files, which you alone should be able to read (chmod 600):")
        for variable, file in in_files.items():
            click.echo(f"  {file}    # {SECRETS[variable]}")
    elif plan.unset:
        click.echo("\nSet these environment variables, or write {file: path} in their places:")
        for variable in plan.unset:
            click.echo(f"  export {variable}='...'    # {SECRETS[variable]}")
    if "base_url" in plan.answers:
        click.echo(
            "\nIt points at the sandbox: take `admin_url` and `base_url` out again when you go on with your real shop."
            "\nThen, each in a terminal of its own:"
            f"\n  {name} sandbox -c {path}"
            f"\n  {name} serve{where}"
            f"\n  {name} sandbox -c {path} --test-order"
        )
    else:
        click.echo(f"\nThen: {name} check{where}")
    if not plan.answers.keys() & {"sku", "uuid"}:
        click.echo(
            f"No product is in it yet: `{name} designs upload{where} FILE` uploads a design and prints the "
            "lines to add\nunder `products`; a design that Sculpteo has already only needs its UUID there."
        )
