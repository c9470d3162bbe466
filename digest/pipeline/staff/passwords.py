"""Passwords: which ones are good enough, and their hashes by argon2id (RFC 9106), with the library's parameters."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import TYPE_CHECKING

from digest.errors import BadInput

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 12, 256
_FEWEST_LETTERS = 5  # different ones
# Each takes 64 MB for a moment; a crowd at the door must not take them all at once.
_TURNS = threading.BoundedSemaphore(2)


def check_password(password: str, name: str) -> None:
    """Raise BadInput when *password* is too easy to guess for the account *name*."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadInput(f"the password must have {SHORTEST} to {LONGEST} characters")
    if len(set(password)) < _FEWEST_LETTERS or name.casefold() in password.casefold():
        raise BadInput("the password is too easy to guess: use several words, and not the name")


def hash_password(password: str) -> str:
    """Return the hash of *password* with its salt and parameters."""
    with _TURNS:
        return _hasher().hash(password)


def is_password(password: str, hashed: str) -> bool:
    """Whether *hashed* was made of *password*; for "" (nobody) it takes as long and is False."""
    from argon2.exceptions import InvalidHashError, VerificationError

    with _TURNS:
        try:
            return _hasher().verify(hashed or _nobodys(), password) and bool(hashed)
        except (VerificationError, InvalidHashError):
            return False


@lru_cache(maxsize=1)
def _hasher() -> PasswordHasher:
    try:
        from argon2 import PasswordHasher
    except ImportError:
        raise BadInput("accounts need the extra `web`: pip install 'digest-sender[web]'") from None
    return PasswordHasher()


@lru_cache(maxsize=1)
def _nobodys() -> str:
    return _hasher().hash("a password that nobody has")
