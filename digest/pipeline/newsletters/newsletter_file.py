"""A newsletter file (TOML) to the model; every problem is collected and told at once.

Pure: the document comes in as text, folders are joined but not looked at. `subscribers/README.md` explains
the format to the people who write it.
"""

from __future__ import annotations

import os.path
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from digest.collection.links import without_login
from digest.errors import BadInput, BadNewsletter
from digest.model.frequency import Frequency
from digest.model.newsletter import (
    Disclaimers,
    Fallback,
    InDoubt,
    Limits,
    Newsletter,
    NothingNew,
    Overflow,
    Retry,
    Schedule,
    Sender,
    Source,
    SourceKind,
    Unmarked,
    UnresolvedRelated,
)
from digest.model.topic import Topic
from digest.pipeline.addresses import read_address
from digest.pipeline.newsletters.approval_rule import read_approval
from digest.pipeline.newsletters.checked_table import CheckedTable, suggestion
from digest.pipeline.newsletters.cut_off_table import read_cut_off
from digest.pipeline.newsletters.frequencies import read_days, read_frequency, read_local_time, read_quiet
from digest.pipeline.newsletters.places import read_locale, read_zone
from digest.pipeline.newsletters.stream_table import EVENTS, read_stream
from digest.pipeline.newsletters.toml_lines import find_lines, nearest_line, with_line

T = TypeVar("T")

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,58}[a-z0-9])?")  #: what newsletters, topics and sources are called
_LIST_ID = re.compile(r"(?=.{3,255}$)[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+")
_PLACE = re.compile(r"\[([^\]]+)\] (\S+)")
_CLIPPED_ABOVE = 100_000
_LEAST_HTML = 20_000  # bytes; the shipped frame with one short article takes about 14,000
_EVERY_TICK = timedelta(seconds=5)  # for folders: looking costs nothing

# Mailbox providers whose domains tell receivers (DMARC, RFC 7489) to refuse mail sent through other servers.
FREEMAIL = frozenset(
    """
    gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com yahoo.co.jp yahoo.co.uk
    ymail.com aol.com icloud.com me.com mac.com gmx.de gmx.net gmx.com web.de t-online.de freenet.de mail.ru
    yandex.ru yandex.com proton.me protonmail.com naver.com daum.net hanmail.net kakao.com nate.com qq.com
    163.com 126.com sina.com docomo.ne.jp zoho.com fastmail.com orange.fr free.fr laposte.net libero.it
    """.split()  # noqa: SIM905  # forty strings, one a line, read worse
)


class BadNewsletterFile(BadNewsletter):
    """A newsletter file that must not be applied; `problems` has one line for each thing to mend."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


@dataclass(frozen=True, slots=True)
class NewsletterFile:
    """What a file says, in its order; `warnings` are things that work but should be thought about."""

    newsletters: tuple[Newsletter, ...]
    topics: tuple[Topic, ...]
    sources: tuple[Source, ...]
    warnings: tuple[str, ...] = ()


def read_newsletter_file(
    text: str,
    *,
    name: str,
    folder: Path,
    postal_address: str = "",
    known_topics: Mapping[str, str] | None = None,
    known_sources: Collection[str] = (),
) -> NewsletterFile:
    """Return what the TOML document *text* says.

    *name* is what problems call the file, *folder* is where its relative locations start. *postal_address*
    stands in for newsletters that name none. *known_topics* (slug to parent) and *known_sources* may be
    referred to although they are not in this file.

    Raises BadNewsletterFile with every problem found.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadNewsletterFile([f"{name}: {with_line(str(error))}; this is not valid TOML yet"]) from None
    problems: list[str] = []
    warnings: list[str] = []
    top = {"topics", "sources", "newsletters", "streams"}
    problems += [f"{key!r} is not a table of this file{suggestion(key, top)}" for key in document if key not in top]
    topics = [_topic(slug, table) for slug, table in _tables(document, "topics", problems)]
    sources = [_source(slug, table, folder) for slug, table in _tables(document, "sources", problems)]
    letters = [
        _newsletter(slug, table, postal_address, warnings)
        for kind in ("newsletters", "streams")
        for slug, table in _tables(document, kind, problems)
    ]
    named = Counter(letter.slug for letter in letters)
    problems += [f"[streams.{slug}] name is a newsletter's too; give it another" for slug in named if named[slug] > 1]
    parents = {**(known_topics or {}), **{topic.slug: topic.parent for topic in topics}}
    problems += _unknown_references(topics, letters, parents, {*known_sources, *(one.slug for one in sources)})
    problems += _circles(topics, parents)
    if problems:
        raise BadNewsletterFile(_placed(name, text, problems))
    return NewsletterFile(tuple(letters), tuple(topics), tuple(sources), tuple(_placed(name, text, warnings)))


