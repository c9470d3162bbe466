"""Sign up: somebody asks for a newsletter on a page, and confirms it from the mail that comes (double opt-in).

Also the way to another address, which both addresses confirm. Until then nothing changes for anybody. The BadInput
sentences are for readers: each stands in the catalogues of the pages.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from sqlalchemy import Connection

from digest.errors import BadInput, NotFound
from digest.model.newsletter import Newsletter
from digest.model.subscriber import Follow, Interests, SubscriptionState
from digest.model.topic import Topic
from digest.pipeline.addresses import address_hash, read_address
from digest.pipeline.installation import Installation
from digest.pipeline.reading import subscribe
from digest.pipeline.subscribers.correct_address import correct_address
from digest.pipeline.subscribers.suppression import lift
from digest.store import sign_ups, subscriptions
from digest.store.cadences import cadence_for, cadence_ids
from digest.store.engine import reading
from digest.store.erasure import forget, overwrite_deleted
from digest.store.newsletters import load_newsletter, load_newsletters, load_topics
from digest.store.profiles import profile_of
from digest.store.sign_ups import Kind, SignUp, State
from digest.store.subscriptions import Agreement
from digest.tokens import Purpose

ANSWER_WITHIN = timedelta(days=7)
PER_NETWORK_AND_HOUR, PER_HOUR = 20, 500
WORDING = "2026-11"  #: the version of the sentence that one agrees to
NETWORK_BITS = {4: 24, 6: 64}


class TooMany(BadInput):
    """More sign-ups than a person makes, from one network or from all."""


class WrongFields(BadInput):
    """What a form says cannot be used; `problems` has a sentence for each field."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = problems
        super().__init__(" ".join(problems.values()))


