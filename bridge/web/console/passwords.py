"""Password hashes by scrypt, as one line of text: `scrypt:log2(n):r:p:salt:key`, salt and key in base64url.

https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#scrypt
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import unicodedata

from bridge.config.console_settings import MEMORY

LOG_N, R, P = 15, 8, 3  # 32 MB and about a quarter of a second
SHORTEST = 10  # characters of a password
LONGEST = 1024


def hashed(password: str, log_n: int = LOG_N) -> str:
    """The line for the configuration. Raises ValueError for a password that is too short or too long.

    Only tests ask for another `log_n`, to spend their time on something else.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise ValueError(f"a password has {SHORTEST} to {LONGEST} characters")
    salt = os.urandom(16)
    return f"scrypt:{log_n}:{R}:{P}:{_text(salt)}:{_text(_key(password, salt, log_n, R, P))}"


def fits(password: str, line: str) -> bool:
    """Whether it is this password. Takes a while; run it in a thread."""
    if len(password) > LONGEST:
        return False
    try:
        _, log_n, r, p, salt, key = line.split(":")
        found = _key(password, _bytes(salt), int(log_n), int(r), int(p))
        return hmac.compare_digest(found, _bytes(key))
    except (ValueError, TypeError, OverflowError):  # scrypt says each of a number that it does not take
        return False


def _key(password: str, salt: bytes, log_n: int, r: int, p: int) -> bytes:
    typed = unicodedata.normalize("NFC", password).encode()  # keyboards differ in how they compose an é
    return hashlib.scrypt(typed, salt=salt, n=1 << log_n, r=r, p=p, maxmem=MEMORY, dklen=32)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
