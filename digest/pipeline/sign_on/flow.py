"""The way to the provider and back: what is sent along, so that nobody else's answer is taken for ours.

State, nonce and verifier are derived from the session's key and a random word, so nothing is kept before the answer;
an answer is taken once (RFC 9700 §2.1, §4.7).
"""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from digest.errors import BadInput
from digest.pipeline.installation import Installation
from digest.store.identities import spend_state
from digest.tokens import Tokens

_WAIT = timedelta(minutes=10)  # for somebody to sign in there
_STATE = re.compile(r"(\d{1,11})\.([0-9a-f]{32})\.([A-Za-z0-9_-]{0,400})\.([0-9a-f]{32})", re.ASCII)
_LONGEST = 200  # characters of the way back, which stands in the address
_TOO_OLD = "that took too long, or did not begin here; begin again"


@dataclass(frozen=True, slots=True)
class Asked:
    """What one way to the provider carries; `verifier` stays here until the code is exchanged (RFC 7636 §4.1)."""

    state: str
    back: str  #: the page that somebody was on the way to, as they said; whoever leads there checks it
    nonce: str
    verifier: str

    @property
    def challenge(self) -> str:
        """The verifier's hash, for the address that the browser goes to (S256, RFC 7636 §4.2)."""
        return _base64(sha256(self.verifier.encode("ascii")).digest())


def ask(house: Installation, key: str, back: str = "") -> Asked:
    """Begin a way to the provider for the browser whose session key is *key*, which was on the way to *back*."""
    ends = int((house.clock.now() + _WAIT).timestamp())
    return _asked(house.tokens, key, ends, secrets.token_hex(16), back if len(back) <= _LONGEST else "")


def taken_back(house: Installation, key: str, state: str) -> Asked:
    """Return what was asked with *state* by the browser of *key*, once.

    Raises BadInput for a state that is not of this browser, too old, or was taken before.
    """
    found = _STATE.fullmatch(state)
    if found is None or not key:
        raise BadInput(_TOO_OLD)
    ends, now = int(found[1]), house.clock.now()
    asked = _asked(house.tokens, key, ends, found[2], _read(found[3]))
    if not hmac.compare_digest(asked.state, state) or ends < now.timestamp():
        raise BadInput(_TOO_OLD)
    hashed = sha256(state.encode("ascii")).hexdigest()
    with house.engine.begin() as connection:
        if not spend_state(connection, hashed, ends_at=datetime.fromtimestamp(ends, UTC), now=now):
            raise BadInput(_TOO_OLD)
    return asked


def _asked(tokens: Tokens, key: str, ends: int, word: str, back: str) -> Asked:
    verifier = tokens.derive("oidc proof one", key, word) + tokens.derive("oidc proof two", key, word)
    mark, written = tokens.derive("oidc state", key, ends, word, back), _base64(back.encode())
    return Asked(f"{ends}.{word}.{written}.{mark}", back, tokens.derive("oidc nonce", key, word), verifier)


def _base64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _read(written: str) -> str:
    try:
        return urlsafe_b64decode(written + "=" * (-len(written) % 4)).decode()
    except ValueError:
        return ""
