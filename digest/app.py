"""The one place that builds everything from the settings; faces call these, tests hand in their own parts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from digest.clock import Clock, SystemClock
from digest.enrichment.summary import Summariser, summarise
from digest.errors import DatabaseFailed, NotFound, SettingsError
from digest.pipeline.installation import Installation
from digest.settings import COMPOSING, Settings
from digest.settings.relay import Relay, group_rates_of, relays_of
from digest.settings.sign_on import SignOn, roles_of
from digest.shipped import shipped_folder
from digest.store.clock import DatabaseClock
from digest.store.engine import open_engine
from digest.store.migrate import require_current
from digest.tokens import Tokens

if TYPE_CHECKING:
    from digest.delivery.dkim import Signers
    from digest.pipeline.delivering.dispatch import Sending
    from digest.pipeline.hearing.hear_provider import Hooks

FIRST_CONTACT = 10.0  # seconds


def open_database(settings: Settings, *, make: bool = False) -> Engine:
    """Return the engine of the configured database.

    A file that is missing is made only when *make* says that something is about to come in, and its folder is there
    (or would be new in the current folder, like "var"): elsewhere the name may be mistyped.

    Raises NotFound when there is none, DatabaseFailed when it cannot be opened or belongs to another release,
    DatabaseBusy when another process keeps it.
    """
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite":
        path = Path(url.database or "")
        if not (make and not path.exists() and _is_likely(path.parent)):
            _require_file(path)
    engine = open_engine(settings.database_url)
    require_current(engine)
    return engine


def open_database_to_look(settings: Settings) -> Engine:
    """Return the engine of the configured database, which is neither made nor changed; raises NotFound for none."""
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite":
        _require_file(Path(url.database or ""))
    return open_engine(settings.database_url)


def _is_likely(folder: Path) -> bool:
    return folder.is_dir() or (not folder.is_absolute() and len(folder.parts) == 1)


def _require_file(path: Path) -> None:
    try:
        # One that `digest init` did not come to fill is none either.
        missing = path.is_file() and not path.stat().st_size if path.exists() else True
    except OSError as error:
        raise DatabaseFailed(f"the database {path} cannot be opened: {error.strerror}") from None
    if missing:
        raise NotFound(f"no database at {path}; run: digest init (DIGEST_DATABASE_URL names the file)")


def open_installation(settings: Settings, *, clock: Clock | None = None, engine: Engine | None = None) -> Installation:
    """Return the installation that *settings* describe; raises SettingsError when they are not enough."""
    if settings.base_url is None or settings.secret_key is None:
        raise SettingsError([f"DIGEST_{name.upper()} is not set" for name in COMPOSING if not getattr(settings, name)])
    secret, previous = settings.secret_key.get_secret_value(), settings.secret_key_previous.get_secret_value()
    engine = engine or open_database(settings)
    return Installation(
        engine=engine,
        clock=clock or (SystemClock() if engine.dialect.name == "sqlite" else DatabaseClock(engine)),
        tokens=Tokens(secret, previous),
        secret=secret,
        base_url=settings.base_url,
        templates=settings.templates_dir or shipped_folder("templates"),
        state_folder=state_folder(settings),
        return_path=settings.return_path,
        tag_header=settings.tag_header,
        previous_secret=previous,
        signers=signers(settings),
        keep_log=timedelta(days=settings.keep_log_days) if settings.keep_log_days else None,
        summarise=summariser(settings, clock or SystemClock()),
        relays=relays_of(settings.smtp_url) if settings.smtp_url is not None else (),
        helo=settings.helo_name,
        fetches_private=settings.fetch_private_addresses,
        sign_on=sign_on(settings),
    )


def sign_on(settings: Settings) -> SignOn | None:
    """Return the provider that staff sign in with, None for none; raises SettingsError when it cannot be used."""
    if not settings.oidc_issuer:
        return None
    if not settings.oidc_client_id:
        raise SettingsError(["DIGEST_OIDC_CLIENT_ID is not set: the provider calls this installation by it"])
    if find_spec("joserfc") is None or find_spec("httpx") is None:
        raise SettingsError(["DIGEST_OIDC_… needs the extra: pip install 'digest-sender[oidc]'"])
    return SignOn(
        settings.oidc_issuer,
        settings.oidc_client_id,
        settings.oidc_client_secret,
        name=settings.oidc_name,
        scopes=settings.oidc_scopes,
        claim=settings.oidc_claim,
        roles=roles_of(settings.oidc_roles),
    )


def summariser(settings: Settings, clock: Clock) -> Summariser:
    """Return who writes summaries: a language model when one is set; raises SettingsError when it cannot be used."""
    if not settings.summary_url:
        return summarise
    if not settings.summary_model:
        raise SettingsError(["DIGEST_SUMMARY_MODEL is not set: DIGEST_SUMMARY_URL needs the name of a model beside it"])
    try:
        from digest.enrichment.language_model import LanguageModel
        from digest.pipeline.collecting.summaries import ModelSummaries
    except ModuleNotFoundError:
        raise SettingsError(["DIGEST_SUMMARY_… needs the extra: pip install 'digest-sender[ingest]'"]) from None
    key = settings.summary_key.get_secret_value()
    model = LanguageModel(settings.summary_url, settings.summary_model, key, settings.summary_timeout)
    return ModelSummaries(model, state_folder(settings) / "summaries", clock)


def signers(settings: Settings) -> Signers | None:
    """Return those who sign mails, None when no key is set; raises SettingsError when the keys cannot be used."""
    names = [name for name in Settings.model_fields if name.startswith("dkim_")]
    if all(getattr(settings, name) == Settings.model_fields[name].default for name in names):
        return None
    try:
        from digest.delivery.dkim_keys import load_signers
    except ModuleNotFoundError:
        raise SettingsError(["DIGEST_DKIM_… needs the extra: pip install 'digest-sender[dkim]'"]) from None
    return load_signers(settings)


def hooks(settings: Settings) -> Hooks:
    """Return by what webhooks of sending services are known."""
    from digest.collection.fetch import fetch
    from digest.pipeline.hearing.hear_provider import Hooks

    return Hooks(
        ses=tuple(settings.hook_ses.split()),
        sendgrid=settings.hook_sendgrid,
        mailgun=settings.hook_mailgun.get_secret_value(),
        postmark=settings.hook_postmark.get_secret_value(),
        brevo=settings.hook_brevo.get_secret_value(),
        fetch=lambda url: fetch(url).body,
    )


def relay(settings: Settings) -> Relay:
    """Return the mail server of DIGEST_SMTP_URL, the first of several; raises SettingsError when it is not set."""
    return relays(settings)[0]


def relays(settings: Settings) -> tuple[Relay, ...]:
    """Return the mail servers of DIGEST_SMTP_URL; raises SettingsError when it is not set."""
    if settings.smtp_url is None:
        raise SettingsError(["DIGEST_SMTP_URL is not set; write it into .env (.env.example shows how)"])
    return relays_of(settings.smtp_url)


def state_folder(settings: Settings) -> Path:
    """Return the folder where journals and locks live: beside an SQLite file; for PostgreSQL in `var`, by its name."""
    url = make_url(settings.database_url)
    return Path(f"{url.database}.state" if url.get_backend_name() == "sqlite" else f"var/{url.database}.state")


def sending(settings: Settings, *, somebody_waits: bool = False) -> Sending:
    """Return how to send: the server, the connections, the name we give it in EHLO.

    When *somebody_waits* for the end, a server that was never reached is given up after some ten seconds.
    """
    # Commands that only look into the database need neither templates nor SMTP, which take a second to load.
    from digest.delivery.connection import Timeouts
    from digest.delivery.groups import grouping, load_providers
    from digest.delivery.pool import Patience
    from digest.delivery.throttle import Throttle
    from digest.pipeline.delivering.dispatch import Sending

    first, *others = relays(settings)
    how = Sending(
        first,
        connections=settings.smtp_connections,
        helo=settings.helo_name,
        throttle=Throttle(grouping(load_providers()), group_rates_of(settings.group_rates)),
        others=tuple(others),
        warm_up_from=settings.warm_up_from,
    )
    if not somebody_waits:
        return how
    # A server that takes the connection is there, and may ask slow name servers about us before it says so.
    timeouts = Timeouts(connect=FIRST_CONTACT, greeting=3 * FIRST_CONTACT)
    return replace(how, timeouts=timeouts, patience=Patience(first_contact=FIRST_CONTACT))
