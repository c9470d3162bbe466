"""Outcomes: what a reply means, and whose fault it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from digest.delivery.outcomes import classify, is_too_fast, stops_everything
from digest.model.delivery import Outcome, Phase, Reply

GMAIL = Path(__file__).resolve().parents[2].parent / "shared/reference/gmail-smtp-errors-2026-02-15.txt"


@pytest.mark.parametrize(
    ("code", "enhanced", "phase", "outcome"),
    [
        pytest.param(250, "2.0.0", Phase.DOT, Outcome.SENT, id="taken"),
        pytest.param(252, "", Phase.DOT, Outcome.SENT, id="any 2yz to the dot"),
        pytest.param(0, "", Phase.DOT, Outcome.IN_DOUBT, id="silence after the dot"),
        pytest.param(354, "", Phase.DOT, Outcome.IN_DOUBT, id="nonsense after the dot"),
        *(pytest.param(0, "", phase, Outcome.DEFERRED, id=f"silence at {phase}") for phase in list(Phase)[:-1]),
        pytest.param(250, "", Phase.DATA, Outcome.DEFERRED, id="nonsense before the dot"),
        pytest.param(421, "4.7.0", Phase.DOT, Outcome.DEFERRED, id="goodbye after the dot"),
        pytest.param(450, "5.1.1", Phase.RCPT, Outcome.DEFERRED, id="450 5.1.1: the code wins"),
        pytest.param(550, "4.7.1", Phase.DOT, Outcome.SENDER_FAULT, id="550 4.7.1: the code wins"),
        pytest.param(550, "", Phase.RCPT, Outcome.REFUSED, id="no enhanced code"),
        pytest.param(550, "5.1.1", Phase.RCPT, Outcome.REFUSED, id="no such mailbox"),
        pytest.param(550, "5.1.1", Phase.DOT, Outcome.REFUSED, id="no such mailbox, told late"),
        pytest.param(552, "5.2.2", Phase.RCPT, Outcome.REFUSED, id="mailbox full"),
        pytest.param(552, "5.3.4", Phase.DOT, Outcome.REFUSED, id="too large"),
        pytest.param(552, "", Phase.MAIL, Outcome.REFUSED, id="too large by SIZE="),
        pytest.param(556, "5.1.10", Phase.RCPT, Outcome.REFUSED, id="null MX"),
        pytest.param(521, "", Phase.GREETING, Outcome.REFUSED, id="host takes no mail"),
        pytest.param(501, "5.5.4", Phase.RCPT, Outcome.REFUSED, id="their address, our syntax"),
        pytest.param(503, "5.5.1", Phase.RCPT, Outcome.SENDER_FAULT, id="bad sequence"),
        pytest.param(500, "", Phase.DATA, Outcome.SENDER_FAULT, id="unknown command"),
        pytest.param(550, "", Phase.MAIL, Outcome.SENDER_FAULT, id="our return path"),
        pytest.param(553, "5.1.7", Phase.MAIL, Outcome.SENDER_FAULT, id="our return path's syntax"),
        pytest.param(554, "", Phase.GREETING, Outcome.SENDER_FAULT, id="not welcome"),
        pytest.param(535, "5.7.8", Phase.AUTH, Outcome.SENDER_FAULT, id="wrong password"),
        pytest.param(454, "4.7.0", Phase.AUTH, Outcome.DEFERRED, id="cannot check the password now"),
        pytest.param(530, "5.7.0", Phase.MAIL, Outcome.SENDER_FAULT, id="log in first"),
        pytest.param(550, "5.7.1", Phase.RCPT, Outcome.SENDER_FAULT, id="policy"),
        pytest.param(550, "5.7.515", Phase.DOT, Outcome.SENDER_FAULT, id="Outlook: authentication"),
        pytest.param(550, "5.7.26", Phase.DOT, Outcome.SENDER_FAULT, id="DMARC"),
        pytest.param(554, "5.6.0", Phase.DOT, Outcome.SENDER_FAULT, id="malformed"),
        pytest.param(553, "5.6.7", Phase.RCPT, Outcome.REFUSED, id="needs SMTPUTF8"),
        pytest.param(551, "5.7.17", Phase.RCPT, Outcome.REFUSED, id="the mailbox has a new owner"),
    ],
)
def test_what_a_reply_means(code, enhanced, phase, outcome):
    """The reply code decides; the enhanced code tells whose fault a refusal is."""
    assert classify(Reply(code, enhanced, ""), phase) is outcome


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("enhanced", ["", "5.0.0", "2.0.0", "5.1.1", "5.9.9", "nonsense"])
def test_every_code_has_an_outcome(phase, enhanced):
    """No reply of any server is left without a row."""
    for code in range(600):
        assert classify(Reply(code, enhanced, ""), phase) in Outcome


def _gmail_rows() -> list[Reply]:
    """Return the table's rows; the words of a row stand around its code, up to the next one's."""
    parts = re.split(r"^([245]\d\d) +([245]\.\d+\.\d+)\b", GMAIL.read_text(encoding="utf-8"), flags=re.MULTILINE)
    before, *rest = parts
    replies = []
    for code, enhanced, after in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
        replies.append(Reply(int(code), enhanced, " ".join(f"{before[-400:]} {after[:400]}".split())))
        before = after
    return replies


#: What the table says in its temporary rows of us and not of the load: authentication and the like.
ABOUT_US = {"7.23", "7.24", "7.26", "7.27", "7.29", "7.30", "7.32", "7.40"}


@pytest.mark.skipif(not GMAIL.exists(), reason="the Gmail table is not beside this checkout")
def test_no_row_of_gmails_table_blames_a_reader_for_us():
    """4yz is tried again; 5yz ends it; only the reader's own address, mailbox or our size counts as refused."""
    rows = _gmail_rows()

    assert len(rows) > 90
    for code, enhanced, _ in rows:
        outcome = classify(Reply(code, enhanced, ""), Phase.DOT)
        if code < 500:
            ours = enhanced[2:] in ABOUT_US
            assert outcome is (Outcome.SENDER_FAULT if ours else Outcome.DEFERRED), (code, enhanced)
        elif enhanced.startswith(("5.5.", "5.6.", "5.7.")) or enhanced in ("5.1.7", "5.4.5"):
            assert outcome is Outcome.SENDER_FAULT, (code, enhanced)
        else:
            assert outcome is Outcome.REFUSED, (code, enhanced)


