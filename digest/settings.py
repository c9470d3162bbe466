"""The settings, read once from the environment and `.env`, and handed on as one value.

pydantic-settings reads `.env` through python-dotenv. Everything wrong is reported at once, in words.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated
from urllib.parse import parse_qs, unquote, urlsplit

from dotenv import dotenv_values
from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from digest.errors import SettingsError

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def _check_smtp_url(url: SecretStr) -> SecretStr:
    parts = urlsplit(url.get_secret_value())
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("must look like smtp://user:password@host:587 or smtps://user:password@host:465")
    starttls = parse_qs(parts.query).get("starttls", ["always"])[0]
    if starttls not in ("always", "never"):
        raise ValueError("?starttls= must be 'always' or 'never'")
    if starttls == "never" and parts.hostname not in LOOPBACK:
        raise ValueError("?starttls=never is only for a server on this machine (localhost)")
    try:
        port = parts.port
    except ValueError:
        raise ValueError("the port must be a number from 1 to 65535") from None
    if port == 0:
        raise ValueError("the port must be a number from 1 to 65535")
    return url


def _check_base_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be the address readers reach, like https://news.example.org")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("must be https:// (RFC 8058 needs it); http:// is only for localhost")
    return url.rstrip("/")


def _check_secret(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < 32:
        raise ValueError("must have at least 32 characters; make one with: openssl rand -hex 32")
    return secret


def _check_database_url(url: str) -> str:
    if not url.startswith("sqlite:///"):
        raise ValueError("must be sqlite:///path/to/file.db")
    return url


class Settings(BaseSettings):
    """Everything an installation can set; `.env.example` explains each."""

    model_config = SettingsConfigDict(env_prefix="DIGEST_", env_ignore_empty=True, extra="ignore")

    database_url: Annotated[str, AfterValidator(_check_database_url)] = "sqlite:///var/digest.db"
    smtp_url: Annotated[SecretStr, AfterValidator(_check_smtp_url)] | None = None
    base_url: Annotated[str, AfterValidator(_check_base_url)] | None = None
    secret_key: Annotated[SecretStr, AfterValidator(_check_secret)] | None = None
    secret_key_previous: SecretStr = SecretStr("")
    postal_address: str = ""
    return_path: str = ""
    smtp_connections: Annotated[int, Field(ge=1, le=200)] = 10
    helo_name: str = ""
    fetch_private_addresses: bool = False
    templates_dir: Path | None = None


_WHAT_FOR = {
    "smtp_url": "the mail server, like smtp://user:password@mail.example.org:587",
    "base_url": "the address of this installation that readers reach, like https://news.example.org",
    "secret_key": "at least 32 random characters that sign links; make them with: openssl rand -hex 32",
}
SENDING = ("smtp_url", "base_url", "secret_key")  #: what a command that sends cannot do without
COMPOSING = ("base_url", "secret_key")  #: what a command that makes links cannot do without


def read_settings(*, needs: Sequence[str] = (), env_file: Path | str | None = ".env") -> Settings:
    """Return the settings from the environment and *env_file*; those named in *needs* must be set.

    Raises SettingsError that lists every wrong or missing setting in words. A secret's value is never part
    of the text.
    """
    problems: list[str] = []
    wrong_names: set[str] = set()
    settings: Settings | None = None
    try:
        settings = Settings(_env_file=env_file)  # type: ignore[call-arg]  # pydantic-settings reads the rest
    except ValidationError as wrong:
        for error in wrong.errors(include_input=False, include_url=False):
            name = str(error["loc"][0]) if error["loc"] else ""
            wrong_names.add(name)
            problems.append(f"DIGEST_{name.upper()} {error['msg'].removeprefix('Value error, ')}")
    given = settings or _readable(env_file, wrong_names)
    problems += [
        f"DIGEST_{name.upper()} is not set: {_WHAT_FOR[name]}"
        for name in needs
        if name not in wrong_names and getattr(given, name) is None
    ]
    if settings is None or problems:
        raise SettingsError(problems)
    return settings


def _readable(env_file: Path | str | None, wrong_names: set[str]) -> object:
    """Return what is set at all, unchecked, so that missing settings are told beside wrong ones."""
    from_file = dotenv_values(env_file) if env_file else {}
    names = {**from_file, **os.environ}
    set_names = {name.upper() for name, value in names.items() if value}
    return SimpleNamespace(
        **{
            name: f"DIGEST_{name.upper()}" in set_names or None
            for name in Settings.model_fields
            if name not in wrong_names
        }
    )


@dataclass(frozen=True, slots=True)
class Relay:
    """A mail server taken apart from its URL; the password never shows in a repr."""

    host: str
    port: int
    implicit_tls: bool
    starttls: bool
    username: str = ""
    password: SecretStr = field(default_factory=lambda: SecretStr(""))


def relay_of(url: SecretStr) -> Relay:
    """Return the server that a DIGEST_SMTP_URL names; ports default to 587 (smtp) and 465 (smtps)."""
    parts = urlsplit(url.get_secret_value())
    implicit = parts.scheme == "smtps"
    starttls = parse_qs(parts.query).get("starttls", ["always"])[0]
    return Relay(
        host=parts.hostname or "",
        port=parts.port or (465 if implicit else 587),
        implicit_tls=implicit,
        starttls=not implicit and starttls == "always",
        username=unquote(parts.username or ""),
        password=SecretStr(unquote(parts.password or "")),
    )


def new_secret() -> str:
    """Return a fresh secret for DIGEST_SECRET_KEY: 64 hexadecimal characters."""
    return secrets.token_hex(32)
