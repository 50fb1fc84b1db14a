"""Password hashes by scrypt, as one line of text: `scrypt:log2(n):r:p:salt:key`, salt and key in base64url.

https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#scrypt
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

LOG_N, R, P = 15, 8, 3  # 32 MB and about a quarter of a second
MEMORY = 160 * 1024 * 1024  # bytes that a hash of stronger parameters may take
SHORTEST = 10  # characters of a password
LONGEST = 1024


def hashed(password: str) -> str:
    """The line for the configuration. Raises ValueError for a password that is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise ValueError(f"a password has {SHORTEST} to {LONGEST} characters")
    salt = os.urandom(16)
    return f"scrypt:{LOG_N}:{R}:{P}:{_text(salt)}:{_text(_key(password, salt, LOG_N, R, P))}"


def fits(password: str, line: str) -> bool:
    """Whether it is this password. Takes a while; run it in a thread."""
    try:
        kind, log_n, r, p, salt, key = line.split(":")
        if kind != "scrypt" or len(password) > LONGEST:
            return False
        found = _key(password, _bytes(salt), int(log_n), int(r), int(p))
    except ValueError:
        return False
    return hmac.compare_digest(found, _bytes(key))


NOBODY = f"scrypt:{LOG_N}:{R}:{P}:{'A' * 22}:{'A' * 43}"
"""What a name that does not exist is checked against, so that it takes as long as one that does."""


def _key(password: str, salt: bytes, log_n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=1 << log_n, r=r, p=p, maxmem=MEMORY, dklen=32)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
