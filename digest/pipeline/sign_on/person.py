"""Who a provider says somebody is, in an ID token that only it can have made, for us, for this very question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from digest.errors import BadInput

#: Signatures that only the provider can make; "none" and shared secrets are not among them (RFC 8725 §3.1).
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
_LEEWAY = 60  # seconds that clocks may differ
_LONGEST = 64_000  # characters
_REFUSED = "what the sign-in provider sent cannot be trusted"


class UnknownKey(BadInput):
    """An ID token whose signature none of the known keys made; the provider may have new ones."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who it is: the provider's own name for them, for good; their address, "" unless it is verified; their groups."""

    subject: str
    email: str = ""
    groups: tuple[str, ...] = ()


def claims_of(token: str, keys: KeySet, *, issuer: str, client_id: str, nonce: str, now: datetime) -> Mapping[str, Any]:
    """Return what an ID token says, checked as OpenID Connect Core §3.1.3.7 asks.

    Raises UnknownKey for a signature of nobody we know, BadInput for everything else that is not as it must be.
    """
    try:
        read = jwt.decode(token[:_LONGEST], keys, algorithms=list(ALGORITHMS))
    except (JoseError, ValueError) as error:
        raise UnknownKey(f"{_REFUSED}: its signature is not the provider's ({type(error).__name__})") from None
    rules = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=_LEEWAY,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client_id},
        nonce={"essential": True, "value": nonce},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
    )
    claims = read.claims
    try:
        rules.validate(claims)
    except (JoseError, TypeError, ValueError) as error:
        raise BadInput(f"{_REFUSED}: {error}") from None
    others = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", client_id) != client_id or (others and "azp" not in claims):
        raise BadInput(f"{_REFUSED}: it was made for somebody else")
    return claims


def person_of(claims: Mapping[str, Any], claim: str) -> Person:
    """Return who *claims* speak of, with the groups that *claim* holds (a name, or names with dots between).

    Raises BadInput when they do not say who it is.
    """
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise BadInput(f"{_REFUSED}: it does not say who you are")
    email = claims.get("email")
    # Some providers write the words of JSON as text.
    verified = claims.get("email_verified") in (True, "true") and isinstance(email, str)
    return Person(subject, str(email).strip().casefold() if verified else "", _groups(claims, claim))


def _groups(claims: Mapping[str, Any], claim: str) -> tuple[str, ...]:
    found: Any = claims.get(claim)
    if found is None:
        found = claims
        for name in claim.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
    several = found if isinstance(found, list) else [found]
    return tuple(each for each in several if isinstance(each, str))
