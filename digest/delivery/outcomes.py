"""What a reply means for a delivery: one table, read from the most particular row to the most general.

The reply code decides between done, later and never (RFC 5321 §4.2.1); an enhanced code of another class
does not change that (RFC 3463 §2), but its subject and detail still tell whose fault a refusal is, and of which
delay a person must know. The reader is never blamed for our authentication, our settings, our reputation or the
form of our mail.
"""

from __future__ import annotations

import re

from digest.model.delivery import Outcome, Phase, Reply

REFUSED = Outcome.REFUSED
FAULT = Outcome.SENDER_FAULT

BEFORE_MAIL = frozenset({Phase.CONNECT, Phase.GREETING, Phase.TLS, Phase.AUTH})

#: A permanent reply whose code alone says whose fault it is, whatever the phase.
BY_CODE: dict[int, Outcome] = {
    521: REFUSED,  # the host takes no mail (RFC 7504)
    556: REFUSED,  # the domain takes no mail: null MX (RFC 7505, RFC 7504)
    523: FAULT,  # encryption needed
    530: FAULT,  # authentication needed (RFC 4954)
    534: FAULT,  # this way of logging in is too weak
    535: FAULT,  # wrong user or password
    538: FAULT,  # logging in needs encryption
}

#: Permanent replies by subject and detail of the enhanced code (IANA registry, and large providers).
BY_DETAIL: dict[str, Outcome] = {
    "1.7": FAULT,  # our envelope sender is not an address
    "1.8": FAULT,  # our sender domain does not exist
    "3.4": REFUSED,  # the message is too large for them
    "4.5": FAULT,  # our sending limit is used up
    "5.3": FAULT,  # too many recipients for this sender
    "6.3": REFUSED,  # they cannot take 8-bit text
    "6.7": REFUSED,  # the address needs SMTPUTF8 (RFC 6531)
    "6.8": REFUSED,
    "6.9": REFUSED,
    "6.10": REFUSED,
    "7.2": REFUSED,  # their list may not be mailed by us
    "7.17": REFUSED,  # the mailbox has a new owner (RFC 7293)
    "7.18": REFUSED,  # the domain has a new owner (RFC 7293)
}

#: Permanent replies by subject alone, when no detail above matched.
BY_SUBJECT: dict[str, Outcome] = {
    "1": REFUSED,  # their address
    "2": REFUSED,  # their mailbox
    "3": REFUSED,  # their mail system
    "4": REFUSED,  # the way to them
    "5": FAULT,  # we spoke the protocol wrongly
    "6": FAULT,  # the form of our message
    "7": FAULT,  # policy: authentication, PTR, reputation, format, spam
}

#: Permanent replies without a telling enhanced code: by phase and code, None standing for any code.
BY_PHASE: dict[tuple[Phase, int | None], Outcome] = {
    (Phase.CONNECT, None): FAULT,
    (Phase.GREETING, None): FAULT,
    (Phase.TLS, None): FAULT,
    (Phase.AUTH, None): FAULT,
    (Phase.MAIL, 552): REFUSED,  # SIZE= was too large (RFC 1870)
    (Phase.MAIL, None): FAULT,  # only our own address was named so far
    (Phase.RCPT, 502): FAULT,
    (Phase.RCPT, 503): FAULT,
    (Phase.RCPT, None): REFUSED,
    (Phase.DATA, 500): FAULT,
    (Phase.DATA, 501): FAULT,
    (Phase.DATA, 502): FAULT,
    (Phase.DATA, 503): FAULT,
    (Phase.DATA, 504): FAULT,
    (Phase.DATA, None): REFUSED,
    (Phase.BODY, None): REFUSED,
    (Phase.DOT, None): REFUSED,
}

#: At RCPT a complaint about syntax is about the address we were given, not about our protocol.
_SYNTAX_AT_RCPT = frozenset({"5.2", "5.4"})

#: Faults that stop everything at once: the next message could only meet the same.
_STOPS_ALL = frozenset({523, 530, 534, 535, 538})


def classify(reply: Reply, phase: Phase) -> Outcome:
    """Return what *reply*, the last word on an attempt that had come to *phase*, means.

    Code 0 stands for no reply, and a code that makes no sense where it came counts the same: in doubt once
    the final dot was handed over, else safe to try again.
    """
    kind = reply.code // 100
    if kind == 2 and phase is Phase.DOT:
        return Outcome.SENT
    if kind == 4:
        return FAULT if phase not in BEFORE_MAIL and _is_about_us(reply) else Outcome.DEFERRED
    if kind != 5:
        return Outcome.IN_DOUBT if phase is Phase.DOT else Outcome.DEFERRED
    return _whose_fault(reply, phase)


