"""The settings, read once from the environment and `.env`, and handed on as one value.

pydantic-settings reads `.env` through python-dotenv. Everything wrong is reported at once, in words.
"""

from __future__ import annotations

import difflib
import os
import secrets
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from digest.errors import BadEnvFile, SettingsError
from digest.settings.relay import check_group_rates, check_smtp_url
from digest.settings.sign_on import check_issuer, check_roles
from digest.settings.values import (
    check_addresses,
    check_base_url,
    check_database_url,
    check_helo_name,
    check_key,
    check_labels,
    check_mailboxes,
    check_return_path,
    check_secret,
    check_summary_url,
    check_tag_header,
    check_templates,
)


class Settings(BaseSettings):
    """Everything an installation can set; `.env.example` explains each."""

    model_config = SettingsConfigDict(env_prefix="DIGEST_", env_ignore_empty=True, extra="ignore")

    database_url: Annotated[str, AfterValidator(check_database_url)] = "sqlite:///var/digest.db"
    smtp_url: Annotated[SecretStr, AfterValidator(check_smtp_url)] | None = None
    base_url: Annotated[str, AfterValidator(check_base_url)] | None = None
    secret_key: Annotated[SecretStr, AfterValidator(check_secret)] | None = None
    secret_key_previous: SecretStr = SecretStr("")
    postal_address: str = ""
    return_path: Annotated[str, AfterValidator(check_return_path)] = ""
    tag_header: Annotated[str, AfterValidator(check_tag_header)] = ""
    bounce_mailbox: Annotated[SecretStr, AfterValidator(check_mailboxes)] = SecretStr("")
    smtp_connections: Annotated[int, Field(ge=1, le=200)] = 10
    group_rates: Annotated[str, AfterValidator(check_group_rates)] = ""
    warm_up_from: date | None = None
    keep_log_days: Annotated[int, Field(ge=90, le=36_500)] | None = None
    helo_name: Annotated[str, AfterValidator(check_helo_name)] = ""
    dkim_domain: Annotated[str, AfterValidator(check_labels)] = ""
    dkim_selector: Annotated[str, AfterValidator(check_labels)] = ""
    dkim_key: Annotated[SecretStr, AfterValidator(check_key)] = SecretStr("")
    dkim_key_file: Path | None = None
    dkim_ed25519_selector: Annotated[str, AfterValidator(check_labels)] = ""
    dkim_ed25519_key: Annotated[SecretStr, AfterValidator(check_key)] = SecretStr("")
    dkim_ed25519_key_file: Path | None = None
    fetch_private_addresses: bool = False
    hook_ses: str = ""
    hook_sendgrid: str = ""
    hook_mailgun: SecretStr = SecretStr("")
    hook_postmark: SecretStr = SecretStr("")
    hook_brevo: SecretStr = SecretStr("")
    webhook_private_addresses: bool = False
    alerts_to: Annotated[str, AfterValidator(check_addresses)] = ""
    summary_url: Annotated[str, AfterValidator(check_summary_url)] = ""
    summary_model: str = ""
    summary_key: SecretStr = SecretStr("")
    summary_timeout: Annotated[float, Field(gt=0, le=300)] = 20.0
    oidc_issuer: Annotated[str, AfterValidator(check_issuer)] = ""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_name: str = ""
    oidc_scopes: str = "openid email profile"
    oidc_claim: str = "groups"
    oidc_roles: Annotated[str, AfterValidator(check_roles)] = ""
    templates_dir: Annotated[Path, AfterValidator(check_templates)] | None = None


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
        raise SettingsError([*problems, *unknown_settings(env_file)])
    return settings


def unknown_settings(env_file: Path | str | None = ".env") -> list[str]:
    """Return, in words, the names in *env_file* that look like settings and are none.

    They are no errors: the file may serve another version. The environment is not looked at; scripts have names there.
    """
    known = [f"DIGEST_{name.upper()}" for name in Settings.model_fields]
    names = [
        name.upper() for name in (dotenv_values(env_file) if env_file else {}) if name.upper().startswith("DIGEST_")
    ]
    return [f"{name} in {env_file} is no setting{_meant(name, known)}" for name in names if name not in known]


def _meant(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]}?" if near else "; .env.example has all there are"


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


def new_secret() -> str:
    """Return a fresh secret for DIGEST_SECRET_KEY: 64 hexadecimal characters."""
    return secrets.token_hex(32)
