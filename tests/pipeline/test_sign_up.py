"""Signing up: asked on a page, confirmed from the letter, and within limits; nothing happens before."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from digest.errors import BadInput
from digest.model.newsletter import Sender
from digest.pipeline.planning.letters import write_letters
from digest.pipeline.reading import sign_up
from digest.pipeline.reading.sign_up import TooMany, Wish
from digest.pipeline.subscribers.show_subscriber import subscriber_as_json
from digest.pipeline.tick import plan_due
from tests.house import House
from tests.sink import Mail, Sink

NEW = "nora@example.org"
HERE = "192.0.2.7"
WISH = Wish(
    ("space",),
    ("lighthouse",),
    "05:45",
    "Europe/Berlin",
    "de",
    frequency="mon,thu",
    source="page /n/daily",
    wording="2026-11: Send me Daily.",
)


def ask(house: House, address: str = NEW, wish: Wish = WISH, network: str = HERE) -> None:
    sign_up.ask_to_join(house.installation, "daily", address, wish, network=network)


def letter(house: House, sink: Sink) -> Mail:
    write_letters(house.installation)
    house.dispatch(sink)
    return sink.mails[-1]


def token_in(mail: Mail) -> str:
    (token,) = set(re.findall(r"/c/([\w-]{32})", mail.text))
    return token


def state(house: House, address: str = NEW) -> Any:
    rows = house.rows(
        "SELECT s.state FROM subscriptions s JOIN subscribers u ON u.id = s.subscriber_id WHERE u.address = :a",
        a=address,
    )
    return rows[0][0] if rows else None


def test_a_reader_who_confirms_gets_what_they_chose(house: House, sink: Sink) -> None:
    """Pending until the button; then interests, hour, zone and language are theirs, with the words on record."""
    ask(house)
    mail = letter(house, sink)
    assert state(house) == "pending"
    assert house.plan(at=house.clock.now() + timedelta(days=1)).ready == 0

    sign_up.confirm(house.installation, token_in(mail))

    told = subscriber_as_json(house.engine, NEW)
    (own,) = told["subscriptions"]
    assert (told["locale"], told["timezone"], own["state"], own["send_at"]) == (
        "de",
        "Europe/Berlin",
        "active",
        "05:45",
    )
    assert own["interests"]["follows"] == [{"topic": "space", "weight": 1.0, "since": None}]
    assert own["interests"]["keywords"] == ["lighthouse"]
    assert [(each["event"], each["source"], each["wording"]) for each in told["consents"]] == [
        (event, WISH.source, WISH.wording) for event in ("given", "confirmed")
    ]


def test_the_letter_comes_from_an_address_of_its_own_where_one_is_set(house: House, sink: Sink) -> None:
    """In From and in the return path, so SPF and DKIM speak for that domain."""
    house.newsletter(sender=Sender("The Press", "press@example.org", letters_address="hello@account.example.org"))
    ask(house)
    mail = letter(house, sink)

    assert mail.parsed["From"].addresses[0].addr_spec == mail.sender == "hello@account.example.org"


def test_the_letter_says_nothing_but_what_is_asked(house: House, sink: Sink) -> None:
    """In the language chosen; every link in it, and the one-click header, leads to its own page only."""
    ask(house)
    mail = letter(house, sink)

    assert mail.recipient == NEW
    assert mail.parsed["Subject"].startswith("Bitte bestätigen")
    links = set(re.findall(r"https://news\.example\.org/\w[^\s\"<>]*", mail.html + mail.text))
    assert {re.sub(r"[\w-]{32}", "", each) for each in links} == {"https://news.example.org/c/"}
    assert str(mail.parsed["List-Unsubscribe"]).startswith(f"<https://news.example.org/c/{token_in(mail)}>")
    assert "lighthouse" not in mail.html + mail.text


@pytest.mark.parametrize("known", ["unknown", "subscribed", "left", "suppressed"])
def test_whoever_asks_hears_the_same_and_gets_a_letter(house: House, sink: Sink, known: str) -> None:
    """A page that answered otherwise would tell who is subscribed; confirming brings everybody back."""
    if known != "unknown":
        house.reader(NEW, topics="trade")
    if known == "left":
        house.leave(NEW)
    if known == "suppressed":
        from digest.pipeline.subscribers.erase_subscriber import erase_subscriber

        erase_subscriber(house.engine, NEW, secret=house.installation.secret, now=house.clock.now())

    ask(house)
    sign_up.confirm(house.installation, token_in(letter(house, sink)))

    assert state(house) == "active"
    house.article("space", "Satellite at dawn")
    assert house.plan(at=house.clock.now() + timedelta(days=4)).ready == 1
    assert house.rows("SELECT COUNT(*) FROM suppressions") == [(0,)]


def test_a_thousand_sign_ups_of_one_address_are_one_letter(house: House, sink: Sink) -> None:
    """One a day and three a week, over all newsletters, from however many networks."""
    house.newsletter("weekly")
    for day in range(7):
        for n in range(12):
            ask(house, network=f"198.51.{day}.{n}")
            sign_up.ask_to_join(house.installation, "weekly", NEW, WISH, network=f"2001:db8:{day}:{n}::1")
        write_letters(house.installation)
        house.dispatch(sink)
        assert len(sink.mails) == min(day + 1, 3)
        house.move(days=1)


def test_one_network_cannot_ask_for_many_addresses(house: House, sink: Sink) -> None:
    """A /24 and a /64 count as one asker each; another network is not kept out."""
    for n in range(sign_up.PER_NETWORK_AND_HOUR):
        ask(house, f"a{n}@example.org", network=f"192.0.2.{n}")

    with pytest.raises(TooMany):
        ask(house, "more@example.org")
    ask(house, "more@example.org", network="2001:db8::1")
    house.move(hours=1, minutes=1)
    ask(house, "later@example.org")


def test_all_networks_together_have_a_limit(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand machines with one address each are an attack too."""
    monkeypatch.setattr(sign_up, "PER_HOUR", 5)
    for n in range(5):
        ask(house, f"a{n}@example.org", network=f"10.0.{n}.1")

    with pytest.raises(TooMany):
        ask(house, "more@example.org", network="10.0.9.1")


