"""Mail servers, as DIGEST_SMTP_URL names them: checked in words, and as values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from pydantic import SecretStr

from digest.settings.urls import LOOPBACK, taken_apart

_SMTP_FORM = (
    "must look like smtp://user:password@host:587 or smtps://user:password@host:465;"
    " a password spells / as %2F, # as %23, ? as %3F and @ as %40"
)
_COUNT = re.compile(r"0*(?:[1-9]|[1-9]\d|1\d\d|200)", re.ASCII)
_RATE = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)/(s|min|h)", re.ASCII)
_SECONDS = {"s": 1, "min": 60, "h": 3600}
_SMTP_WORDS = frozenset({"starttls", "auth", "token_file", "weight", "connections", "rate"})


@dataclass(frozen=True, slots=True)
class Relay:
    """A mail server taken apart from its URL; the password never shows in a repr.

    `xoauth2`: the login is with an access token, which is the password, or else what `token_file` holds.
    `weight`: its share of the connections beside other servers; `connections`: at most so many, 0 for any number;
    `rate`: at most so many messages a second, 0.0 for any number.
    """

    host: str
    port: int
    implicit_tls: bool
    starttls: bool
    username: str = ""
    password: SecretStr = field(default_factory=lambda: SecretStr(""))
    xoauth2: bool = False
    token_file: Path | None = None
    weight: int = 1
    connections: int = 0
    rate: float = 0.0

    @property
    def server(self) -> str:
        """How it is named in the log and to people."""
        return f"{self.host}:{self.port}"


def relays_of(urls: SecretStr) -> tuple[Relay, ...]:
    """Return the servers that a DIGEST_SMTP_URL names, with white space between them; at least one."""
    return tuple(relay_of(SecretStr(url)) for url in urls.get_secret_value().split())


def relay_of(url: SecretStr) -> Relay:
    """Return the server that one URL names; ports default to 587 (smtp) and 465 (smtps)."""
    parts = urlsplit(url.get_secret_value().strip())
    implicit = parts.scheme == "smtps"
    asked = parse_qs(parts.query)
    return Relay(
        host=parts.hostname or "",
        port=parts.port or (465 if implicit else 587),
        implicit_tls=implicit,
        starttls=not implicit and asked.get("starttls", ["always"])[0] == "always",
        username=unquote(parts.username or ""),
        password=SecretStr(unquote(parts.password or "")),
        xoauth2="auth" in asked,
        token_file=Path(asked["token_file"][0]) if "token_file" in asked else None,
        weight=int(asked.get("weight", ["1"])[0]),
        connections=int(asked.get("connections", ["0"])[0]),
        rate=rate_of(asked["rate"][0]) if "rate" in asked else 0.0,
    )


def check_smtp_url(urls: SecretStr) -> SecretStr:
    """Return *urls* when each names a mail server; raises ValueError in words."""
    for url in urls.get_secret_value().split() or [""]:
        _check_one_smtp_url(url)
    return urls


def _check_one_smtp_url(url: str) -> None:
    parts = taken_apart(url, _SMTP_FORM)
    if parts.scheme not in ("smtp", "smtps") or parts.path not in ("", "/"):
        raise ValueError(_SMTP_FORM)
    if parse_qs(parts.query, keep_blank_values=True).keys() - _SMTP_WORDS:
        raise ValueError(f"after the ? may stand {', '.join(sorted(_SMTP_WORDS))}, each with = and a value")
    starttls = parse_qs(parts.query).get("starttls", ["always"])[0]
    if starttls not in ("always", "never"):
        raise ValueError("?starttls= must be 'always' or 'never'")
    if starttls == "never" and parts.hostname not in LOOPBACK:
        raise ValueError("?starttls=never is only for a server on this machine (localhost)")
    _check_login(parts)
    _check_share(parts)


def _check_share(parts: SplitResult) -> None:
    asked = parse_qs(parts.query, keep_blank_values=True)
    for name in ("weight", "connections"):
        if not _COUNT.fullmatch(asked.get(name, ["1"])[0]):
            raise ValueError(f"?{name}= must be a whole number from 1 to 200")
    if "rate" in asked:
        rate_of(asked["rate"][0])


def rate_of(words: str) -> float:
    """Return messages a second of "20/s", "300/min" or "5000/h"; raises ValueError in words."""
    found = _RATE.fullmatch(words)
    if found is None or not (rate := float(found[1]) / _SECONDS[found[2]]):
        raise ValueError("a rate must look like 20/s, 300/min or 5000/h")
    return rate


def group_rates_of(words: str) -> dict[str, float]:
    """Return recipient group -> messages a second of "google=20/s example.org=300/min"; raises ValueError in words."""
    rates = {}
    for each in words.split():
        group, equals, rate = each.partition("=")
        if not (group and equals):
            raise ValueError("must look like google=20/s microsoft=5/s: a provider or a domain, and a rate")
        rates[group.lower()] = rate_of(rate)
    return rates


def check_group_rates(words: str) -> str:
    """Return *words* when they are rates of groups; raises ValueError in words."""
    group_rates_of(words)
    return words


def _check_login(parts: SplitResult) -> None:
    asked = parse_qs(parts.query)
    if asked.get("auth", ["xoauth2"]) != ["xoauth2"]:
        raise ValueError("?auth= must be 'xoauth2', or left out for a login with a password")
    if "token_file" in asked and "auth" not in asked:
        raise ValueError("?token_file= goes with auth=xoauth2")
    if "auth" in asked and not (parts.username and (parts.password or "token_file" in asked)):
        raise ValueError("?auth=xoauth2 needs a user, and a token as the password or the name of a token_file=")
