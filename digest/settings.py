"""The settings, read once from the environment and `.env`, and handed on as one value.

pydantic-settings reads `.env` through python-dotenv. Everything wrong is reported at once, in words.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from digest.errors import BadEnvFile, SettingsError

LOOPBACK = ("localhost", "127.0.0.1", "::1")


_SMTP_FORM = (
    "must look like smtp://user:password@host:587 or smtps://user:password@host:465;"
    " a password spells / as %2F, # as %23, ? as %3F and @ as %40"
)
_MAILBOX_FORM = "must look like imaps://user:password@host/INBOX or maildir:/path; blanks stand between several"
_BASE_FORM = "must be the address readers reach, like https://news.example.org"
# These go into SMTP commands and links as they are: no blank, no line end, nothing but the plain form.
_HOST = re.compile(r"[0-9a-z](?:[0-9a-z._-]{0,251}[0-9a-z])?|[0-9a-f.]*:[0-9a-f:.]*", re.IGNORECASE | re.ASCII)
_OUR_NAME = re.compile(r"[0-9a-z](?:[0-9a-z.-]{0,251}[0-9a-z])?|\[[0-9a-z:.]+\]", re.IGNORECASE | re.ASCII)
_MAILBOX = re.compile(r"[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f]+@[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f]+")
_LABEL = "[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?"
_LABELS = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
_PEM = re.compile(r"-----BEGIN [A-Z ]+-----\s.+\s-----END [A-Z ]+-----", re.DOTALL)
_COUNT = re.compile(r"0*(?:[1-9]|[1-9]\d|1\d\d|200)", re.ASCII)
_RATE = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)/(s|min|h)", re.ASCII)
_SECONDS = {"s": 1, "min": 60, "h": 3600}
_SMTP_WORDS = frozenset({"starttls", "auth", "token_file", "weight", "connections", "rate"})
_TAG_HEADER = re.compile(r"[Xx]-[A-Za-z0-9-]{1,60}")
_PLAIN = re.compile(r"[\x21-\x7e]*")


def _taken_apart(url: str, form: str) -> SplitResult:
    """Return the parts of *url*; raises ValueError with the *form* it should have, and never with the URL itself."""
    try:
        parts = urlsplit(url)
    except ValueError:
        # The library's own words quote the URL, password and all.
        raise ValueError(form) from None
    if not _HOST.fullmatch(parts.hostname or "") or parts.fragment:
        raise ValueError(form)
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError(f"the port must be a number from 1 to 65535; the setting {form}")
    return parts


def _check_smtp_url(urls: SecretStr) -> SecretStr:
    for url in urls.get_secret_value().split() or [""]:
        _check_one_smtp_url(url)
    return urls


def _check_one_smtp_url(url: str) -> None:
    parts = _taken_apart(url, _SMTP_FORM)
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


def _check_group_rates(words: str) -> str:
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


def _check_base_url(url: str) -> str:
    parts = _taken_apart(url, _BASE_FORM)
    if parts.scheme not in ("http", "https") or parts.query or "@" in parts.netloc or not _PLAIN.fullmatch(url):
        raise ValueError(_BASE_FORM)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("must be https:// (RFC 8058 needs it); http:// is only for localhost")
    return url.rstrip("/")


def _check_secret(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < 32:
        raise ValueError("must have at least 32 characters; make one with: openssl rand -hex 32")
    return secret


def _check_database_url(url: str) -> str:
    if url.startswith(("postgresql://", "postgresql+psycopg://")):
        # The host may be missing: a socket's folder stands in ?host=
        if not re.fullmatch(r"/[^/]+", urlsplit(url).path):
            raise ValueError("must name a database, like postgresql+psycopg://user:password@localhost/digest")
        return url
    path = url.removeprefix("sqlite:///")
    # Without a file everything would be kept in memory, and gone with the process.
    if path == url or not path or path.startswith((":memory:", "?")):
        raise ValueError("must be sqlite:///path/to/file.db or postgresql+psycopg://user:password@host/database")
    return url


def _check_return_path(address: str) -> str:
    if address and not _MAILBOX.fullmatch(address):
        raise ValueError("must be one plain address, like bounces@news.example.org")
    return address


def _check_addresses(addresses: str) -> str:
    if not all(_MAILBOX.fullmatch(each) for each in addresses.split()):
        raise ValueError("must be plain addresses with blanks between them, like ops@example.org")
    return addresses


def _check_tag_header(name: str) -> str:
    if name and not _TAG_HEADER.fullmatch(name):
        raise ValueError("must be the name of a header that begins with X-, like X-PM-Metadata-mail")
    return name


def _check_mailboxes(urls: SecretStr) -> SecretStr:
    for url in urls.get_secret_value().split():
        if url.startswith("maildir:"):
            if not url.removeprefix("maildir:"):
                raise ValueError(_MAILBOX_FORM)
            continue
        parts = _taken_apart(url, _MAILBOX_FORM)
        if parts.scheme not in ("imap", "imaps") or parts.query or not (parts.username and parts.password):
            raise ValueError(_MAILBOX_FORM)
        if parts.scheme == "imap" and parts.hostname not in LOOPBACK:
            raise ValueError("must be imaps://; imap:// is only for a server on this machine (localhost)")
        if not _PLAIN.fullmatch(unquote(parts.path).replace(" ", "")) or '"' in unquote(parts.path):
            raise ValueError("a folder's name must be plain letters and digits; " + _MAILBOX_FORM)
    return urls


def _check_helo_name(name: str) -> str:
    if name and not _OUR_NAME.fullmatch(name):
        raise ValueError("must be this machine's host name, like mail.example.org, or an address like [192.0.2.1]")
    return name


def _check_labels(name: str) -> str:
    if name and not _LABELS.fullmatch(name):
        raise ValueError("must be letters, digits, hyphens and dots, like d2026 or news.example.org")
    return name


def _check_key(key: SecretStr) -> SecretStr:
    # Where a setting can be one line only, line ends are spelled.
    text = key.get_secret_value().replace("\\n", "\n").strip()
    if text and not _PEM.fullmatch(text):
        raise ValueError(
            "must be a private key in PEM, from -----BEGIN to its END line, line ends spelled \\n;"
            " for the name of a file there is the setting that ends in _KEY_FILE"
        )
    return SecretStr(text)


def _check_summary_url(url: str) -> str:
    if not url:
        return url
    form = "must be the base URL of an OpenAI-compatible server, like https://llm.example.org/v1"
    parts = _taken_apart(url, form)
    if parts.scheme not in ("http", "https") or parts.query or "@" in parts.netloc or not _PLAIN.fullmatch(url):
        raise ValueError(form)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("must be https://; http:// is only for a server on this machine (localhost)")
    return url.rstrip("/")


def _check_templates(folder: Path) -> Path:
    if not (folder / "email").is_dir() or not (folder / "web").is_dir():
        raise ValueError(f"must be a folder with the folders email and web in it; {folder} is not")
    return folder


class Settings(BaseSettings):
    """Everything an installation can set; `.env.example` explains each."""

    model_config = SettingsConfigDict(env_prefix="DIGEST_", env_ignore_empty=True, extra="ignore")

    database_url: Annotated[str, AfterValidator(_check_database_url)] = "sqlite:///var/digest.db"
    smtp_url: Annotated[SecretStr, AfterValidator(_check_smtp_url)] | None = None
    base_url: Annotated[str, AfterValidator(_check_base_url)] | None = None
    secret_key: Annotated[SecretStr, AfterValidator(_check_secret)] | None = None
    secret_key_previous: SecretStr = SecretStr("")
    postal_address: str = ""
    return_path: Annotated[str, AfterValidator(_check_return_path)] = ""
    tag_header: Annotated[str, AfterValidator(_check_tag_header)] = ""
    bounce_mailbox: Annotated[SecretStr, AfterValidator(_check_mailboxes)] = SecretStr("")
    smtp_connections: Annotated[int, Field(ge=1, le=200)] = 10
    group_rates: Annotated[str, AfterValidator(_check_group_rates)] = ""
    warm_up_from: date | None = None
    keep_log_days: Annotated[int, Field(ge=90, le=36_500)] | None = None
    helo_name: Annotated[str, AfterValidator(_check_helo_name)] = ""
    dkim_domain: Annotated[str, AfterValidator(_check_labels)] = ""
    dkim_selector: Annotated[str, AfterValidator(_check_labels)] = ""
    dkim_key: Annotated[SecretStr, AfterValidator(_check_key)] = SecretStr("")
    dkim_key_file: Path | None = None
    dkim_ed25519_selector: Annotated[str, AfterValidator(_check_labels)] = ""
    dkim_ed25519_key: Annotated[SecretStr, AfterValidator(_check_key)] = SecretStr("")
    dkim_ed25519_key_file: Path | None = None
    fetch_private_addresses: bool = False
    hook_ses: str = ""
    hook_sendgrid: str = ""
    hook_mailgun: SecretStr = SecretStr("")
    hook_postmark: SecretStr = SecretStr("")
    hook_brevo: SecretStr = SecretStr("")
    webhook_private_addresses: bool = False
    alerts_to: Annotated[str, AfterValidator(_check_addresses)] = ""
    summary_url: Annotated[str, AfterValidator(_check_summary_url)] = ""
    summary_model: str = ""
    summary_key: SecretStr = SecretStr("")
    summary_timeout: Annotated[float, Field(gt=0, le=300)] = 20.0
    templates_dir: Annotated[Path, AfterValidator(_check_templates)] | None = None


_WHAT_FOR = {
    "smtp_url": "the mail server, like smtp://user:password@mail.example.org:587",
    "base_url": "the address of this installation that readers reach, like https://news.example.org",
    "secret_key": "at least 32 random characters that sign links; make them with: openssl rand -hex 32",
}
# What the library would say is no sentence for people.
_IN_WORDS = {
    "smtp_connections": "must be a whole number from 1 to 200",
    "fetch_private_addresses": "must be true or false",
    "webhook_private_addresses": "must be true or false",
    "warm_up_from": "must be the first day of sending, like 2026-12-01",
    "keep_log_days": "must be a whole number of days, at least 90; empty: until a reader is erased",
    "summary_timeout": "must be a number of seconds, at most 300",
}
SENDING = ("smtp_url", "base_url", "secret_key")  #: what a command that sends cannot do without
COMPOSING = ("base_url", "secret_key")  #: what a command that makes links cannot do without


def read_settings(*, needs: Sequence[str] = (), env_file: Path | str | None = ".env") -> Settings:
    """Return the settings from the environment and *env_file*; those named in *needs* must be set.

    Raises BadEnvFile that lists the lines of *env_file* that are no settings, SettingsError that lists every wrong
    or missing setting in words. A secret's value is never part of the text.
    """
    problems: list[str] = []
    wrong_names: set[str] = set()
    settings: Settings | None = None
    try:
        _require_lines(env_file)
        settings = Settings(_env_file=env_file)  # type: ignore[call-arg]  # pydantic-settings reads the rest
    except ValidationError as wrong:
        for error in wrong.errors(include_input=False, include_url=False):
            name = str(error["loc"][0]) if error["loc"] else ""
            wrong_names.add(name)
            words = _IN_WORDS.get(name) or error["msg"].removeprefix("Value error, ")
            problems.append(f"DIGEST_{name.upper()} {words}")
    except (OSError, UnicodeDecodeError) as wrong:
        why = wrong.strerror if isinstance(wrong, OSError) else "it is not UTF-8 text"
        raise SettingsError([f"{env_file} cannot be read: {why}"]) from None
    given = settings or _readable(env_file, wrong_names)
    problems += [
        f"DIGEST_{name.upper()} is not set: {_WHAT_FOR[name]}"
        for name in needs
        if name not in wrong_names and getattr(given, name) is None
    ]
    if settings is None or problems:
        raise SettingsError(problems)
    return settings


def _require_lines(env_file: Path | str | None) -> None:
    """Raise BadEnvFile for lines that are no settings, which the library would only log and pass by."""
    if not env_file or not Path(env_file).exists():
        return
    with Path(env_file).open(encoding="utf-8") as lines:
        # A line may be half a secret, so it is named and not quoted. Blank lines before it are counted in.
        wrong = [
            each.original.line + len(each.original.string) - len(each.original.string.lstrip("\n"))
            for each in parse_stream(lines)
            if each.error or (each.key is not None and each.value is None)
        ]
    if wrong:
        raise BadEnvFile([f"{env_file}: line {line} is not NAME=value; correct it or delete it" for line in wrong])


def _readable(env_file: Path | str | None, wrong_names: set[str]) -> object:
    """Return what is set at all, unchecked, so that missing settings are told beside wrong ones."""
    from_file = dotenv_values(env_file) if env_file else {}
    set_names = {name.upper() for name, value in [*from_file.items(), *os.environ.items()] if value}
    return SimpleNamespace(
        **{
            name: f"DIGEST_{name.upper()}" in set_names or None
            for name in Settings.model_fields
            if name not in wrong_names
        }
    )


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


def new_secret() -> str:
    """Return a fresh secret for DIGEST_SECRET_KEY: 64 hexadecimal characters."""
    return secrets.token_hex(32)