def _placed(name: str, text: str, problems: list[str]) -> list[str]:
    """Return *problems*, which begin with "[table] key", each after the file's *name* and the line to look at."""
    if not problems:
        return []
    lines, placed = find_lines(text), []
    for problem in problems:
        found = _PLACE.match(problem)
        line = nearest_line(lines, (*found[1].split("."), *found[2].split("."))) if found else 0
        placed.append(f"{name}: line {line}, {problem}" if line else f"{name}: {problem}")
    return placed


def _tables(document: Mapping[str, Any], kind: str, problems: list[str]) -> list[tuple[str, CheckedTable]]:
    found = []
    values = document.get(kind, {})
    if not isinstance(values, dict):
        problems.append(f"[{kind}] must hold one table each, like [{kind}.example]")
        return []
    for slug, table in values.items():
        if not isinstance(table, dict):
            problems.append(f"[{kind}] {slug} must be a table, like [{kind}.{slug}]")
        elif not SLUG.fullmatch(slug):
            problems.append(f"[{kind}.{slug}] the slug must be lower-case letters, digits, - and _ inside, at most 60")
        else:
            found.append((slug, CheckedTable(f"{kind}.{slug}", table, problems)))
    return found


def _topic(slug: str, table: CheckedTable) -> Topic:
    topic = Topic(
        slug,
        table.text("name", needed='write what readers see, like "Trade"'),
        _each_once(table.texts("keywords")),
        table.texts_by_language("names", read_locale),
        table.text("parent"),
        {tag: _each_once(words) for tag, words in table.lists_by_language("keywords_in", read_locale).items()},
        table.texts("examples"),
    )
    table.refuse_unknown()
    return topic


def _each_once(words: Iterable[str]) -> tuple[str, ...]:
    """Return *words* without those that differ from an earlier one in case only."""
    found: dict[str, str] = {}
    for word in words:
        found.setdefault(word.casefold(), word)
    return tuple(found.values())


def _source(slug: str, table: CheckedTable, folder: Path) -> Source:
    kinds = {kind.value: kind for kind in SourceKind}
    if not table.has("kind"):
        table.wrong("kind", "is missing: write one of 'feed', 'page', 'folder'")
    kind = table.choice("kind", SourceKind.FEED, kinds)
    location = table.text("location", needed='write a URL, or a folder like "articles/"')
    if kind is SourceKind.FOLDER:
        location = os.path.normpath(folder / location)
    elif location and without_login(location) != location:
        table.wrong("location", "has a user name or password; write the plain address, we log in nowhere")
    elif location and not _is_web_address(location):
        table.wrong("location", f"must start with https:// or http://, not {location[:40]!r}")
    source = Source(
        slug,
        kind,
        location,
        table.duration("every", _EVERY_TICK if kind is SourceKind.FOLDER else Source("", kind, "").every),
        _checked(table, "language", read_locale, ""),
        table.flag("ai_generated"),
    )
    table.refuse_unknown()
    return source


