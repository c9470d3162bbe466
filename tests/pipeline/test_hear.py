"""What comes back is heard once, and reaches the reader whose mail it was about, and nobody else."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.feedback.account import is_failure, shipped_terms
from digest.model.feedback import Effect
from digest.pipeline.hearing.hear import hear
from digest.pipeline.hearing.hear_replies import hear_replies, report_of
from digest.pipeline.subscribers.correct_address import correct_address
from digest.pipeline.subscribers.erase_subscriber import erase_subscriber
from digest.store.refusals import Refusal
from digest.tokens import Purpose, Tokens
from tests.feedback.reports import complaint, dsn, group
from tests.house import SECRET, House
from tests.lived import Story
from tests.sink import Do, Sink

ANNA, BEN = "anna@example.net", "ben@example.net"
DEAD = "550 5.1.1 User unknown"


@pytest.fixture
def sent(lived: Callable[[Story], House]) -> House:
    """Give a house that has sent Anna and Ben one mail each."""
    return lived(one_day)


def one_day(house: House, sink: Sink) -> None:
    for reader in (ANNA, BEN):
        house.reader(reader)
    send(house, sink)


def send(house: House, sink: Sink, **later: float) -> None:
    """Send another edition after some time, a day unless it is said."""
    house.move(**(later or {"days": 1}))
    house.article("trade")
    house.send(sink)


def delivery(house: House, address: str, *, latest: bool = True) -> int:
    order = "DESC" if latest else "ASC"
    return int(house.rows(f"SELECT id FROM deliveries WHERE address = :a ORDER BY id {order}", a=address)[0][0])


def tag(house: House, address: str, *, latest: bool = True) -> str:
    return house.installation.tokens.make(Purpose.BOUNCE, delivery(house, address, latest=latest))


def bounce(house: House, address: str, said: str = DEAD, *, latest: bool = True, **more: str) -> bytes:
    """Return a bounce of the reader's latest (or first) mail, as it comes to the tagged return path."""
    status = said.split()[1]
    mail = dsn(group(said, to=address, status=status, **more), to=address)
    return mail.replace(b"To: bounce@", f"To: bounces+{tag(house, address, latest=latest)}@".encode(), 1)


def active(house: House) -> set[str]:
    rows = house.rows(
        "SELECT u.address FROM subscriptions s JOIN subscribers u ON u.id = s.subscriber_id WHERE s.state = 'active'"
    )
    return {row[0] for row in rows}


def log_of(house: House) -> list[tuple[str, str]]:
    return [tuple(row) for row in house.rows("SELECT event, source FROM consents ORDER BY id") if row[0] != "given"]


def test_a_bounce_for_a_dead_mailbox_suppresses_exactly_that_reader(sent: House, sink: Sink):
    """By the tag in the address it came to; the consent log says which report it was."""
    heard = hear(sent.installation, [bounce(sent, ANNA)])
    send(sent, sink)

    assert heard.effects == {Effect.SUPPRESSED: 1}
    assert active(sent) == {BEN}
    assert log_of(sent) == [("ended", "bounce (hard 5.1.1, report 1)")]
    assert [mail.recipient for mail in sink.mails[2:]] == [BEN]


def test_every_report_is_on_record_with_what_it_changed(sent: House):
    """Kind, class, status, which delivery, by which sign, the effect."""
    hear(sent.installation, [bounce(sent, ANNA)])

    assert sent.rows("SELECT kind, class, status, reply_code, cause, found_by, delivery_id, effect FROM reports") == [
        ("bounce", "hard", "5.1.1", "550", "no-such-user", "tag", delivery(sent, ANNA), "suppressed")
    ]


def test_a_mail_that_is_read_twice_changes_nothing_the_second_time(sent: House):
    """Whichever way it came the second time: line ends do not make another mail of it."""
    mail = bounce(sent, ANNA)
    hear(sent.installation, [mail])
    before = sent.dump()

    again = hear(sent.installation, [mail, mail.replace(b"\n", b"\r\n")])

    assert (again.mails, again.known, again.effects) == (2, 2, {})
    assert sent.dump() == before


