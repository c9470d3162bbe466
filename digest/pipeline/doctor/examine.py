"""All checks of an installation, in order; what comes from outside comes in as arguments."""

from __future__ import annotations

import ssl
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from digest.clock import Clock
from digest.delivery.names import Resolver
from digest.delivery.way_out import NotReached
from digest.errors import DigestError, FetchRefused
from digest.model.newsletter import Newsletter
from digest.pipeline.doctor import machine
from digest.pipeline.doctor.coming_back import WaysIn, ways_in, webhook_checks
from digest.pipeline.doctor.database import database
from digest.pipeline.doctor.mail_server import mail_server
from digest.pipeline.doctor.sender import Published, is_made_up, sender_checks
from digest.pipeline.doctor.verdict import Check, Line, fail, guarded, ok, together, warn
from digest.rendering.check import check_template
from digest.rendering.headers import ascii_address
from digest.rendering.lint.wording import is_no_reply
from digest.rendering.templates import Edited
from digest.settings.relay import Relay
from digest.settings.urls import LOOPBACK
from digest.store.cadences import zones_in_use
from digest.store.engine import reading
from digest.store.newsletters import load_newsletters
from digest.store.template_versions import published_mails

SECONDS = 5.0  #: that each look at the network may take
_UNKNOWN = "A" * 32  # a token that nobody has; such a POST is answered as any other, and changes nothing
_ONE_CLICK = b"List-Unsubscribe=One-Click"

Post = Callable[[str, bytes, float], int]


@dataclass(frozen=True)
class Patient:
    """An installation as far as it could be put together; None is what its settings do not give."""

    clock: Clock
    files: Sequence[tuple[str, Path]]
    problems: Sequence[str] = ()
    unknown: Sequence[str] = ()  #: settings that are none
    secret: str = ""
    previous_secret: str = ""
    base_url: str = ""
    templates: Path | None = None
    engine: Engine | None = None
    no_engine: str = ""  #: why there is none
    relays: Sequence[Relay] = ()
    helo: str = ""
    return_path: str = ""
    ways_in: WaysIn | None = None
    provider: Callable[[], str] | None = None  #: asks the sign-in provider who it is; raises FetchRefused
    keys: Sequence[tuple[str, Callable[[str], str], str]] = ()  #: d= ("" the sender's), its name by domain, its record


@dataclass(frozen=True)
class Instruments:
    """What reaches the network: None, and it is said that nobody looked."""

    resolver: Resolver | None = None
    no_resolver: str = "not looked up: --offline"
    post: Post | None = None
    asks_servers: bool = True
    tls: ssl.SSLContext | None = None
    seconds: float = SECONDS


def examine(patient: Patient, instruments: Instruments) -> Iterator[Line]:
    """Give a line for everything that was looked at. Never raises; each look at the network has its time limit."""
    yield from _settings(patient)
    if patient.secret:
        yield from guarded("secret key", partial(machine.secret, patient.secret, patient.previous_secret))
    yield from guarded("permissions", partial(machine.permissions, patient.files))
    yield from guarded("python", partial(machine.python, sys.version_info[:3]))
    yield from guarded("clock", lambda: machine.clock(patient.clock.now()))
    newsletters: dict[str, Newsletter] = {}
    if patient.engine is None:
        yield _no_database(patient.no_engine)
    else:
        engine = patient.engine
        yield from guarded("database", lambda: database(engine, patient.clock.now()))
        yield from guarded("newsletters", lambda: _read_newsletters(engine, newsletters))
    used = {each.schedule.zone for each in newsletters.values() if each.schedule.zone}
    yield from guarded("time zones", lambda: machine.zones(used | _zones_in_use(patient.engine)))
    if patient.templates is not None:
        used = {"digest", *(each.template for each in newsletters.values())}
        yield from guarded(
            "templates", partial(_templates, patient.templates / "email", sorted(used), _published(patient.engine))
        )
    yield from _base_url(patient)
    if patient.ways_in is not None:
        yield from guarded("coming back", partial(ways_in, patient.ways_in))
    yield from together(_network(patient, instruments, newsletters), instruments.seconds)


def _zones_in_use(engine: Engine | None) -> set[str]:
    if engine is None:
        return set()
    try:
        with reading(engine) as connection:
            return zones_in_use(connection)
    except (DigestError, SQLAlchemyError):  # which the look at the database has told
        return set()


def _no_database(why: str) -> Line:
    if not why:
        return warn("database", "not looked at: where it is, the settings do not say", "correct them first")
    what, _, remedy = why.partition("; ")
    return fail("database", what, remedy or "see DIGEST_DATABASE_URL")


def _settings(patient: Patient) -> Iterator[Line]:
    for problem in patient.problems:
        yield fail("settings", problem, "correct it in .env or the environment; .env.example explains each")
    for name in patient.unknown:
        yield warn("settings", name, "correct its name, or delete the line")
    if not patient.problems:
        yield ok("settings", "all that sending needs is set")