@dataclass(frozen=True, slots=True)
class Offer:
    """A newsletter with the topics that one may choose from."""

    newsletter: Newsletter
    topics: tuple[Topic, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a reader wants, checked; `wording` is the sentence they agreed to, `source` the page it stood on."""

    topics: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    send_at: str = ""
    zone: str = "UTC"
    locale: str = "en"
    frequency: str = ""
    source: str = ""
    wording: str = ""

    @property
    def interests(self) -> Interests:
        """Return the interests that the choices make."""
        return Interests(tuple(Follow(each) for each in sorted(self.topics)), (), tuple(sorted(self.keywords)))


def offers(house: Installation) -> list[Offer]:
    """Return every newsletter, by slug; streams of events are no newsletters."""
    with reading(house.engine) as connection:
        topics = load_topics(connection)
        found = load_newsletters(connection).values()
        return [_offer(each, topics) for each in found if each.stream is None]


def offer_of(house: Installation, slug: str) -> Offer:
    """Return the newsletter *slug* with its topics; raises NotFound."""
    with reading(house.engine) as connection:
        return _offer(load_newsletter(connection, slug)[1], load_topics(connection))


def read_wish(
    offer: Offer,
    *,
    topics: list[str],
    keywords: str,
    send_at: str,
    days: list[str],
    zone: str,
    locale: str,
    source: str,
    wording: str,
) -> Wish:
    """Return what the fields of a form say; raises WrongFields with a sentence for each that says nothing usable."""
    problems: dict[str, str] = {}
    if set(topics) - {topic.slug for topic in offer.topics}:
        problems["topics"] = "A topic that you chose is no longer on offer. Please look again."
    words: tuple[str, ...] = ()
    try:
        words = subscribe.keywords_in(keywords)
    except BadInput as problem:
        problems["keywords"] = str(problem)
    try:
        zone = subscribe.zone_in(zone)
    except BadInput as problem:
        problems["zone"] = str(problem)
    try:
        subscribe.require_hour(send_at)
    except BadInput as problem:
        problems["send_at"] = str(problem)
    if locale not in subscribe.languages_on_offer(offer.newsletter.locale):
        problems["locale"] = "Choose one of the languages on offer."
    if problems:
        raise WrongFields(problems)
    own_hour = "" if send_at == f"{offer.newsletter.schedule.at:%H:%M}" else send_at
    often = subscribe.days_in(days, offer.newsletter)
    return Wish(tuple(dict.fromkeys(topics)), words, own_hour, zone, locale, often, source, f"{WORDING}: {wording}")


def ask_to_join(house: Installation, slug: str, address: str, wish: Wish, *, network: str) -> None:
    """Note that *address* was given for the newsletter *slug*, from the IP address *network*.

    What follows does not show: the letter, if there is to be one, is written later. Raises WrongFields for an address
    that is none, TooMany, NotFound.
    """
    mailbox = _mailbox(address)
    with house.engine.begin() as connection:
        newsletter_id, _ = load_newsletter(connection, slug)
        _ask(connection, house, Kind.JOIN, newsletter_id, mailbox, asdict(wish), network)


def ask_to_move(house: Installation, agreement: Agreement, address: str, *, network: str) -> None:
    """Note that the reader of *agreement* wants to be written to at *address*; both addresses are asked.

    Raises WrongFields, TooMany.
    """
    mailbox = _mailbox(address)
    with house.engine.begin() as connection:
        newsletter_id = agreement.newsletter_id
        _ask(connection, house, Kind.MOVE, newsletter_id, mailbox, {}, network, agreement.subscriber_id)


@dataclass(frozen=True, slots=True)
class Letter:
    """What a letter asks; `agreement` is the subscription it is about, `is_old` whether the old address was asked."""

    sign_up: SignUp
    agreement: Agreement
    newsletter: Newsletter
    is_old: bool
    lapsed: bool

    @property
    def answered(self) -> bool:
        """Whether this address has said yes."""
        mine = self.sign_up.old_confirmed_at if self.is_old else self.sign_up.confirmed_at
        return mine is not None or self.sign_up.state is State.DONE


def letter_of(house: Installation, token: str) -> Letter | None:
    """Return what the letter with *token* asks, or None; changes nothing."""
    number = house.tokens.read(Purpose.CONFIRM, token)
    if number is None:
        return None
    with reading(house.engine) as connection:
        return _letter(connection, house, number)


def confirm(house: Installation, token: str) -> Letter | None:
    """Do what the letter asks, once; return what it asks as it stands then, None for a token that is not ours.

    Raises BadInput when another reader has the new address.
    """
    number = house.tokens.read(Purpose.CONFIRM, token)
    if number is None:
        return None
    now = house.clock.now()
    with house.engine.begin() as connection:
        found = _letter(connection, house, number, hold=True)
        if found is None or found.lapsed or found.answered or found.sign_up.state is not State.MAILED:
            return found
        asked = found.sign_up
        if asked.kind is Kind.JOIN:
            _join(connection, house, found, now)
            sign_ups.change(connection, asked.id, state=State.DONE, confirmed_at=now, address="")
        else:
            sign_ups.change(connection, asked.id, **{"old_confirmed_at" if found.is_old else "confirmed_at": now})
            found = _letter(connection, house, number)
            assert found is not None
    if asked.kind is Kind.MOVE and found.sign_up.confirmed_at and found.sign_up.old_confirmed_at:
        _move(house, found, now)
    return letter_of(house, token)


def decline(house: Installation, token: str) -> None:
    """Drop what the letter asks; an address that nobody else wrote to is forgotten. Twice is fine."""
    number = house.tokens.read(Purpose.CONFIRM, token)
    if number is None:
        return
    with house.engine.begin() as connection:
        overwrite_deleted(connection)
        asked = sign_ups.of_letter(connection, number, hold=True)
        if asked is not None and asked.state is State.MAILED:
            sign_ups.change(connection, asked.id, state=State.DECLINED, address="")
            _forget_pending(connection, asked, house.clock.now())


def drop_unanswered(house: Installation) -> int:
    """Forget what nobody confirmed within a week, and the addresses given for it; return how many."""
    now = house.clock.now()
    with house.engine.begin() as connection:
        late = sign_ups.unanswered(connection, now - ANSWER_WITHIN)
        if late:
            overwrite_deleted(connection)
        for each in late:
            sign_ups.change(connection, each.id, state=State.DROPPED, address="")
            _forget_pending(connection, each, now)
    return len(late)


def join_at_once(house: Installation, reader: int, slug: str, *, source: str, wording: str) -> None:
    """Give *reader*, who came by a link in a mail, one more newsletter; their address is known to be theirs.

    Raises BadInput when the address is suppressed, NotFound.
    """
    now = house.clock.now()
    with house.engine.begin() as connection:
        first = subscriptions.agreements_of(connection, reader)[0]
        newsletter_id, newsletter = load_newsletter(connection, slug)
        subscribe.refuse_suppressed(connection, house, first)
        cadence = cadence_for(newsletter, first.zone)
        cadence_id = cadence_ids(connection, newsletter_id, [cadence], now)[cadence]
        profile_id = profile_of(connection, Interests())
        subscriptions.add(connection, reader, newsletter_id, profile_id=profile_id, cadence_id=cadence_id, now=now)
        joined = next(one for one in subscriptions.agreements_of(connection, reader) if one.newsletter == slug)
        if joined.state is SubscriptionState.PENDING:
            subscriptions.begin(connection, joined, now)
        subscriptions.log(connection, joined, "given", source, now, wording=f"{WORDING}: {wording}")


def network_of(host: str) -> str:
    """Return the network of an IP address that counts as one asker: /24 of IPv4, /64 of IPv6; "" for no address."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(ipaddress.ip_network((address, NETWORK_BITS[address.version]), strict=False))


def _offer(newsletter: Newsletter, topics: Mapping[str, Topic]) -> Offer:
    offered = newsletter.topics or tuple(topics)
    return Offer(newsletter, tuple(topics[slug] for slug in offered if slug in topics))


def _mailbox(address: str) -> str:
    try:
        return read_address(address).address
    except BadInput:
        raise WrongFields({"address": "This is no e-mail address. It must look like name@example.org."}) from None


def _ask(
    connection: Connection,
    house: Installation,
    kind: Kind,
    newsletter_id: int,
    address: str,
    wish: dict[str, object],
    network: str,
    subscriber_id: int | None = None,
) -> None:
    now = house.clock.now()
    hour = now - timedelta(hours=1)
    hashed = blake2b(network_of(network).encode(), key=house.secret.encode()[:64], digest_size=32).hexdigest()
    if sign_ups.asked_since(connection, hour, hashed) >= PER_NETWORK_AND_HOUR:
        raise TooMany("Too many people signed up just now. Please try again in an hour.")
    if sign_ups.asked_since(connection, hour) >= PER_HOUR:
        raise TooMany("Too many people signed up just now. Please try again in an hour.")
    sign_ups.add(
        connection,
        kind=kind,
        newsletter_id=newsletter_id,
        subscriber_id=subscriber_id,
        address=address,
        address_hash=address_hash(house.secret, read_address(address).key),
        network_hash=hashed,
        wish=wish,
        asked_at=now,
    )


def _letter(connection: Connection, house: Installation, delivery_id: int, *, hold: bool = False) -> Letter | None:
    asked = sign_ups.of_letter(connection, delivery_id, hold=hold)
    if asked is None or asked.subscriber_id is None:
        return None
    own = subscriptions.agreements_of(connection, asked.subscriber_id)
    agreement = next((each for each in own if each.newsletter_id == asked.newsletter_id), None)
    if agreement is None or not agreement.address:
        return None
    newsletter = load_newsletters(connection)[asked.newsletter]
    lapsed = asked.state in (State.DECLINED, State.DROPPED) or asked.asked_at + ANSWER_WITHIN <= house.clock.now()
    return Letter(
        asked, agreement, newsletter, asked.old_letter_id == delivery_id, lapsed and asked.state is not State.DONE
    )


def _join(connection: Connection, house: Installation, found: Letter, now: datetime) -> None:
    """Make the subscription what was wished for; this fresh confirmation also lifts a suppression."""
    wish = Wish(**{**found.sign_up.wish, **{key: tuple(found.sign_up.wish[key]) for key in ("topics", "keywords")}})
    lift(connection, read_address(found.agreement.address).key, house.secrets)
    known = load_topics(connection)
    interests = Interests(tuple(each for each in wish.interests.follows if each.topic in known), (), wish.keywords)
    agreement, newsletter = found.agreement, found.newsletter
    subscriptions.settle(connection, agreement.subscriber_id, zone=wish.zone, locale=wish.locale, now=now)
    cadence = cadence_for(newsletter, wish.zone, wish.send_at, wish.frequency)
    subscriptions.change(
        connection,
        agreement,
        profile_id=profile_of(connection, interests),
        cadence_id=cadence_ids(connection, agreement.newsletter_id, [cadence], now)[cadence],
        send_at=wish.send_at,
        frequency=wish.frequency,
        now=now,
    )
    subscribe.follow_the_clock(connection, agreement.subscriber_id, now)
    subscriptions.log(connection, agreement, "given", wish.source, found.sign_up.asked_at, wording=wish.wording)
    if agreement.state in (SubscriptionState.PENDING, SubscriptionState.ENDED):
        subscriptions.begin(connection, agreement, now)
    elif agreement.state is SubscriptionState.PAUSED:
        subscriptions.restart(connection, agreement, wish.source, now)
    subscriptions.log(connection, agreement, "confirmed", wish.source, now, wording=wish.wording)


def _move(house: Installation, found: Letter, now: datetime) -> None:
    """Write to the new address from now on: both have said yes."""
    asked = found.sign_up
    with house.engine.begin() as connection:
        lift(connection, read_address(asked.address).key, house.secrets)
    try:
        correct_address(
            house.engine,
            found.agreement.address,
            asked.address,
            secret=house.secret,
            previous_secret=house.previous_secret,
            now=now.astimezone(UTC),
        )
    except NotFound:
        return
    except BadInput:
        raise BadInput("Somebody else is subscribed with this address. Please leave with it first.") from None
    with house.engine.begin() as connection:
        sign_ups.change(connection, asked.id, state=State.DONE, address="")


def _forget_pending(connection: Connection, asked: SignUp, now: datetime) -> None:
    """Forget the reader of *asked* if they never agreed to anything."""
    if asked.subscriber_id is None:
        return
    states = [each.state for each in subscriptions.agreements_of(connection, asked.subscriber_id)]
    if asked.kind is Kind.JOIN and states and set(states) == {SubscriptionState.PENDING}:
        forget(connection, asked.subscriber_id, now.astimezone(UTC))