FORGED = [
    pytest.param(lambda house: dsn(group(DEAD, to=ANNA), to=ANNA), id="no tag, and no Message-ID of ours"),
    pytest.param(
        lambda house: bounce(house, ANNA).replace(tag(house, ANNA).encode(), Tokens("x" * 40).make(
            Purpose.BOUNCE, delivery(house, ANNA)).encode()),
        id="a tag of another key",
    ),
    pytest.param(
        lambda house: bounce(house, ANNA).replace(
            tag(house, ANNA).encode(), house.installation.tokens.make(Purpose.VIEW, delivery(house, ANNA)).encode()
        ),
        id="a tag for another purpose",
    ),
    pytest.param(
        lambda house: bounce(house, ANNA).replace(
            tag(house, ANNA).encode(), house.installation.tokens.make(Purpose.BOUNCE, 999_999).encode()
        ),
        id="a tag of no delivery",
    ),
    pytest.param(lambda house: complaint(to=ANNA), id="a complaint about a mail that was never ours"),
    pytest.param(
        lambda house: f"From: {ANNA}\nTo: press@example.org\nSubject: unsubscribe\n\nunsubscribe\n".encode(),
        id="a wish to leave by who is not proved",
    ),
]  # fmt: skip


@pytest.mark.parametrize("forge", FORGED)
def test_a_forged_report_changes_nothing_for_anybody(sent: House, forge):
    """It is on record, and that is all."""
    heard = hear(sent.installation, [forge(sent)])

    assert heard.effects == {Effect.NOTHING: 1}
    assert active(sent) == {ANNA, BEN}
    assert not sent.rows("SELECT * FROM suppressions")
    assert sent.rows("SELECT found_by, delivery_id, text FROM reports") == [("", None, "")]


def test_a_bounce_that_lost_its_tag_is_known_by_our_message_id_and_the_address(sent: House, sink: Sink):
    """Made with our key, so nobody else could have written it."""
    (mail,) = (each for each in sink.mails if each.recipient == ANNA)
    report = dsn(group(DEAD, to=ANNA), to=ANNA).replace(b"<0123@news.example.org>", mail.message_id.encode())

    hear(sent.installation, [report])

    assert active(sent) == {BEN}
    assert sent.rows("SELECT found_by FROM reports") == [("message_id",)]


def test_a_message_id_of_one_reader_does_not_put_out_another(sent: House, sink: Sink):
    """Ben knows his own Message-ID, and writes a report about Anna."""
    (mail,) = (each for each in sink.mails if each.recipient == BEN)
    report = dsn(group(DEAD, to=ANNA), to=ANNA).replace(b"<0123@news.example.org>", mail.message_id.encode())

    hear(sent.installation, [report])

    assert active(sent) == {ANNA, BEN}


def test_the_name_of_the_envelope_tells_the_delivery_too(sent: House):
    """A server that speaks DSN returns it (RFC 3461 §4.4)."""
    report = dsn(group(DEAD, to=ANNA), to=ANNA).replace(b"e-77", tag(sent, ANNA).encode())

    hear(sent.installation, [report])

    assert active(sent) == {BEN}


def test_of_a_report_about_several_only_what_names_our_reader_counts(sent: House):
    """Anna's server passed the mail on to two; her own box is full, the other one is dead."""
    groups = group("552 5.2.2 Mailbox full", to=ANNA, status="5.2.2"), group(DEAD, to="old@example.net")
    report = dsn(*groups, to=ANNA).replace(b"e-77", tag(sent, ANNA).encode())

    heard = hear(sent.installation, [report])

    assert heard.effects == {Effect.COUNTED: 1, Effect.NOTHING: 1}
    assert active(sent) == {ANNA, BEN}


@pytest.mark.parametrize(
    ("said", "more"),
    [
        ("550 5.7.1 Message rejected as spam", {}),
        ("550 5.7.26 Unauthenticated email is not accepted, check SPF and DKIM", {}),
        ("451 4.4.1 No answer from host", {"action": "delayed"}),
        ("552 5.2.2 Mailbox full", {}),
    ],
    ids=["a block", "a fault of ours", "a delay", "a full mailbox"],
)
def test_what_is_not_the_death_of_an_address_suppresses_nobody(sent: House, said: str, more: dict[str, str]):
    """Not the first time; and what is for our sake never."""
    hear(sent.installation, [bounce(sent, ANNA, said, **more)])

    assert active(sent) == {ANNA, BEN}


def test_a_block_every_day_for_a_month_never_counts_against_the_reader(sent: House, sink: Sink):
    """It is said of us."""
    for _ in range(8):
        hear(sent.installation, [bounce(sent, ANNA, "550 5.7.1 Blocked: poor reputation of the sender")])
        send(sent, sink, days=4)

    assert active(sent) == {ANNA, BEN}


