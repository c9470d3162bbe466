"""However a reader leaves, it is by one door, at once and for good; the consent log says which way they took."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from digest.errors import BadInput
from digest.model.feedback import Effect
from digest.model.subscriber import EndedReason, SuppressionReason
from digest.pipeline.hearing.hear import hear
from digest.pipeline.reading.leave import leave, leave_all, leave_one, put_out
from digest.pipeline.reading.subscribe import leave_link, preferences_for, resume
from digest.pipeline.subscribers.suppression import lift, suppressed_keys
from digest.tokens import Purpose
from tests.house import SECRET, House
from tests.sink import Sink

ANNA, BEN = "anna@example.net", "ben@example.net"


@pytest.fixture
def sent(house: House, sink: Sink) -> House:
    """Give a house that has sent Anna and Ben one mail each."""
    for reader in (ANNA, BEN):
        house.reader(reader)
    house.move(hours=2)
    house.article("trade")
    house.send(sink)
    return house


def mail(subject: str, text: str = "", *, to: str = "press@example.org", **headers: str) -> bytes:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = f"Anna <{ANNA}>", to, subject
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made.as_bytes()


def leave_tag(house: House, address: str = ANNA) -> str:
    return house.links.leave(house.subscription_id(address)).rpartition("/")[2]


def ended(house: House) -> dict[str, str]:
    rows = house.rows(
        "SELECT u.address, s.ended_reason FROM subscriptions s JOIN subscribers u ON u.id = s.subscriber_id"
        " WHERE s.state = 'ended'"
    )
    return {row[0]: row[1] for row in rows}


def test_the_mail_that_list_unsubscribe_writes_ends_that_subscription(sent: House, sink: Sink):
    """From the very header of the mail, without a question asked back (RFC 2369 §3.2)."""
    (got,) = (each for each in sink.mails if each.recipient == ANNA)
    mailto = str(got.parsed["List-Unsubscribe"]).rpartition("<mailto:")[2].rstrip(">")
    to, _, subject = mailto.partition("?subject=")

    heard = hear(sent.installation, [mail(subject.replace("%20", " "), to=to)])

    assert heard.effects == {Effect.LEFT: 1}
    assert ended(sent) == {ANNA: "mail"}
    assert sent.rows("SELECT event, source FROM consents WHERE event = 'ended'") == [
        ("ended", "mail to leave (report 1)")
    ]


@pytest.mark.parametrize("sender", ["anna@example.net", "anna@work.example.com"], ids=["her own", "another address"])
def test_the_tag_alone_says_who_leaves(sent: House, sender: str):
    """She may write from anywhere."""
    hear(sent.installation, [mail("unsubscribe", to=f"leave+{leave_tag(sent)}@example.org").replace(
        ANNA.encode(), sender.encode())])  # fmt: skip

    assert ended(sent) == {ANNA: "mail"}


def test_an_answer_that_says_stop_leaves_by_the_message_it_answers(sent: House, sink: Sink):
    """The Message-ID in In-Reply-To is ours, and was Anna's."""
    (got,) = (each for each in sink.mails if each.recipient == ANNA)

    heard = hear(sent.installation, [mail("Re: Morning Brief", "Stop, please.\n", In_Reply_To=got.message_id)])

    assert heard.effects == {Effect.LEFT: 1}
    assert ended(sent) == {ANNA: "mail"}


def test_an_answer_to_the_return_path_leaves_by_its_tag(sent: House):
    """Some programs answer there."""
    (row,) = sent.rows("SELECT id FROM deliveries WHERE address = :a", a=ANNA)
    tag = sent.installation.tokens.make(Purpose.BOUNCE, row[0])

    hear(sent.installation, [mail("Re: Morning Brief", "수신거부", to=f"bounces+{tag}@example.org")])

    assert ended(sent) == {ANNA: "mail"}


def test_nobody_can_answer_in_the_name_of_another(sent: House, sink: Sink):
    """Ben's Message-ID under Anna's address proves nothing."""
    (got,) = (each for each in sink.mails if each.recipient == BEN)

    heard = hear(sent.installation, [mail("Re: Morning Brief", "unsubscribe", In_Reply_To=got.message_id)])

    assert heard.effects == {Effect.NOTHING: 1}
    assert not ended(sent)


def test_a_vacation_notice_leaves_nothing_whatever_it_quotes(sent: House, sink: Sink):
    """A machine has no wishes."""
    (got,) = (each for each in sink.mails if each.recipient == ANNA)
    away = mail("Out of office", "Stop\n", In_Reply_To=got.message_id, Auto_Submitted="auto-replied")

    hear(sent.installation, [away])

    assert not ended(sent)


def test_leaving_by_mail_is_of_one_newsletter(sent: House):
    """The other goes on."""
    sent.newsletter("weekly")
    sent.reader(ANNA, "weekly")

    hear(sent.installation, [mail(f"unsubscribe {leave_tag(sent)}")])

    assert sent.rows("SELECT COUNT(*) FROM subscriptions WHERE state = 'ended'") == [(1,)]


def test_who_left_by_mail_may_come_back_by_a_click(sent: House):
    """It was their own hand."""
    hear(sent.installation, [mail(f"unsubscribe {leave_tag(sent)}")])
    link = leave_link(sent.installation, leave_tag(sent))
    assert link is not None

    resume(sent.installation, link.choices, source="page")

    assert not ended(sent)


def test_each_way_of_leaving_is_in_the_consent_log(house: House):
    """One-click, page, all at once, mail, a complaint."""
    addresses = [f"{name}@example.net" for name in ("one", "page", "all", "mail", "complaint")]
    for address in addresses:
        house.reader(address)
    here, ids = house.installation, [house.subscription_id(each) for each in addresses]
    readers = [row[0] for row in house.rows("SELECT id FROM subscribers ORDER BY id")]

    assert leave(here, leave_tag(house, addresses[0]), EndedReason.ONE_CLICK, source="one-click POST (RFC 8058)")
    leave_one(here, ids[1], EndedReason.PAGE, source="page")
    leave_all(here, readers[2], EndedReason.PAGE, source="page, all")
    hear(here, [mail(f"unsubscribe {leave_tag(house, addresses[3])}")])
    with house.engine.begin() as connection:
        put_out(here, connection, readers[4], addresses[4], SuppressionReason.COMPLAINED, source="complaint")

    assert sorted(ended(house).values()) == ["mail", "one_click", "page", "page", "suppressed"]
    assert [row[0] for row in house.rows("SELECT source FROM consents WHERE event = 'ended' ORDER BY id")] == [
        "one-click POST (RFC 8058)", "page", "page, all", "mail to leave (report 1)", "complaint",
    ]  # fmt: skip


def test_only_a_fresh_confirmation_lifts_a_suppression(sent: House):
    """No click of hers, no file of ours."""
    (reader,) = sent.rows("SELECT id FROM subscribers WHERE address = :a", a=ANNA)
    with sent.engine.begin() as connection:
        put_out(sent.installation, connection, reader[0], ANNA, SuppressionReason.BOUNCED, source="bounce")
    found = preferences_for(sent.installation, sent.installation.tokens.make(Purpose.PREFERENCES, reader[0]))
    assert found is not None

    with pytest.raises(BadInput, match="sign up again"):
        resume(sent.installation, found[1][0], source="page")
    with pytest.raises(AssertionError, match="suppressed"):
        sent.reader(ANNA)
    with sent.engine.begin() as connection:
        lifted = lift(connection, ANNA, [SECRET])
        again = suppressed_keys(connection, [ANNA], [SECRET])

    assert (lifted, again) == (True, {})
