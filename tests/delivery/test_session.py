"""The session: one message at a time, and what each answer, or none, makes of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.delivery.commands import Offer, offer_from
from digest.delivery.session import Session, Step
from digest.model.delivery import Outcome, Phase
from tests.delivery.scripted import envelope

ALL = Offer(pipelining=True, eight_bit=True, smtputf8=True, size=1_000_000)


def begun(offer: Offer = ALL, **fields: object) -> Session:
    session = Session(offer)
    session.begin(envelope(**fields))
    return session


def test_with_pipelining_the_commands_go_in_one_write():
    """One round trip less twice over (RFC 2920)."""
    assert Session(ALL).begin(envelope()) == (
        b"MAIL FROM:<news@example.org> SIZE=25\r\nRCPT TO:<reader1@example.net>\r\nDATA\r\n"
    )


def test_without_pipelining_each_command_waits_for_its_answer():
    """A server that did not offer it may lose what comes early."""
    session = Session(Offer())

    assert session.begin(envelope()) == b"MAIL FROM:<news@example.org>\r\n"
    assert session.received(b"250 ok\r\n") is Step.SEND
    assert session.output == b"RCPT TO:<reader1@example.net>\r\n"
    assert session.received(b"250 ok\r\n") is Step.SEND
    assert session.output == b"DATA\r\n"
    assert session.received(b"354 go on\r\n") is Step.CONTENT
    assert session.content().endswith(b"hello\r\n.\r\n")
    session.flushed()
    assert session.received(b"250 2.0.0 queued\r\n") is Step.FINISHED
    assert session.verdict.outcome is Outcome.SENT
    assert session.tidy() == b""
    assert session.usable


@pytest.mark.parametrize(
    ("extensions", "offer"),
    [
        ({}, Offer()),
        ({"size": ""}, Offer(size=0)),
        ({"size": "0", "8bitmime": ""}, Offer(size=0, eight_bit=True)),
        ({"size": "many", "pipelining": "", "smtputf8": ""}, Offer(True, False, True, 0)),
        ({"size": "35882577"}, Offer(size=35882577)),
        ({"size": "9" * 5000}, Offer(size=0)),
        ({"chunking": "", "dsn": ""}, Offer(chunking=True, dsn=True)),
    ],
)
def test_the_offer_is_read_from_ehlo(extensions, offer):
    """Only what is offered is used."""
    assert offer_from(extensions) == offer


@pytest.mark.parametrize(
    ("offer", "fields", "command", "refusal"),
    [
        pytest.param(ALL, {"content": "é\r\n".encode()}, b" SIZE=4 BODY=8BITMIME\r\n", "", id="8-bit, offered"),
        pytest.param(Offer(), {"content": "é\r\n".encode()}, b"", "5.6.3", id="8-bit, not offered"),
        pytest.param(ALL, {"recipient": "zoë@example.net"}, b" SIZE=25 SMTPUTF8\r\n", "", id="SMTPUTF8, offered"),
        pytest.param(ALL, {"needs_smtputf8": True}, b" SIZE=25 SMTPUTF8\r\n", "", id="SMTPUTF8 by its headers"),
        pytest.param(Offer(), {"recipient": "zoë@example.net"}, b"", "5.6.7", id="SMTPUTF8, not offered"),
        pytest.param(Offer(size=24), {}, b"", "5.3.4", id="larger than the server takes"),
        pytest.param(Offer(size=25), {}, b" SIZE=25\r\n", "", id="just as large"),
        pytest.param(Offer(size=0), {}, b" SIZE=25\r\n", "", id="no limit named"),
        pytest.param(ALL, {"recipient": "local@@x"}, b"", "5.1.3", id="not an address"),
        pytest.param(ALL, {"recipient": "a@example.net>\r\nDATA"}, b"", "5.1.3", id="an address with a command"),
        pytest.param(ALL, {"sender": "no one"}, b"", "5.1.7", id="return path"),
        pytest.param(Offer(), {"sender": ""}, b"MAIL FROM:<>\r\n", "", id="empty return path"),
    ],
)
def test_only_what_is_offered_is_used(offer, fields, command, refusal):
    """What the server cannot take is refused here, with the codes the standards have for it."""
    session = Session(offer)
    commands = session.begin(envelope(**fields))

    if refusal:
        assert commands == b""
        assert (session.declined, session.verdict.reply.code) == (True, 0), "no server said it"
        assert session.verdict.reply.enhanced == refusal
        assert session.verdict.reply.text.startswith("not sent: ")
        assert session.verdict.outcome in (Outcome.REFUSED, Outcome.SENDER_FAULT)
        assert session.usable
    else:
        assert commands.partition(b"\n")[0].endswith(command.rstrip(b"\n"))


@pytest.mark.parametrize(
    ("fields", "mail", "rcpt"),
    [
        pytest.param({}, b" RET=HDRS", b" NOTIFY=FAILURE ORCPT=rfc822;reader1@example.net", id="no token"),
        pytest.param(
            {"token": lambda: "b.7=x+y"},
            b" RET=HDRS ENVID=b.7+3Dx+2By",
            b" NOTIFY=FAILURE ORCPT=rfc822;reader1@example.net",
            id="a token as xtext",
        ),
        pytest.param(
            {"recipient": "a+b=c@example.net"},
            b" RET=HDRS",
            b" NOTIFY=FAILURE ORCPT=rfc822;a+2Bb+3Dc@example.net",
            id="an address as xtext",
        ),
        pytest.param(
            {"recipient": "zo\u00eb+x@example.net"},
            b" SMTPUTF8 RET=HDRS",
            b" NOTIFY=FAILURE ORCPT=utf-8;zo\\x{EB}\\x{2B}x@example.net",
            id="an address beyond ASCII (RFC 6533)",
        ),
        pytest.param(
            {"token": lambda: "t" * 101},
            b" RET=HDRS",
            b" NOTIFY=FAILURE ORCPT=rfc822;reader1@example.net",
            id="a token longer than ENVID takes",
        ),
    ],
)
def test_where_reports_are_offered_they_are_asked_for_so_that_they_can_be_read(fields, mail, rcpt):
    """T20, RFC 3461: failures only, headers only, with our name for the delivery and the address as we had it."""
    to_sender, to_recipient, _, _ = (
        Session(Offer(pipelining=True, smtputf8=True, dsn=True)).begin(envelope(**fields)).split(b"\r\n")
    )

    assert to_sender == b"MAIL FROM:<news@example.org>" + mail
    assert to_recipient.partition(b">")[2] == rcpt


@pytest.mark.parametrize(
    ("answers", "outcome", "phase", "tidy"),
    [
        pytest.param(
            b"550 5.1.8 you\r\n503 no\r\n503 no\r\n", Outcome.SENDER_FAULT, Phase.MAIL, b"RSET\r\n", id="MAIL"
        ),
        pytest.param(b"250 ok\r\n550 5.1.1 no\r\n503 no\r\n", Outcome.REFUSED, Phase.RCPT, b"RSET\r\n", id="RCPT"),
        pytest.param(
            b"250 ok\r\n450 4.2.1 later\r\n354 go\r\n", Outcome.DEFERRED, Phase.RCPT, b".\r\n", id="RCPT, 354"
        ),
        pytest.param(b"250 ok\r\n250 ok\r\n451 later\r\n", Outcome.DEFERRED, Phase.DATA, b"RSET\r\n", id="DATA"),
    ],
)
def test_a_refusal_leaves_the_connection_ready_for_the_next_reader(answers, outcome, phase, tidy):
    """One reader's refusal is not the others'."""
    session = begun()

    assert session.received(answers) is Step.FINISHED
    assert session.verdict[:2] == (outcome, phase)
    assert session.usable
    assert session.tidy() == tidy
    assert session.received(b"554 5.5.1 no valid recipients\r\n") is Step.READY
    assert session.begin(envelope(2)).startswith(b"MAIL")


def test_a_lone_dot_is_never_sent_when_a_recipient_stands():
    """It would deliver an empty message: better no connection than that."""
    session = begun()

    assert session.received(b"550 5.7.1 you\r\n250 ok\r\n354 go on\r\n") is Step.FINISHED
    assert session.verdict.phase is Phase.MAIL
    assert not session.usable


AT = {
    Phase.MAIL: b"",
    Phase.RCPT: b"250 ok\r\n",
    Phase.DATA: b"250 ok\r\n250 ok\r\n",
    Phase.BODY: b"250 ok\r\n250 ok\r\n354 go on\r\n",
    Phase.DOT: b"250 ok\r\n250 ok\r\n354 go on\r\n",
}


def brought_to(phase: Phase) -> Session:
    session = begun()
    if AT[phase]:
        session.received(AT[phase])
    if phase in (Phase.BODY, Phase.DOT):
        session.content()
    if phase is Phase.DOT:
        session.flushed()
    return session


@pytest.mark.parametrize("phase", AT)
@pytest.mark.parametrize(
    "what",
    [
        pytest.param(None, id="lost"),
        pytest.param(b"hello\r\n", id="chat"),
        pytest.param(b"2" * 70_000, id="a reply without end"),
        pytest.param(b"250-x\r\n" * 10_000, id="a reply of ten thousand lines"),
        pytest.param(b"354 go on\r\n354 go on\r\n354 go on\r\n354 go on\r\n", id="out of turn"),
    ],
)
def test_before_the_dot_all_is_safe_and_after_it_in_doubt(phase, what):
    """The one line that decides between repeating and doubling."""
    session = brought_to(phase)
    step = session.lost("gone") if what is None else session.received(what)

    assert step is Step.FINISHED
    assert session.verdict.outcome is (Outcome.IN_DOUBT if phase is Phase.DOT else Outcome.DEFERRED)
    assert not session.usable


@pytest.mark.parametrize("phase", AT)
def test_a_421_is_a_deferral_wherever_it_comes(phase):
    """Also after the dot: the server says that it did not take the message."""
    session = brought_to(phase)

    assert session.received(b"421 4.7.0 closing\r\n") is Step.FINISHED
    assert session.verdict[:2] == (Outcome.DEFERRED, phase)
    assert session.verdict.reply.code == 421
    assert not session.usable


def test_two_replies_to_one_message_leave_it_in_doubt():
    """Which of them was meant is not known."""
    session = brought_to(Phase.DOT)

    assert session.received(b"250 ok\r\n250 ok\r\n") is Step.FINISHED
    assert session.verdict.outcome is Outcome.IN_DOUBT
    assert not session.usable


def test_a_goodbye_behind_the_250_does_not_unsend():
    """Sent is sent; only the connection is over."""
    session = brought_to(Phase.DOT)

    assert session.received(b"250 ok\r\n421 bye\r\n") is Step.FINISHED
    assert session.verdict.outcome is Outcome.SENT
    assert not session.usable


def test_an_answer_before_the_content_is_out_of_step():
    """A 250 that comes with the 354 cannot be about a message not yet sent."""
    session = begun()

    assert session.received(b"250 ok\r\n250 ok\r\n354 go on\r\n250 taken\r\n") is Step.FINISHED
    assert session.verdict.outcome is Outcome.DEFERRED
    assert not session.usable


@pytest.mark.parametrize("said", [b"421 idle too long\r\n", b"250 what?\r\n", b"garbage\r\n", b"25"])
def test_words_between_messages_end_the_connection_and_no_message(said):
    """Nothing was tried."""
    session = brought_to(Phase.DOT)
    session.received(b"250 ok\r\n")
    step = session.received(said)

    assert step in (Step.CLOSE, Step.WAIT)
    assert session.verdict.outcome is Outcome.SENT
    if step is Step.CLOSE:
        assert not session.usable


ANSWERS = st.lists(
    st.sampled_from(
        [b"250 ok\r\n", b"354 go\r\n", b"421 bye\r\n", b"450 4.2.0 x\r\n", b"550 5.1.1 x\r\n", b"250-a\r\n", b"x\r\n"]
    )
    | st.binary(max_size=8),
    max_size=12,
)


WHOLE = Offer(pipelining=True, chunking=True)
OFFERS = st.builds(Offer, pipelining=st.booleans(), chunking=st.booleans())


def conversation(offer: Offer, pieces: list[bytes], *, flushes: bool = True, careful: bool = False):
    """Play *pieces* to a session until it has a verdict; return it, and whether all of the message was out."""
    session = Session(offer)
    session.begin(envelope(), careful=careful)
    is_out = session.is_whole and flushes
    if is_out:
        session.flushed()
    step = Step.WAIT
    for piece in pieces:
        step = session.received(piece)
        if step is Step.CONTENT:
            session.content()
            if flushes:
                session.flushed()
                is_out = True
        if step in (Step.FINISHED, Step.CLOSE):
            break
    if step is not Step.FINISHED:
        step = session.lost("gone")
    assert step is Step.FINISHED
    return session, is_out


@given(ANSWERS, OFFERS, st.booleans(), st.booleans())
def test_whatever_a_server_says_sent_takes_a_yes_to_the_whole_message(answers, offer, flushes, careful):
    """Fuzzed: no crash; sent only after a whole 2yz with the message out; in doubt only once it was out."""
    session, is_out = conversation(offer, answers, flushes=flushes, careful=careful)

    if session.verdict.outcome is Outcome.SENT:
        assert is_out
        assert session.verdict.reply.code // 100 == 2
    if not is_out:
        assert session.verdict.outcome is not Outcome.IN_DOUBT
    if is_out and session.verdict.reply.code == 0:
        assert session.verdict.outcome is Outcome.IN_DOUBT


@given(
    st.lists(st.sampled_from([b"250 ok\r\n", b"354 x\r\n", b"450 x\r\n", b"550 5.1.1 x\r\n", b"503 x\r\n"]), max_size=3)
)
def test_a_chunk_counts_as_sent_only_when_sender_recipient_and_content_were_taken(answers):
    """Three yes, in their order; a 250 to BDAT alone says nothing."""
    session, _ = conversation(WHOLE, answers)

    assert (session.verdict.outcome is Outcome.SENT) == (answers == [b"250 ok\r\n"] * 3)


LINES = st.lists(
    st.sampled_from(
        [
            b"250 2.1.0 ok\r\n",
            b"250-a\r\n250 b\r\n",
            b"550-5.1.1 no\r\n550 5.1.1 one\r\n",
            b"452 4.3.1 x\r\n",
            b"421 x\r\n",
        ]
    ),
    min_size=3,
    max_size=3,
)


@given(LINES, st.lists(st.integers(1, 40), max_size=8), OFFERS)
def test_any_chopping_of_the_servers_bytes_comes_to_the_same(lines, cuts, offer):
    """TCP has no lines: what counts is the bytes, not the reads they come in."""
    data = b"".join(lines[: 3 if offer.pipelining and offer.chunking else 1])
    places = sorted({min(cut, len(data)) for cut in cuts})
    pieces = [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True) if a < b]
    whole, _ = conversation(offer, [data])
    chopped, _ = conversation(offer, pieces)

    if b"421" not in data:  # after a goodbye nobody reads on, so there is no more to compare
        assert chopped.verdict == whole.verdict
        assert chopped.tidy() == whole.tidy()
    assert chopped.verdict.outcome is whole.verdict.outcome