def test_a_doubtful_code_takes_two_mails_within_a_week(sent: House, sink: Sink):
    """The name servers of the domain know nothing of it, which may be for a day."""
    gone = "550 5.4.4 Host or domain name not found"
    first = hear(sent.installation, [bounce(sent, ANNA, gone)])
    send(sent, sink, days=3)
    second = hear(sent.installation, [bounce(sent, ANNA, gone)])

    assert (first.effects, second.effects) == ({Effect.COUNTED: 1}, {Effect.SUPPRESSED: 1})
    assert active(sent) == {BEN}


def test_a_mailbox_that_stays_full_is_given_up_after_weeks(sent: House, sink: Sink):
    """Five reports, of three editions or more, over two weeks or more."""
    effects = []
    for _ in range(6):
        heard = hear(sent.installation, [bounce(sent, ANNA, "552 5.2.2 Mailbox full")])
        effects.extend(heard.effects)
        send(sent, sink, days=4)

    assert effects[:5] == [Effect.COUNTED] * 4 + [Effect.SUPPRESSED]
    assert active(sent) == {BEN}


def test_a_mail_that_arrived_makes_up_for_the_full_mailbox(sent: House, sink: Sink):
    """Three times full, then well for ten days, then full again: the count begins anew."""
    for _ in range(4):
        hear(sent.installation, [bounce(sent, ANNA, "552 5.2.2 Mailbox full")])
        send(sent, sink, days=4)
    send(sent, sink, days=10)
    heard = hear(sent.installation, [bounce(sent, ANNA, "552 5.2.2 Mailbox full")])

    assert heard.effects == {Effect.COUNTED: 1}
    assert active(sent) == {ANNA, BEN}


@pytest.mark.parametrize("kind", ["abuse", "opt-out", "fraud", "other"])
def test_who_complains_is_out_at_once_of_everything(sent: House, kind: str):
    """Whichever newsletter it was about."""
    sent.newsletter("weekly")
    sent.reader(ANNA, "weekly")
    report = complaint(kind, f"Original-Envelope-Id: {tag(sent, ANNA)}", to=ANNA)

    heard = hear(sent.installation, [report])

    assert heard.effects == {Effect.SUPPRESSED: 1}
    assert active(sent) == {BEN}
    assert log_of(sent) == [("ended", f"complaint ({kind}, report 1)")] * 2
    assert sent.rows("SELECT reason FROM suppressions") == [("complained",)]


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure"])
def test_a_complaint_that_is_none_changes_nothing(sent: House, kind: str):
    """One takes it back, the other is about our signature."""
    hear(sent.installation, [complaint(kind, f"Original-Envelope-Id: {tag(sent, ANNA)}", to=ANNA)])

    assert active(sent) == {ANNA, BEN}


def test_a_redacted_complaint_is_known_by_the_leave_link_of_the_mail_it_returns(sent: House):
    """The address was taken out (RFC 6590); the signed link of List-Unsubscribe was not."""
    link = sent.links.leave(sent.subscription_id(ANNA))
    returned = f"Message-ID: <0123@news.example.org>\nList-Unsubscribe: <{link}>, <mailto:press@example.org>"
    report = complaint(to="redacted@example.net").replace(b"Message-ID: <0123@news.example.org>", returned.encode())

    hear(sent.installation, [report])

    assert active(sent) == {BEN}


def test_a_suppressed_address_stays_so_through_import_and_erasure(sent: House):
    """Only a keyed hash is left of it, and that is enough."""
    hear(sent.installation, [bounce(sent, ANNA)])

    with pytest.raises(AssertionError, match="suppressed"):
        sent.reader(ANNA)
    erase_subscriber(sent.engine, ANNA, secret=SECRET, now=sent.clock.now())
    with pytest.raises(AssertionError, match="suppressed"):
        sent.reader(ANNA)
    assert ANNA not in sent.dump()


def test_a_bounce_of_an_erased_reader_is_nobodys(sent: House):
    """It came late; nothing of the address comes back with it."""
    late = bounce(sent, ANNA)
    erase_subscriber(sent.engine, ANNA, secret=SECRET, now=sent.clock.now())

    heard = hear(sent.installation, [late])

    assert heard.effects == {Effect.NOTHING: 1}
    assert ANNA not in sent.dump()


def test_a_bounce_from_before_a_correction_is_not_held_against_the_new_address(sent: House):
    """It was said of another mailbox."""
    late = bounce(sent, ANNA)
    correct_address(sent.engine, ANNA, "anna@example.com", secret=SECRET, now=sent.clock.now())
    sent.move(minutes=1)

    hear(sent.installation, [late])

    assert active(sent) == {"anna@example.com", BEN}