def test_a_letter_lapses_after_a_week_and_its_address_is_forgotten(house: House, sink: Sink) -> None:
    """Who never agreed leaves no trace but the hash that the limits need."""
    ask(house)
    token = token_in(letter(house, sink))
    house.move(days=7)

    found = sign_up.confirm(house.installation, token)
    assert found is not None
    assert found.lapsed
    assert state(house) == "pending"
    assert sign_up.drop_unanswered(house.installation) == 1
    assert NEW not in house.dump()
    assert sign_up.letter_of(house.installation, token) is None


def test_a_letter_works_once(house: House, sink: Sink) -> None:
    """Who has left since is not brought back by pressing the button of the old letter."""
    ask(house)
    token = token_in(letter(house, sink))
    sign_up.confirm(house.installation, token)
    house.leave(NEW)

    sign_up.confirm(house.installation, token)

    assert state(house) == "ended"


def test_a_stranger_who_says_no_is_forgotten(house: House, sink: Sink) -> None:
    """And the link cannot confirm any more."""
    ask(house)
    token = token_in(letter(house, sink))

    sign_up.decline(house.installation, token)
    sign_up.confirm(house.installation, token)

    assert state(house) is None
    assert NEW not in house.dump()


def test_no_other_token_confirms(house: House, sink: Sink) -> None:
    """A token for one purpose is worthless for another, and one changed bit makes it none."""
    ask(house)
    token = token_in(letter(house, sink))
    others = [house.links.view(1), house.links.leave(1), house.links.preferences(1)]

    for wrong in [each.rpartition("/")[2] for each in others] + [
        token[:5] + ("A" if token[5] != "A" else "B") + token[6:]
    ]:
        assert sign_up.confirm(house.installation, wrong) is None
    assert state(house) == "pending"


def moving(house: House, sink: Sink) -> tuple[Mail, Mail]:
    house.reader(NEW, topics="trade")
    (row,) = house.rows("SELECT id FROM subscribers")
    from digest.store.engine import reading
    from digest.store.subscriptions import agreements_of

    with reading(house.engine) as connection:
        agreement = agreements_of(connection, row[0])[0]
    sign_up.ask_to_move(house.installation, agreement, "nora@example.net", network=HERE)
    plan_due(house.installation)
    house.dispatch(sink)
    new, old = sorted(sink.mails, key=lambda each: each.recipient)
    assert (new.recipient, old.recipient) == ("nora@example.net", NEW)
    return new, old


@pytest.mark.parametrize("first", ["new", "old"])
def test_a_reader_moves_once_both_addresses_agree(house: House, sink: Sink, first: str) -> None:
    """Whichever comes first; until then mail goes where it went."""
    new, old = moving(house, sink)
    order = [new, old] if first == "new" else [old, new]

    sign_up.confirm(house.installation, token_in(order[0]))
    assert house.rows("SELECT address FROM subscribers") == [(NEW,)]
    sign_up.confirm(house.installation, token_in(order[1]))

    assert house.rows("SELECT address FROM subscribers") == [("nora@example.net",)]


def test_either_address_can_stop_a_move(house: House, sink: Sink) -> None:
    """The letter to the new address holds no link into the reader's account."""
    new, old = moving(house, sink)
    assert not re.search(r"/[upv]/", new.text + new.html + str(new.parsed["List-Unsubscribe"]))

    sign_up.decline(house.installation, token_in(old))
    sign_up.confirm(house.installation, token_in(new))

    assert house.rows("SELECT address FROM subscribers") == [(NEW,)]


def test_nobody_moves_to_an_address_that_another_reader_has(house: House, sink: Sink) -> None:
    """It is told to who confirms from that very address, and to nobody else."""
    new, old = moving(house, sink)
    house.reader("nora@example.net", topics="space")
    sign_up.confirm(house.installation, token_in(old))

    with pytest.raises(BadInput):
        sign_up.confirm(house.installation, token_in(new))
    assert state(house, "nora@example.net") == "active"


def test_a_letter_is_written_anew_when_its_key_is_gone(house: House, sink: Sink) -> None:
    """A link signed with a key that is gone could not be answered."""
    from dataclasses import replace

    from digest.tokens import Tokens

    ask(house)
    write_letters(house.installation)
    house.installation = replace(house.installation, tokens=Tokens("another secret of at least 32 characters"))

    house.dispatch(sink)

    assert sign_up.letter_of(house.installation, token_in(sink.mails[0])) is not None