def _newsletter(slug: str, table: CheckedTable, postal_address: str, warnings: list[str]) -> Newsletter:
    stream = read_stream(table, read_locale) if table.where.startswith("streams.") else None
    standard = Newsletter(slug, "", Sender("", ""), "", template=EVENTS if stream else "digest")
    if table.flag("tracking"):
        table.wrong(
            "tracking",
            "must be false: this program does not watch readers (no open pixels, no counted links)",
        )
    sender = _sender(table, warnings)
    postal = table.text("postal_address", lines=True) or postal_address.strip()
    if not postal:
        table.wrong("postal_address", "is missing: write the sender's postal address here or in DIGEST_POSTAL_ADDRESS")
    # An address that could not be used is "" here, and was reported.
    domain = read_address(sender.address).key.rpartition("@")[2] if sender.address else "example.org"
    list_id = table.text("list_id") or f"{slug}.{domain}"
    if not _LIST_ID.fullmatch(list_id):
        table.wrong("list_id", 'must look like "daily.news.example.org" (RFC 2919)')
    template = table.text("template", standard.template)
    if not SLUG.fullmatch(template):
        table.wrong("template", 'must be the name of a folder under templates/email, like "digest"')
    schedule = _schedule(table.table("schedule"))
    cut_off = read_cut_off(table.table("cut_off"), schedule, read_local_time, warnings)
    newsletter = Newsletter(
        slug=slug,
        name=table.text("name", needed='write what readers see, like "Morning Brief"'),
        description=table.text("description"),
        sender=sender,
        postal_address=postal,
        schedule=schedule,
        limits=_limits(table.table("limits"), warnings),
        topics=table.texts("topics"),
        sources=table.texts("sources"),
        template=template,
        locale=_checked(table, "locale", read_locale, standard.locale),
        list_id=list_id,
        disclaimers=_disclaimers(table.table("disclaimers")),
        unresolved_related=table.choice(
            "unresolved_related", standard.unresolved_related, {one.value: one for one in UnresolvedRelated}
        ),
        in_doubt=table.choice("in_doubt", standard.in_doubt, {one.value: one for one in InDoubt}),
        retry=_retry(table.table("retry")),
        look_back=table.duration("look_back", standard.look_back),
        expires_after=table.duration("expires_after", standard.expires_after),
        max_late=table.duration("max_late", timedelta()) or None,
        freshness_half_life=table.duration("freshness_half_life", standard.freshness_half_life),
        fallback=table.choice("fallback", standard.fallback, {one.value: one for one in Fallback}),
        nothing_new=table.choice("nothing_new", standard.nothing_new, {one.value: one for one in NothingNew}),
        welcome=bool(table.flag("welcome")),
        archive=bool(table.flag("archive")),
        urgent=bool(table.flag("urgent")),
        managed=table.choice("managed", "file", {"file": "file"}),
        stream=stream,
        **read_approval(table, cut_off, schedule),  # and the cut-off it needs
    )
    table.refuse_unknown()
    return newsletter


def _sender(letter: CheckedTable, warnings: list[str]) -> Sender:
    table = letter.table("sender")
    sender = Sender(
        name=table.text("name", needed='write who the mail comes from, like "Example Press"'),
        address=_address(table, "address", "write the address the mail comes from, like news@example.org"),
        reply_to=_address(table, "reply_to"),
        letters_address=_address(table, "letters_address"),
        complaints_address=_address(table, "complaints_address"),
    )
    domain = sender.address.rpartition("@")[2].lower()
    if domain in FREEMAIL:
        warnings.append(
            f"[{letter.where}] sender.address is at {domain}: most servers refuse such mail unless it comes "
            f"from {domain} itself; send from a domain of your own"
        )
    table.refuse_unknown()
    return sender


def _schedule(table: CheckedTable) -> Schedule:
    standard = Schedule()
    at: Any = table.raw("at")
    if isinstance(at, time):  # TOML has local times: at = 07:00:00
        at = f"{at:%H:%M}"
    frequency = _read(table, "days", table.raw("days"), lambda days: Frequency(read_days(days)), standard.frequency)
    if table.has("frequency"):
        if table.has("days"):
            table.wrong("frequency", "and days cannot both be given; leave out one of them")
        frequency = _read(table, "frequency", table.text("frequency"), read_frequency, frequency)
    schedule = Schedule(
        days=frequency.days or standard.days,
        month_day=frequency.month_day,
        hours=frequency.hours,
        quiet=_read(table, "quiet", table.text("quiet") or None, read_quiet, None),
        at=_read(table, "at", at, lambda value: read_local_time(str(value)), standard.at),
        zone=_checked(table, "zone", _schedule_zone, standard.zone),
    )
    table.refuse_unknown()
    return schedule