def test_who_was_put_out_for_a_dead_address_goes_on_at_the_corrected_one(sent: House, sink: Sink):
    """The agreement was never withdrawn; the dead address stays suppressed."""
    hear(sent.installation, [bounce(sent, ANNA)])
    correct_address(sent.engine, ANNA, "anna@example.com", secret=SECRET, now=sent.clock.now())
    send(sent, sink)

    assert sink.mails[-1].recipient in ("anna@example.com", BEN)
    assert active(sent) == {"anna@example.com", BEN}
    assert sent.rows("SELECT reason FROM suppressions") == [("bounced",)]


def test_who_complained_does_not_come_back_by_a_correction(sent: House):
    """Only they can."""
    hear(sent.installation, [complaint("abuse", f"Original-Envelope-Id: {tag(sent, ANNA)}", to=ANNA)])
    correct_address(sent.engine, ANNA, "anna@example.com", secret=SECRET, now=sent.clock.now())

    assert active(sent) == {BEN}


def test_a_refusal_in_the_session_goes_by_the_same_rules(house: House, sink: Sink):
    """Anna's mailbox does not exist; a server that finds fault with us does not put Ben out."""
    for reader in (ANNA, BEN):
        house.reader(reader)
    sink.script = lambda recipient, _number: Do.NEVER if recipient == ANNA else Do.TAKE
    send(house, sink)

    first, second = hear_replies(house.installation), hear_replies(house.installation)

    assert (first.effects, second.effects) == ({Effect.SUPPRESSED: 1}, {})
    assert active(house) == {BEN}


def test_a_refusal_for_what_we_are_counts_against_nobody(house: House, sink: Sink):
    """554 with words of policy, at the end of the message."""
    house.reader(ANNA)
    sink.never = "550 5.7.1 rejected: message looks like spam"
    sink.script = lambda _recipient, _number: Do.NEVER
    send(house, sink)

    hear_replies(house.installation)

    assert active(house) == {ANNA}


GMAIL = Path(__file__).resolve().parents[2].parent / "shared/reference/gmail-smtp-errors-2026-02-15.txt"


@pytest.mark.skipif(not GMAIL.exists(), reason="the list of Gmail's replies is not here")
@pytest.mark.parametrize("phase", ["rcpt", "dot"])
def test_of_all_that_gmail_may_say_only_a_mailbox_that_is_gone_or_full_is_the_readers(phase: str):
    """Not its complaints about our signature, our name, our pace, our size or our syntax."""
    lines = re.findall(r"(?m)^\D{0,8}(5\d\d)\D{1,4}(5\.\d{1,3}\.\d{1,3})\W*(.*)", GMAIL.read_text("utf-8"))
    replies = [report_of(Refusal(1, 1, 1, phase, int(code), status, words)) for code, status, words in lines]

    counted = {report.status for report in replies if is_failure(report, shipped_terms())}

    assert len(replies) > 50
    assert counted == {"5.1.1", "5.1.2", "5.1.3", "5.2.1", "5.2.2"}


@pytest.mark.sqlite
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(torn=st.data())
def test_no_mail_however_torn_fails_or_puts_out_another_reader(sent: House, torn: st.DataObject):
    """Cut, doubled, with foreign bytes: at worst nothing is understood."""
    mail = bounce(sent, ANNA)
    begin, end = sorted(torn.draw(st.tuples(*[st.integers(0, len(mail))] * 2)))
    noise = torn.draw(st.binary(max_size=40))

    hear(sent.installation, [mail[:begin] + noise + mail[end:]])

    assert BEN in active(sent)


@pytest.mark.sqlite
def test_a_huge_mail_is_heard_by_its_first_megabyte(sent: House):
    """What it has to say stands there."""
    heard = hear(sent.installation, [bounce(sent, ANNA) + b"x" * 3_000_000, b"", b"\0" * 100])

    assert heard.effects == {Effect.SUPPRESSED: 1, Effect.NOTHING: 2}


def test_many_refusals_are_heard_in_parts_and_each_of_them_once(
    house: House, sink: Sink, monkeypatch: pytest.MonkeyPatch
):
    """So that the sender never waits for long."""
    monkeypatch.setattr("digest.pipeline.hearing.hear_replies._AT_ONCE", 2)
    monkeypatch.setattr("digest.pipeline.hearing.judge._AT_ONCE", 2)
    house.readers([{"email": f"dead{n}@example.net", "topics": "trade"} for n in range(5)])
    sink.script = lambda _recipient, _number: Do.NEVER
    send(house, sink)

    first, second = hear_replies(house.installation), hear_replies(house.installation)

    assert (first.effects, second.effects) == ({Effect.SUPPRESSED: 5}, {})
    assert not active(house)
