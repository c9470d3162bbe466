"""The second factor: codes of a phone (TOTP, RFC 6238) and recovery codes on paper, each good for once.

The database holds what the phone's secret is derived from, by a key that it does not hold, and hashes of the codes.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import b32encode
from datetime import timedelta
from hashlib import sha256

from digest.errors import BadInput
from digest.model.staff import User
from digest.pipeline.installation import Installation
from digest.store import users
from digest.store.audit import record
from digest.store.engine import reading
from digest.tokens import Tokens

CODES = 10
_STEP = 30  # seconds
_SEED = 24  # hexadecimal characters
_WAIT = timedelta(minutes=5)  # between the password and the code


def has_second_factor(house: Installation, user: User) -> bool:
    """Whether *user* has one."""
    with reading(house.engine) as connection:
        return users.has_second_factor(connection, user.user_id)


def new_seed(house: Installation) -> str:
    """Return what a new secret is derived from; nothing is kept before `enrol`."""
    return f"{house.tokens.key_id}:{secrets.token_hex(_SEED // 2)}"


def secret_of(house: Installation, user: User, seed: str) -> str:
    """Return the secret that the phone is told, in base 32; raises BadInput when its key is gone."""
    key_id, _, salt = seed.partition(":")
    tokens: Tokens | None = house.tokens.with_key(key_id)
    if tokens is None or len(salt) != _SEED or not salt.isalnum():
        raise BadInput("this second factor cannot be used any more; use a recovery code, or ask an admin")
    both = tokens.derive("totp one", user.user_id, salt) + tokens.derive("totp two", user.user_id, salt)
    return b32encode(bytes.fromhex(both)[:20]).decode()


def phone_address(house: Installation, user: User, seed: str) -> str:
    """Return the otpauth: address that a phone's program reads."""
    import pyotp

    issuer = f"Digest {house.base_url.partition('://')[2]}"
    return pyotp.TOTP(secret_of(house, user, seed)).provisioning_uri(name=user.name, issuer_name=issuer)


def enrol(house: Installation, user: User, seed: str, code: str) -> list[str]:
    """Give *user* the second factor of *seed*, once *code* shows that the phone has it; return the recovery codes."""
    step = _step(house, user, seed, code, 0)
    if step is None:
        raise BadInput("that is not the code that the phone shows now; see that its clock is right")
    codes = [f"{secrets.token_hex(4)}-{secrets.token_hex(4)}" for _ in range(CODES)]
    with house.engine.begin() as connection:
        hashed = [_hashed(each) for each in codes]
        users.set_second_factor(connection, user.user_id, seed, hashed)
        users.use_second_factor(connection, user.user_id, step, hashed)
        record(connection, user.name, "second_factor.on", f"user {user.name}", now=house.clock.now())
    return codes


def drop(house: Installation, user: User, code: str) -> None:
    """Take the second factor of *user* away, once *code* has shown that it is them; raises BadInput."""
    if not check(house, user, code):
        raise BadInput("that is no code of yours, or it was used before")
    with house.engine.begin() as connection:
        users.set_second_factor(connection, user.user_id, "", [])
        record(connection, user.name, "second_factor.off", f"user {user.name}", now=house.clock.now())


def check(house: Installation, user: User, code: str) -> bool:
    """Whether *code* is what the phone shows, or a recovery code; it is used up by that."""
    with house.engine.begin() as connection:
        own = users.second_factor_of(connection, user.user_id)
        if not own.seed:
            return False
        hashed = _hashed(code.strip().lower())
        left = [each for each in own.recovery_codes if not hmac.compare_digest(each, hashed)]
        if len(left) < len(own.recovery_codes):
            users.use_second_factor(connection, user.user_id, own.used_step, left)
            return True
        step = _step(house, user, own.seed, code, own.used_step)
        if step is None:
            return False
        users.use_second_factor(connection, user.user_id, step, own.recovery_codes)
        return True


def ticket(house: Installation, user: User, key: str) -> str:
    """Return what the form for the code carries: who gave the password, in the session *key*, for five minutes."""
    ends = int((house.clock.now() + _WAIT).timestamp())
    return f"{ends}.{_mark(house, user, key, ends)}"


def is_ticket(house: Installation, user: User, key: str, said: str) -> bool:
    """Whether *said* is a ticket of this user and this session that holds."""
    ends, _, mark = said.partition(".")
    if not (ends.isascii() and ends.isdigit() and len(ends) < 12) or int(ends) < house.clock.now().timestamp():
        return False
    return hmac.compare_digest(mark.encode(), _mark(house, user, key, int(ends)).encode())


def _mark(house: Installation, user: User, key: str, ends: int) -> str:
    # Another password makes every ticket void.
    with reading(house.engine) as connection:
        found = users.find_user(connection, user.name)
    return house.tokens.derive("second step", key, user.user_id, found[1] if found else "", ends)


def _step(house: Installation, user: User, seed: str, code: str, used: int) -> int | None:
    """Return the step whose code this is: now, the one before or after, never one that was used."""
    import pyotp

    try:
        phone = pyotp.TOTP(secret_of(house, user, seed))
    except BadInput:
        return None
    now, wanted = int(house.clock.now().timestamp()) // _STEP, code.replace(" ", "").encode()
    good = [step for step in (now - 1, now, now + 1) if hmac.compare_digest(phone.at(step * _STEP).encode(), wanted)]
    return next((step for step in good if step > used), None)


def _hashed(code: str) -> str:
    return sha256(code.encode()).hexdigest()