def _limits(table: CheckedTable, warnings: list[str]) -> Limits:
    standard = Limits()
    limits = Limits(
        max_items=table.number("max_items", standard.max_items, 1, 200),
        min_items=table.number("min_items", standard.min_items, 1, 200),
        overflow=table.choice("overflow", standard.overflow, {one.value: one for one in Overflow}),
        max_per_source=table.number("max_per_source", standard.max_per_source, 0, 200),
        max_per_topic=table.number("max_per_topic", standard.max_per_topic, 0, 200),
        diversity=table.number("diversity", standard.diversity, 0, 100),
        max_related=table.number("max_related", standard.max_related, 0, 20),
        max_html_bytes=table.number("max_html_bytes", standard.max_html_bytes, _LEAST_HTML, 1_000_000),
    )
    if limits.min_items > limits.max_items:
        table.wrong("min_items", f"is {limits.min_items}, more than max_items ({limits.max_items})")
    if limits.max_html_bytes > _CLIPPED_ABOVE:
        warnings.append(
            f"[{table.where}] limits.max_html_bytes is above {_CLIPPED_ABOVE:,}: Gmail cuts longer mail off, "
            "and the unsubscribe link with it"
        )
    table.refuse_unknown()
    return limits


def _disclaimers(table: CheckedTable) -> Disclaimers:
    disclaimers = Disclaimers(
        table.choice("unmarked", Unmarked.LEAVE, {one.value: one for one in Unmarked}),
        table.texts_by_language("notices", read_locale),
    )
    if disclaimers.unmarked is Unmarked.LABEL and not disclaimers.notices:
        table.wrong("notices", 'is missing: unmarked = "label" needs a notice, like notices = {en = "…"}')
    table.refuse_unknown()
    return disclaimers


def _retry(table: CheckedTable) -> Retry:
    standard = Retry()
    retry = Retry(table.durations("delays", standard.delays), table.duration("expires_after", standard.expires_after))
    table.refuse_unknown()
    return retry


def _address(table: CheckedTable, key: str, needed: str = "") -> str:
    return _read(table, key, table.text(key, needed=needed) or None, lambda text: read_address(text).address, "")


def _schedule_zone(text: str) -> str:
    if text == "subscriber":
        return ""
    try:
        return read_zone(text)
    except BadInput as wrong:
        raise BadInput(f'{wrong}, or "subscriber" for the reader\'s own') from None


def _checked(table: CheckedTable, key: str, read: Callable[[str], str], default: str) -> str:
    return _read(table, key, table.text(key) or None, read, default)


def _read(table: CheckedTable, key: str, value: Any, read: Callable[[Any], T], default: T) -> T:
    if value is None:
        return default
    try:
        return read(value)
    except BadInput as error:
        table.wrong(key, f"cannot be used: {error}")
    except ValueError as error:
        table.wrong(key, str(error))
    return default


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _unknown_references(
    topics: list[Topic], letters: list[Newsletter], parents: Mapping[str, str], sources: Collection[str]
) -> list[str]:
    problems = [
        f"[topics.{topic.slug}] parent {topic.parent!r} is no topic{suggestion(topic.parent, parents)}"
        for topic in topics
        if topic.parent and topic.parent not in parents
    ]
    for letter in letters:
        where = f"[{'streams' if letter.stream else 'newsletters'}.{letter.slug}]"
        for kind, wanted, known in (("topics", letter.topics, parents), ("sources", letter.sources, sources)):
            problems += [
                f"{where} {kind} has {slug!r}, which is not defined{suggestion(slug, known)}"
                for slug in wanted
                if slug not in known
            ]
    return problems


def _circles(topics: list[Topic], parents: Mapping[str, str]) -> list[str]:
    problems = []
    for topic in topics:
        seen, above = {topic.slug}, topic.parent
        while above and above not in seen:
            seen.add(above)
            above = parents.get(above, "")
        if above == topic.slug:
            problems.append(f"[topics.{topic.slug}] parent leads in a circle back to {topic.slug!r}")
    return problems
