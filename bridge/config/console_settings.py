"""The settings of the console: who may sign in, and as what."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr

from bridge.config.identifiers import Language
from bridge.config.model import Model, doc
from bridge.config.types import Secret, Text, build_value_error, one_of
from bridge.config.value_types import Interval

HASH = re.compile(r"scrypt:([0-9]{1,2}):([0-9]{1,3}):([0-9]{1,3}):[A-Za-z0-9_-]{16,128}:[A-Za-z0-9_-]{43}")
"""What `sculpteo-bridge password` prints: scrypt:log2(n):r:p:salt:key."""

MEMORY = 160 * 1024 * 1024
"""Bytes that the check of a password may take, for hashes of stronger parameters than ours."""


def _check_password_hash(secret: SecretStr) -> SecretStr:
    if found := HASH.fullmatch(secret.get_secret_value()):
        log_n, r, p = map(int, found.groups())
        # what scrypt takes: https://www.rfc-editor.org/rfc/rfc7914#section-2
        if min(log_n, r, p) > 0 and 128 * r * (p + 2 + (1 << log_n)) <= MEMORY:
            return secret
    raise build_value_error(
        "is not a password hash", "put in what `sculpteo-bridge password` prints, never the password itself"
    )


def _check_user_name(text: str) -> str:
    if re.fullmatch(r"[\w.@+-]{1,64}", text):
        return text
    raise build_value_error(
        "{value} cannot be the name of a user", "use letters, digits and . _ @ + - only, at most 64 of them"
    )


PasswordHash = Annotated[Secret, AfterValidator(_check_password_hash)]
UserName = Annotated[Text, AfterValidator(_check_user_name)]


class ConsoleUser(Model):
    """Somebody who may sign in to the console."""

    role: Annotated[
        Literal["viewer", "operator", "owner"],
        one_of("viewer", "operator", "owner"),
        doc("`viewer` sees; `operator` also decides of orders; `owner` may do everything."),
    ]
    password_hash: Annotated[
        PasswordHash,
        doc("What `sculpteo-bridge password` prints for this user's password.", "${ANNA_PASSWORD_HASH}"),
    ]


class Console(Model):
    """The console in the browser. It is off while nobody may sign in."""

    password_hash: Annotated[
        PasswordHash | None,
        doc(
            "Short for one user named `owner` with this role: what `sculpteo-bridge password` prints.",
            "${CONSOLE_PASSWORD_HASH}",
        ),
    ] = None
    users: Annotated[dict[UserName, ConsoleUser], doc("Who may sign in, each under a name.")] = Field(
        default_factory=dict
    )
    language: Annotated[
        Language | None, doc("Language of the console; default: what each reader's browser asks for.", "fr")
    ] = None
    session: Annotated[Interval, doc("How long a sign-in lasts, at most.")] = timedelta(hours=12)

    def list_members(self) -> dict[str, ConsoleUser]:
        """Everybody who may sign in, by name."""
        owner: dict[str, Any] = {}
        if self.password_hash is not None:
            owner = {"owner": ConsoleUser(role="owner", password_hash=self.password_hash)}
        return {**owner, **self.users}