@pytest.mark.skipif(not GMAIL.exists(), reason="the Gmail table is not beside this checkout")
def test_a_temporary_row_of_gmails_table_slows_us_or_tells_us_what_to_mend_or_neither_but_never_both():
    """What waiting does not mend is no matter of speed; an unusual rate is."""
    rows = [reply for reply in _gmail_rows() if reply.code < 500]

    slowing = {each.enhanced for each in rows if is_too_fast(Reply(each.code, each.enhanced, ""))}
    mending = {each.enhanced for each in rows if classify(Reply(*each[:2], ""), Phase.DOT) is Outcome.SENDER_FAULT}
    assert slowing == {"4.7.28"}
    assert mending == {each.enhanced for each in rows if each.enhanced[2:] in ABOUT_US}


@pytest.mark.parametrize(
    ("enhanced", "text", "phase", "outcome"),
    [
        pytest.param(
            "4.7.0",
            "The IP address sending this message does not have a PTR record",
            Phase.DOT,
            Outcome.SENDER_FAULT,
            id="by its words: PTR",
        ),
        pytest.param(
            "4.7.1", "SPF and DKIM checks did not pass", Phase.DOT, Outcome.SENDER_FAULT, id="by its words: SPF"
        ),
        pytest.param(
            "", "example.org has no DMARC policy", Phase.DOT, Outcome.SENDER_FAULT, id="by its words: no DMARC"
        ),
        pytest.param(
            "4.7.26",
            "Unauthenticated email is not accepted, but temporary DNS failures prevent authentication",
            Phase.DOT,
            Outcome.DEFERRED,
            id="they could not look it up",
        ),
        pytest.param("4.7.1", "greylisted, see our page on SPF", Phase.RCPT, Outcome.DEFERRED, id="greylisting"),
        pytest.param("4.2.1", "unauthenticated users are slow", Phase.RCPT, Outcome.DEFERRED, id="one mailbox"),
        pytest.param("4.7.23", "no PTR record", Phase.GREETING, Outcome.DEFERRED, id="at the door: it is waited for"),
    ],
)
def test_a_temporary_reply_that_no_waiting_mends_is_a_fault_of_ours(enhanced, text, phase, outcome):
    """It is tried again, and five of them pause the edition and name the cause."""
    assert classify(Reply(451, enhanced, text), phase) is outcome


@pytest.mark.parametrize(
    ("code", "enhanced", "phase", "stops"),
    [
        pytest.param(535, "5.7.8", Phase.AUTH, True, id="wrong password"),
        pytest.param(530, "5.7.0", Phase.MAIL, True, id="log in first"),
        pytest.param(554, "", Phase.GREETING, True, id="not welcome"),
        pytest.param(550, "5.7.1", Phase.DOT, False, id="one domain's policy"),
        pytest.param(454, "4.7.0", Phase.AUTH, False, id="later"),
    ],
)
def test_what_stops_everything(code, enhanced, phase, stops):
    """What the next message could only meet again is not tried ten thousand times."""
    assert stops_everything(Reply(code, enhanced, ""), phase) is stops


@pytest.mark.parametrize(
    ("code", "enhanced", "text", "slows"),
    [
        pytest.param(421, "4.7.28", "unusual rate of unsolicited mail", True, id="Gmail: flood"),
        pytest.param(421, "4.7.26", "", False, id="Gmail: unauthenticated"),
        pytest.param(421, "4.7.0", "your IP address has been temporarily rate limited", True, id="Gmail: by its words"),
        pytest.param(421, "4.7.0", "[TSS04] temporarily deferred due to unexpected volume", True, id="Yahoo"),
        pytest.param(451, "4.7.500", "Server busy", True, id="Outlook"),
        pytest.param(421, "", "RP-001 sending limit", True, id="Outlook.com"),
        pytest.param(421, "4.3.0", "Temporary System Problem", False, id="their trouble"),
        pytest.param(450, "4.2.1", "The user is receiving email too quickly", False, id="one mailbox"),
        pytest.param(451, "4.7.1", "greylisted, try again later", False, id="greylisting"),
        pytest.param(550, "5.7.28", "rate limited", False, id="for good"),
        pytest.param(0, "", "no answer", False, id="silence"),
    ],
)
def test_which_replies_slow_a_provider_down(code, enhanced, text, slows):
    """Words about one mailbox, and greylisting, are no reason to keep the others waiting."""
    assert is_too_fast(Reply(code, enhanced, text)) is slows
