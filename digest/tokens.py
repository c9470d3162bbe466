"""Signed ids for links in mails, and the other values that are derived from the secret key.

A token is fixed in width (the splicer relies on it), carries a number and no personal data, is bound to
one purpose, and never expires: a leave link in a mail from years ago must work (RFC 8058 §3.1, CASL
s. 11). A previous key goes on to verify after a rotation, and to make what was begun with it.

The MAC is keyed BLAKE2b (RFC 7693 §2.9). Written here and not taken from itsdangerous because five are made
per message: this costs a microsecond, a serializer twenty; and HMAC through OpenSSL lets go of the
interpreter's lock each time, which stalls the sender whenever another thread is busy.
"""

from __future__ import annotations

import base64
import copy
import hmac
import re
from binascii import b2a_base64
from enum import StrEnum
from hashlib import blake2b

MAC_BYTES = 15  # 120 bits: guessing is hopeless, and the token still fits one quoted-printable line
# The last byte is zero, so each token ends in "A": mail programs leave a "-" or "_" at the end out of a link.
_END = b"\0"
TOKEN_WIDTH = 32  # base64url of 8 bytes of id, the MAC and the end
DERIVED_BYTES = 16
_TOKEN = re.compile(rf"[A-Za-z0-9_-]{{{TOKEN_WIDTH}}}")
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class Purpose(StrEnum):
    """What a token may be used for; a token for one purpose is worthless for another."""

    LEAVE = "leave"  #: a subscription id
    PREFERENCES = "preferences"  #: a subscriber id
    VIEW = "view"  #: a delivery id
    CONFIRM = "confirm"  #: a delivery id: the letter that asked; it lapses with what it asks
    BOUNCE = "bounce"  #: a delivery id, in the envelope sender


class Tokens:
    """Makes and reads tokens with the current key; reads those of the previous key too."""

    def __init__(self, key: str, previous: str = "") -> None:
        if not key:
            raise ValueError("a signing key is needed")
        keys = [_stretched(key), *([_stretched(previous)] if previous else [])]
        self._keys = {_key_id(each): each for each in keys}
        self._use(keys[0])

    def _use(self, key: bytes) -> None:
        self._key, self.key_id = key, _key_id(key)
        self._begun = {each: blake2b(key=key, digest_size=MAC_BYTES, person=each.encode()) for each in Purpose}

    @property
    def key_ids(self) -> frozenset[str]:
        """The ids of the keys there are: the current one, and the previous one if it was given."""
        return frozenset(self._keys)

    def with_key(self, key_id: str) -> Tokens | None:
        """Return what makes and derives with the key of this id, and reads as before; None when it is gone."""
        key = self._keys.get(key_id)
        if key is None:
            return None
        if key_id == self.key_id:
            return self
        chosen = copy.copy(self)
        chosen._use(key)
        return chosen

    def make(self, purpose: Purpose, number: int) -> str:
        """Return the token of *number* (an id from 0 to 2**63-1) for *purpose*: 32 characters, URL-safe.

        The last one is always a letter.
        """
        raw = number.to_bytes(8, "big")
        mac = self._begun[purpose].copy()  # at half the price of beginning anew
        mac.update(raw)
        return b2a_base64(raw + mac.digest() + _END, newline=False).translate(_URL_SAFE).decode("ascii")

    def read(self, purpose: Purpose, token: str) -> int | None:
        """Return the number in *token*, or None when it was not made by us for *purpose*."""
        # The decoder would take other spellings of the same token too ("+" for "-", "=" at the end).
        if not _TOKEN.fullmatch(token):
            return None
        raw = base64.urlsafe_b64decode(token)
        number, mac = raw[:8], raw[8:]
        good = [hmac.compare_digest(mac, self._mac(key, purpose, number)) for key in self._keys.values()]
        return int.from_bytes(number, "big") if any(good) else None

    def derive(self, purpose: str, *parts: object) -> str:
        """Return 32 hexadecimal characters that only these *parts* and our key give.

        One key is used, the current one or that of `with_key`: a value that must survive a rotation (a
        Message-ID) is derived with the key whose id was stored.
        """
        text = "\x1f".join(map(str, parts)).encode()
        return blake2b(text, key=self._key, digest_size=DERIVED_BYTES, person=purpose.encode()).hexdigest()

    @staticmethod
    def _mac(key: bytes, purpose: str, raw: bytes) -> bytes:
        return blake2b(raw, key=key, digest_size=MAC_BYTES, person=purpose.encode()).digest() + _END


def _stretched(key: str) -> bytes:
    """Return the 64 bytes that BLAKE2b takes as a key, for a secret of any length."""
    return blake2b(key.encode(), digest_size=64).digest()


def _key_id(key: bytes) -> str:
    """Return 16 hexadecimal characters that tell this key from others and give nothing of it away.

    It is the MAC of nothing, as one-way as each token in a mail.
    """
    return blake2b(key=key, digest_size=8, person=b"key id").hexdigest()
