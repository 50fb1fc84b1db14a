"""`sculpteo-bridge password`: the hash of a password, for the configuration."""

from __future__ import annotations

import sys

import click

WHERE = """
Put the line into an environment variable, CONSOLE_PASSWORD_HASH for one, and name it in the configuration:

  console:
    password_hash: ${CONSOLE_PASSWORD_HASH}      # one user, named “owner”

or, for several people:

  console:
    users:
      anna: {role: owner, password_hash: "${ANNA_PASSWORD_HASH}"}

Then start the bridge again.\
"""


@click.command()
def command() -> None:
    """Print the hash of a password for the console, and where to put it.

    It asks twice, hidden; or reads the first line of standard input where that is no terminal. The hash alone
    goes to standard output.
    """
    from bridge.web.console.passwords import hashed

    password = _ask_password() if sys.stdin.isatty() else _read_password()
    try:
        line = hashed(password)
    except ValueError as error:
        raise click.ClickException(f"{error}; this one has {len(password)}") from None
    click.echo(line)
    click.echo(WHERE, err=True)


def _ask_password() -> str:
    from bridge.web.console.passwords import LONGEST, SHORTEST

    text = f"Password ({SHORTEST} to {LONGEST} characters)"
    password: str = click.prompt(text, hide_input=True, confirmation_prompt="Once more", err=True)
    return password


def _read_password() -> str:
    try:
        return sys.stdin.readline().rstrip("\r\n")
    except UnicodeDecodeError:
        raise click.ClickException("the password on standard input is not UTF-8 text") from None
