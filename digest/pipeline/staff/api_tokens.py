"""Tokens of the API: made, told apart, revoked.

A key is `dgt_`, the number of its token and 256 random bits. Only its hash is stored: whoever reads the database
cannot use it, and whoever lost it makes another.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from hashlib import sha256

from digest.errors import BadInput, NotFound
from digest.model.api_token import ApiToken, Scope
from digest.model.staff import User
from digest.pipeline.installation import Installation
from digest.store import api_tokens
from digest.store.audit import record
from digest.store.engine import reading
from digest.store.newsletters import load_newsletter

LONGEST_NAME = 80
_KEY = re.compile(r"dgt_([1-9][0-9]{0,17})_[A-Za-z0-9_-]{43}")
_NOTED_EVERY = timedelta(minutes=1)  # so that reading does not write each time
_NOBODYS = sha256(b"a key that nobody has").hexdigest()


def make_token(
    house: Installation,
    name: str,
    scopes: Collection[Scope],
    *,
    by: User | str,
    ends_at: datetime | None = None,
    newsletters: Collection[str] = (),
) -> tuple[int, str]:
    """Make a token and return its id and its key, which is not to be had again.

    With *newsletters* it is for what belongs to those alone. *by* is the account it goes with, or the name of
    somebody without one. Raises BadInput.
    """
    now, name = house.clock.now(), " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise BadInput(f"a token needs a name that says who uses it, of at most {LONGEST_NAME} characters")
    if not scopes:
        raise BadInput(f"name what the token may do: {', '.join(Scope)}")
    if ends_at is not None and ends_at <= now:
        raise BadInput("the token would have ended before it began; name a time that is still to come")
    user_id, made_by = (by.user_id, by.name) if isinstance(by, User) else (None, by)
    with house.engine.begin() as connection:
        for slug in newsletters:
            load_newsletter(connection, slug)
        token_id = api_tokens.add_token(
            connection,
            name,
            frozenset(scopes),
            made_by=made_by[:80],
            user_id=user_id,
            now=now,
            ends_at=ends_at,
            newsletters=newsletters,
        )
        key = f"dgt_{token_id}_{secrets.token_urlsafe(32)}"
        api_tokens.set_key(connection, token_id, _hashed(key))
        told = {"name": name, "scopes": sorted(scopes), "newsletters": sorted(newsletters)}
        record(connection, made_by, "token.make", f"token {token_id}", now=now, after=told)
    return token_id, key


def token_of(house: Installation, key: str) -> ApiToken | None:
    """Return the token that *key* opens now, None for none; a use is noted, once a minute."""
    shaped, now = _KEY.fullmatch(key), house.clock.now()
    with reading(house.engine) as connection:
        found = api_tokens.find_token(connection, int(shaped[1])) if shaped else None
    token, key_hash = found or (None, _NOBODYS)
    if not hmac.compare_digest(_hashed(key), key_hash) or token is None:
        return None
    if token.ends_at is not None and token.ends_at <= now:
        return None
    if token.last_used_at is None or token.last_used_at + _NOTED_EVERY <= now:
        with house.engine.begin() as connection:
            api_tokens.note_use(connection, token.token_id, now)
    return token


def revoke_token(house: Installation, token_id: int, *, by: str) -> None:
    """Take a token back at once; raises NotFound."""
    with house.engine.begin() as connection:
        if not api_tokens.remove_token(connection, token_id):
            raise NotFound(f"there is no token {token_id}; see: digest tokens list")
        record(connection, by, "token.revoke", f"token {token_id}", now=house.clock.now())


def _hashed(key: str) -> str:
    return sha256(key.encode("utf-8", "replace")).hexdigest()