def _whose_fault(reply: Reply, phase: Phase) -> Outcome:
    if found := BY_CODE.get(reply.code):
        return found
    if phase in BEFORE_MAIL:
        return FAULT
    detail = _detail(reply)
    subject = detail.partition(".")[0]
    if phase is Phase.RCPT and detail in _SYNTAX_AT_RCPT:
        return REFUSED
    if phase is Phase.MAIL and subject == "1":  # the only address named so far is our own
        return FAULT
    if found := BY_DETAIL.get(detail) or BY_SUBJECT.get(subject):
        return found
    return BY_PHASE.get((phase, reply.code)) or BY_PHASE[phase, None]


#: Temporary replies that no waiting mends: how we authenticate, and where we send from.
_ABOUT_US = frozenset(
    {
        "7.20",  # DKIM (RFC 7372)
        "7.21",
        "7.22",
        "7.23",  # SPF (RFC 7372), Gmail: no PTR record
        "7.24",  # SPF (RFC 7372), Gmail: suspicious SPF record
        "7.25",  # no PTR record that leads back (RFC 7372)
        "7.26",  # unauthenticated
        "7.27",  # Gmail: no SPF
        "7.29",  # Gmail: no TLS
        "7.30",  # Gmail: no DKIM
        "7.32",  # Gmail: not aligned
        "7.40",  # Gmail: no DMARC record
    }
)
_ABOUT_US_WORDS = re.compile(
    r"\b(?:PTR|SPF|DKIM|DMARC)\b[^.]*\b(?:not have|n't have|missing|not pass|n't pass|not align|n't align)"
    r"|\b(?:not have|n't have|missing|no)\b[^.]*\b(?:PTR|SPF|DKIM|DMARC)\b|unauthenticated",
    re.IGNORECASE,
)
#: Codes that leave it to the words.
_LEFT_TO_WORDS = frozenset({"", "7.0", "7.1"})
#: They could not look our records up just then.
_THEIR_LOOKUP = re.compile(
    r"temporary (?:dns|failure|error|problem)|temp ?error|dns (?:failure|error|timeout)|time-?out", re.IGNORECASE
)


def _is_about_us(reply: Reply) -> bool:
    """Say whether a temporary *reply* names what we must mend before anybody at that provider takes our mail."""
    detail = _detail(reply)
    named = detail in _ABOUT_US or (detail in _LEFT_TO_WORDS and _ABOUT_US_WORDS.search(reply.text) is not None)
    return named and _THEIR_LOOKUP.search(reply.text) is None


def stops_everything(reply: Reply, phase: Phase) -> bool:
    """Say whether *reply* is a fault of ours that the next message could only meet again."""
    return reply.code in _STOPS_ALL or (reply.code // 100 == 5 and phase in BEFORE_MAIL)


#: Temporary replies whose enhanced code says that we send too fast.
_TOO_FAST = frozenset(
    {
        "7.28",  # mail flood (RFC 7372), Gmail: an unusual rate from an address, a net, a domain, a link
        "7.500",  # Outlook: server busy for this sender
        "7.650",  # Outlook: this address is limited
        "7.651",
    }
)
_TOO_FAST_WORDS = re.compile(
    r"rate.?limit|unusual rate|too many (?:messages|connections|concurrent|sessions)|too (?:fast|quickly)|throttl"
    r"|\[TSS?\d+\]|\bRP-00\d|unexpected volume|concurrent connections",
    re.IGNORECASE,
)
#: About one mailbox, whatever the words: the others of its provider are not meant.
_OF_ONE_MAILBOX = frozenset({"1", "2"})


def is_too_fast(reply: Reply) -> bool:
    """Say whether *reply* asks us to slow down for all mailboxes of that provider."""
    if reply.code // 100 != 4:
        return False
    detail = _detail(reply)
    if detail.partition(".")[0] in _OF_ONE_MAILBOX:
        return False
    return detail in _TOO_FAST or _TOO_FAST_WORDS.search(reply.text) is not None


def _detail(reply: Reply) -> str:
    """Return `subject.detail` of the enhanced code; "" when there is none."""
    _class, _, detail = reply.enhanced.partition(".")
    return detail
