"""The tables hold together."""

from __future__ import annotations

import pytest

from digest.feedback.diagnosis import Evidence, diagnose
from digest.feedback.rules import Phrase, Saying, plain, shipped_rules
from digest.model.feedback import ReportClass

RULES = shipped_rules()


def test_every_name_of_a_cause_is_one():
    """In the tables of codes, phases and servers."""
    named = [*RULES.by_status.values(), *RULES.by_subject.values(), *RULES.by_reply.values(), *RULES.by_phase.values()]
    named += [cause for server in RULES.servers for cause, _ in (*server.phrases, *server.statuses)]

    assert sorted(set(named) - set(RULES.causes)) == []


def test_only_what_kills_an_address_is_hard():
    """Everything else can pass."""
    hard = {name for name, each in RULES.causes.items() if each.report_class is ReportClass.HARD}

    assert hard == {"no-such-user", "no-such-host", "takes-no-mail", "moved"}


def test_every_fault_of_ours_is_a_block():
    """Authentication, names and form are ours to mend; what others think of us or of the mail is not marked so."""
    ours = {name for name, each in RULES.causes.items() if each.is_sender_fault}

    assert ours == {"authentication", "no-ptr", "relay", "format", "sender-refused", "security"}
    assert {RULES.causes[name].report_class for name in ours} == {ReportClass.BLOCK}


def test_a_phrase_is_written_as_texts_are_compared():
    """Else it would never be found: lower case, single spaces."""
    phrases: list[str] = []
    RULES.keeping(lambda each: bool(phrases.append(each.piece)))

    assert [each for each in phrases if each.strip() and plain(f"x{each}x") != f"x{each}x"] == []


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("550 5.7.1 spf check failed", "authentication"),
        ("mailbox of the reader is full", "mailbox-full"),
        ("550 5.7.1 Spamhaus", "blocked"),
        ("550 unspammed", "unclear"),
    ],
)
def test_a_phrase_is_found_as_a_word_with_gaps_where_a_star_stands(said, cause):
    """`mailbox * full`, and "spam" in no other word."""
    assert diagnose(Evidence(said), (), RULES).cause.name == cause


@pytest.mark.parametrize("local", ["spam", "blocked", "mailbox-full", "user.unknown", "quota"])
def test_the_name_of_a_reader_is_no_word_of_the_server(local):
    """A mailbox may be called anything."""
    said = f"550 5.1.1 <{local}@example.net>... User unknown; see https://example.net/spam/blocked?quota"

    assert diagnose(Evidence(said), (), RULES).cause.name == "no-such-user"


#: What large providers answer, as class.
SAID = {
    "hard": [
        "550-5.1.1 The email account that you tried to reach does not exist. Please try 550-5.1.1 double-checking",
        "550 5.5.0 Requested action not taken: mailbox unavailable. (in reply to RCPT TO command)",
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
        "550 5.4.310 DNS domain example.net does not exist",
        "550 5.1.1 unknown or illegal alias: ann@example.net",
        "556 5.1.10 the domain does not accept mail",
    ],
    "soft": [
        "452 4.2.2 The recipient's inbox is out of storage space.",
        "450 4.2.1 The user you are trying to contact is receiving email too quickly.",
        "550 5.2.1 The email account that you tried to reach is disabled.",
        "552 5.3.4 Your message exceeded our message size limits.",
        "421 4.3.0 Temporary System Problem. Try again later.",
        "450 4.2.0 Recipient address rejected: Greylisted, see https://example.net/help",
        "550 5.4.316 Message expired, connection refused",
        "450 4.1.1 Recipient address rejected: unverified address",
    ],
    "block": [
        "550-5.7.26 This mail has been blocked because the sender is unauthenticated.",
        "550 5.7.25 The IP address sending this message does not have a PTR record",
        "421 4.7.28 We have detected an unusual rate of unsolicited email originating from your IP address",
        "550 5.7.1 Messages with multiple addresses in From: header are not accepted.",
        "550 5.7.515 Access denied, sending domain example.org doesn't meet the required authentication level",
        "550 5.7.606 Access denied, banned sending IP [203.0.113.9]",
        "421 4.7.0 [TSS04] Messages from 203.0.113.9 temporarily deferred due to unexpected volume or user complaints",
        "554 5.7.9 Message not accepted for policy reasons",
        "553 5.1.8 <digest@news.example.org>... Domain of sender address does not exist",
        "550 5.7.1 <ann@example.net>: Relay access denied",
        "550 Unroutable sender address (in reply to MAIL FROM command)",
    ],
}


@pytest.mark.parametrize(("wanted", "said"), [(wanted, each) for wanted, many in SAID.items() for each in many])
def test_what_large_providers_answer_has_the_class_it_should(wanted, said):
    """Ours to mend, theirs to empty, or an address that is gone."""
    assert diagnose(Evidence(said), (), RULES).report_class == wanted


def test_a_saying_names_a_cause_that_there_is_and_things_that_are_listed():
    """A name with a slip would be found by nobody."""
    assert {each.cause for each in RULES.sayings} <= set(RULES.causes)
    assert all(each.says for each in RULES.sayings)


@pytest.mark.parametrize(
    ("clause", "found"),
    [
        ("the mailbox of that name was not found", True),
        ("not found: mailbox ann", True),
        ("a mailbox is here and forty more characters of other words stand before: not found", False),
        ("the mailbox was not found by the sender", False),
        ("the postmailboxes were not founded", False),
    ],
)
def test_a_saying_is_a_thing_and_what_is_said_of_it_nearby(clause, found):
    """Whichever comes first; whole words; and not with words that turn it around."""
    saying = Saying("no-such-user", phrases("mailbox"), phrases("not found"), phrases("sender"))

    assert saying.is_in(clause) is found


def phrases(*words: str) -> tuple[Phrase, ...]:
    """Return *words* as phrases."""
    return tuple(Phrase(each, each) for each in words)
