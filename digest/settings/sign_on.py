"""How staff sign in with a provider of OpenID Connect: the settings DIGEST_OIDC_…, checked in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from digest.settings.urls import LOOPBACK, taken_apart

_ISSUER_FORM = "must be the provider's issuer, like https://login.example.org/realms/staff"
_ROLES_FORM = (
    "must look like admin=digest-admins editor=news-desk: a role (admin, editor, viewer) and what the claim holds;"
    " a blank within is spelled %20"
)
ROLES = ("viewer", "editor", "admin")  #: from the least to the most


@dataclass(frozen=True, slots=True)
class SignOn:
    """One provider: its issuer, who we are to it, what it is asked for.

    `secret` is "" for a client that has none. `claim` names what holds groups, and `roles` which of them has which
    role here; empty, the provider says only who somebody is.
    """

    issuer: str
    client_id: str
    secret: SecretStr = field(default_factory=lambda: SecretStr(""))
    name: str = ""
    scopes: str = "openid email profile"
    claim: str = "groups"
    roles: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What the button names: its name, or the host of the issuer."""
        return (self.name or urlsplit(self.issuer).netloc)[:80]


def check_issuer(url: str) -> str:
    """Return the issuer as it is compared: to the letter (OpenID Connect Core §3.1.3.7); raises ValueError."""
    if not url:
        return url
    parts = taken_apart(url, _ISSUER_FORM)
    if parts.scheme not in ("http", "https") or parts.query or "@" in parts.netloc or not url.isascii():
        raise ValueError(_ISSUER_FORM)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("must be https://; http:// is only for a provider on this machine (localhost)")
    return url


def check_roles(words: str) -> str:
    """Return *words* when they name roles; raises ValueError."""
    roles_of(words)
    return words


def roles_of(words: str) -> dict[str, str]:
    """Return value of the claim -> role of "admin=digest-admins editor=news-desk"; raises ValueError in words."""
    found: dict[str, str] = {}
    for each in words.split():
        role, equals, value = each.partition("=")
        if role not in ROLES or not (equals and value):
            raise ValueError(_ROLES_FORM)
        value = unquote(value)
        found[value] = max(found.get(value, role), role, key=ROLES.index)
    return found