def _read_newsletters(engine: Engine, found: dict[str, Newsletter]) -> Iterator[Line]:
    with reading(engine) as connection:
        found.update(load_newsletters(connection))
    if not found:
        yield warn("newsletters", "there is none", "run: digest newsletters apply FILE.toml")
    for slug, each in found.items():
        for address in filter(None, (each.sender.reply_to or each.sender.address,)):
            if is_no_reply(address.partition("@")[0]):
                how = "use a mailbox that somebody reads, or give the sender a reply_to"
                yield warn("newsletters", f"{slug}: nobody reads answers to {address}", how)
        if not each.postal_address.strip():
            yield fail(
                "newsletters", f"{slug} has no postal address", "set postal_address; the law wants one in each mail"
            )
    if found:
        yield ok("newsletters", ", ".join(found))


def _published(engine: Engine | None) -> Edited:
    if engine is None:
        return {}
    try:
        with reading(engine) as connection:
            return published_mails(connection)
    except (DigestError, SQLAlchemyError):  # which the look at the database has told
        return {}


def _templates(folder: Path, names: Sequence[str], edited: Edited) -> Iterator[Line]:
    for name in names:
        problems = check_template(folder, name, edited=edited)
        for problem in problems:
            yield fail("templates", f"{name}: {problem}", "correct the template; docs/templates.md says how it is made")
        if not problems:
            yield ok("templates", f"{name} can be used")


def _base_url(patient: Patient) -> Iterator[Line]:
    if patient.base_url.startswith("https://"):
        yield ok("base url", f"{patient.base_url} is https")
    elif patient.base_url:
        how = "set DIGEST_BASE_URL to the https address that readers reach, before real readers get mail"
        yield warn("base url", f"{patient.base_url} is for this machine only", how)


def _network(
    patient: Patient, instruments: Instruments, newsletters: Mapping[str, Newsletter]
) -> Iterator[tuple[str, Check]]:
    step = 0.8 * instruments.seconds  # so that a check ends by itself, and says how far it came
    if patient.base_url and instruments.post is not None:
        yield "one click", partial(_one_click, instruments.post, patient.base_url, step)
        if patient.ways_in is not None:
            yield from webhook_checks(patient.ways_in, patient.base_url, instruments.post, step)
    for relay in patient.relays if instruments.asks_servers else ():
        look = partial(mail_server, relay, clock=patient.clock, helo=patient.helo, seconds=step, tls=instruments.tls)
        yield f"smtp {relay.server}", look
    if patient.provider is not None and instruments.asks_servers:
        yield "sign-in provider", partial(_provider, patient.provider)
    yield from _names(patient, instruments, newsletters)


def _provider(look: Callable[[], str]) -> Iterator[Line]:
    try:
        yield ok("sign-in provider", f"{look()} says where staff sign in")
    except FetchRefused as failed:
        yield fail("sign-in provider", str(failed), "see DIGEST_OIDC_ISSUER; local accounts go on to work")


def _one_click(post: Post, base_url: str, seconds: float) -> Iterator[Line]:
    """Ask as mail programs do (RFC 8058 §3.2), with a token that is nobody's."""
    name = "one click"
    try:
        status = post(f"{base_url}/u/{_UNKNOWN}", _ONE_CLICK, seconds)
    except NotReached as failed:
        how = f"see that `digest serve` runs and that {base_url} leads to it"
        yield warn(name, f"the address to unsubscribe by is not reached: {failed}", how)
        return
    if 200 <= status < 300:
        yield ok(name, f"a POST to {base_url}/u/… is answered with {status}")
    elif 300 <= status < 400:
        how = "let DIGEST_BASE_URL be the address where it ends; mail programs follow no redirect"
        yield fail(name, f"a POST is sent elsewhere ({status})", how)
    else:
        yield fail(
            name,
            f"a POST is answered with {status}",
            "see that the web server passes /u/… on to `digest serve`, POST too",
        )


def _names(
    patient: Patient, instruments: Instruments, newsletters: Mapping[str, Newsletter]
) -> Iterator[tuple[str, Check]]:
    senders = (each.sender for each in newsletters.values())
    domains = list(dict.fromkeys(domain_of(address) for each in senders for address in each.addresses))
    real = [each for each in domains if not is_made_up(each)]
    if domains and not real:
        made_up = [
            warn("dns", f"{', '.join(domains)} is never in DNS", "use a domain of yours before real readers get mail")
        ]
        yield "dns", lambda: made_up
    if not real:
        return
    resolver = instruments.resolver
    if resolver is None:
        nobody = [warn("dns", instruments.no_resolver, "SPF, DKIM, DMARC, MX and PTR of the sender are not looked at")]
        yield "dns", lambda: nobody
        return
    seen: set[str] = set()
    host = next((each.host for each in patient.relays), "localhost")
    for domain in real:
        checks = sender_checks(
            resolver,
            domain,
            return_domain=domain_of(patient.return_path) if patient.return_path else domain,
            published=[Published(own or domain, name(domain), record) for own, name, record in patient.keys],
            relay_host="localhost" if host in LOOPBACK else host,
        )
        for name, check in checks:
            if name not in seen:
                seen.add(name)
                yield name, check


def domain_of(address: str) -> str:
    """Return the domain of a sender's *address* as A-labels, in small letters."""
    return ascii_address(address, smtputf8=True).rpartition("@")[2].lower()
