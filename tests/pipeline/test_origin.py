"""A new key or a new address of the installation, while mail is under way: each mail stays what it was planned as."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from digest.errors import NotFound
from digest.pipeline.delivering import dispatch as dispatching
from digest.pipeline.delivering.messages import KeyGone, Messages
from digest.pipeline.previewing.view import mail_page
from digest.store.dispatching import find_row
from digest.store.engine import reading
from digest.tokens import Purpose, Tokens
from tests.house import SECRET, House
from tests.sink import Do, Sink

ANNA = "anna@example.org"
SECOND, THIRD = "the second secret of at least 32 characters", "the third secret of at least 32 characters"
LONGER = "https://a-much-longer-name-than-before.news.example.org/with/a/path/too"


def answering(*answers: Do):  # a script for the sink
    """Answer the tries so, one after the other, then take everything."""
    return lambda _recipient, number: answers[number - 1] if number <= len(answers) else Do.TAKE


def rotate(house: House, key: str = SECOND, previous: str = SECRET, base_url: str = "https://news.example.org") -> None:
    """Change the settings, as an admin does between two runs."""
    house.installation = replace(house.installation, tokens=Tokens(key, previous), base_url=base_url)


@pytest.fixture
def planned(house: House) -> House:
    """Give a house with a mail for Anna that is planned and not sent; an article without an address is in it."""
    house.installation = replace(house.installation, return_path="bounces@example.org")
    house.reader(ANNA)
    house.article("trade", url="")
    house.plan()
    return house


CHANGES = [
    pytest.param({}, id="key"),
    pytest.param({"key": SECRET, "previous": "", "base_url": LONGER}, id="address"),
    pytest.param({"key": SECRET, "previous": "", "base_url": "http://localhost"}, id="shorter address"),
    pytest.param({"base_url": LONGER}, id="key and address"),
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("answer", [Do.LATER_AT_DOT, Do.LOSE_REPLY])
def test_a_second_try_after_a_change_of_settings_is_the_same_mail(
    planned: House, sink: Sink, change: dict[str, str], answer: Do
):
    """Same Message-ID, same bytes, same envelope: also what the first try would have been."""
    seen: list[bytes] = []
    sink.script = answering(answer)
    planned.dispatch(sink)
    seen.append(remade(planned))
    rotate(planned, **change)
    planned.move(minutes=40)
    seen.append(remade(planned))
    planned.dispatch(sink)

    assert planned.states() == {ANNA: "sent"}
    assert {*seen, *(mail.content for mail in sink.mails)} == {sink.mails[-1].content}
    assert len({mail.sender for mail in sink.mails}) == 1


@pytest.mark.parametrize("change", CHANGES)
def test_a_mail_that_waits_for_its_first_try_keeps_the_address_its_cards_were_printed_with(
    planned: House, sink: Sink, change: dict[str, str]
):
    """One mail never leads to two addresses, and is as large as planning counted."""
    before = remade(planned)
    rotate(planned, **change)
    planned.dispatch(sink)

    (mail,) = sink.mails
    assert set(re.findall(r"https?://[^/]+/", " ".join(re.findall(r'href="([^"]+)"', mail.html)))) == {
        "https://news.example.org/"
    }
    # All but the Date, which is that of the first claim.
    assert re.sub(rb"\r\nDate: .*", b"", mail.content) == re.sub(rb"\r\nDate: .*", b"", before)


@pytest.mark.parametrize("change", CHANGES)
def test_view_in_browser_shows_the_links_of_the_mail_after_a_change_of_settings(
    planned: House, sink: Sink, change: dict[str, str]
):
    """The page is the mail."""
    planned.dispatch(sink)
    (mail,) = sink.mails
    (token,) = set(re.findall(r"/v/([\w-]{32})", mail.html))
    rotate(planned, **change)

    part = mail.parsed.get_body(("html",))
    assert part is not None
    assert mail_page(planned.installation, token).encode() == part.get_payload(decode=True)


def test_a_mail_planned_anew_leads_to_the_address_of_that_day(planned: House, sink: Sink):
    """It is another mail, with a Message-ID of its own."""
    rotate(planned, base_url=LONGER)
    planned.change("UPDATE deliveries SET digest_id = NULL, plan_no = plan_no + 1")
    planned.send(sink)

    (mail,) = sink.mails
    assert f"{LONGER}/u/" in mail.html
    assert "https://news.example.org" not in mail.html


def test_a_mail_that_waited_until_its_key_was_gone_is_planned_anew(planned: House, sink: Sink):
    """Nobody has it yet, so it may have another Message-ID; its links are signed with a key there is."""
    sink.script = answering(Do.LATER_AT_DOT)
    planned.dispatch(sink)
    before = remade(planned)
    rotate(planned, THIRD, SECOND)
    planned.move(minutes=40)
    planned.dispatch(sink)

    (mail,) = sink.mails
    (token,) = set(re.findall(r"/u/([\w-]{32})", mail.html))
    assert planned.states() == {ANNA: "sent"}
    assert mail.message_id.encode() not in before
    assert Tokens(THIRD).read(Purpose.LEAVE, token) == planned.subscription_id(ANNA)


def test_a_mail_whose_key_is_gone_is_not_tried_before_its_time(planned: House, sink: Sink):
    """The server said later; another key changes nothing about that."""
    sink.script = answering(Do.LATER_AT_DOT)
    planned.dispatch(sink)
    rotate(planned, THIRD, SECOND)
    planned.dispatch(sink)

    assert (planned.states(), sink.tries[ANNA]) == ({ANNA: "deferred"}, 1)


def test_a_mail_in_doubt_whose_key_is_gone_is_not_sent_again(planned: House, sink: Sink):
    """It may have arrived: under another Message-ID it would be there twice."""
    sink.script = answering(Do.LOSE_REPLY)
    planned.dispatch(sink)
    rotate(planned, THIRD, SECOND)
    planned.move(minutes=40)
    planned.dispatch(sink)
    planned.move(hours=12)
    planned.dispatch(sink)

    assert [(each.state, each.reason) for each in planned.log()] == [("in_doubt", "key_gone")]
    assert len(sink.mails) == 1
    assert planned.rows("SELECT state FROM editions") == [("finished",)]


@pytest.mark.parametrize(
    ("answers", "end", "mails"),
    [
        pytest.param((), "sent", 1, id="never tried"),
        pytest.param((Do.LATER_AT_DOT,), "sent", 1, id="deferred"),
        pytest.param((Do.LOSE_REPLY,), "in_doubt", 1, id="in doubt"),
    ],
)
def test_a_mail_with_a_lost_key_that_comes_due_while_sending_waits_for_the_next(
    planned: House,
    sink: Sink,
    monkeypatch: pytest.MonkeyPatch,
    answers: tuple[Do, ...],
    end: str,
    mails: int,
):
    """Another process may plan with a key that this one was not given: nothing is refused for that."""
    sink.script = answering(*answers)
    if answers:
        planned.dispatch(sink)
    rotate(planned, THIRD, SECOND)
    planned.move(minutes=40)
    with monkeypatch.context() as late:
        late.setattr(dispatching, "part_from_lost_keys", lambda *_, **__: None)
        planned.dispatch(sink)
    waiting = [(each.state, each.reason) for each in planned.log()]
    planned.move(minutes=6)
    planned.dispatch(sink)

    assert waiting == [("deferred", "key_gone")]
    assert (planned.states(), len(sink.mails)) == ({ANNA: end}, mails)


def test_a_mail_whose_key_is_gone_is_no_longer_shown(planned: House, sink: Sink):
    """Its own link is worthless too; a page with other links would not be that mail."""
    planned.dispatch(sink)
    rotate(planned, THIRD, SECOND)

    with pytest.raises(NotFound):
        mail_page(planned.installation, planned.installation.tokens.make(Purpose.VIEW, 1))
    with pytest.raises(KeyGone):
        remade(planned)


def test_plannings_under_one_key_and_address_share_their_origin(planned: House, sink: Sink):
    """There are as many as there were settings."""
    planned.dispatch(sink)
    planned.move(days=1)
    planned.article("trade")
    planned.plan()
    rotate(planned)
    planned.move(days=1)
    planned.article("trade")
    planned.plan()

    first, second, third = (row[0] for row in planned.rows("SELECT origin_id FROM digests ORDER BY id"))
    assert first == second != third


def remade(house: House) -> bytes:
    """Return what would go over the wire now."""
    with reading(house.engine) as connection:
        row = find_row(connection, 1)
    assert row is not None
    return Messages(house.installation).envelope(row).content
