"""Why a server does not take our mail when the fault is ours, and what to mend: one table, read from the top."""

from __future__ import annotations

import re
from enum import StrEnum

from digest.model.delivery import Phase, Reply


class Cause(StrEnum):
    """What is wrong with us; the value says what to mend."""

    LOGIN = "the login: check user, password and port in DIGEST_SMTP_URL"
    TLS = "encryption: the way to that server must be TLS"
    PTR = "the sending address's PTR record: it must name a host that leads back to the address"
    AUTHENTICATION = "SPF, DKIM and DMARC of the sender's domain"
    RETURN_PATH = "the return path: check the newsletter's sender and DIGEST_RETURN_PATH"
    FORMAT = "the form of the mail: run digest lint over it, or see what its template changed"
    LIMIT = "the server's limit for this sender: wait until it is over, or have it raised"
    REPUTATION = "the sender's reputation: see what that provider's page for senders says about it"
    OTHER = "what the server complains about"


_BY_DETAIL = {
    **dict.fromkeys(("7.20", "7.21", "7.22", "7.23", "7.24", "7.26", "7.27"), Cause.AUTHENTICATION),  # RFC 7372
    **dict.fromkeys(("7.30", "7.31", "7.32", "7.40", "7.509", "7.515"), Cause.AUTHENTICATION),  # Gmail, Outlook
    "7.25": Cause.PTR,  # RFC 7372
    "7.28": Cause.REPUTATION,
    **dict.fromkeys(("7.10", "7.29"), Cause.TLS),
    **dict.fromkeys(("7.8", "7.9", "7.14"), Cause.LOGIN),  # RFC 4954
    **dict.fromkeys(("1.7", "1.8"), Cause.RETURN_PATH),
    **dict.fromkeys(("4.5", "5.3"), Cause.LIMIT),
}
# A provider's catch-all codes leave it to the words.
_BY_WORDS = (
    (re.compile(r"\bPTR\b|reverse (?:dns|lookup|host)|forward dns", re.IGNORECASE), Cause.PTR),
    (re.compile(r"\b(?:SPF|DKIM|DMARC)\b|unauthenticated", re.IGNORECASE), Cause.AUTHENTICATION),
    (
        re.compile(
            r"\bheaders?\b|RFC ?-?[25]?[83]22|encoded-word|message-id|malformed|multiple addresses", re.IGNORECASE
        ),
        Cause.FORMAT,
    ),
    (re.compile(r"quota|limit", re.IGNORECASE), Cause.LIMIT),
    (
        re.compile(r"reputation|spam|unsolicited|block ?list|blacklist|blocked|suspicious", re.IGNORECASE),
        Cause.REPUTATION,
    ),
)
_LOGIN_CODES = frozenset({523, 530, 534, 535, 538})


def cause_of(reply: Reply, phase: Phase) -> Cause:
    """Return what is wrong with us when *reply* in *phase* is a fault of ours."""
    if phase is Phase.AUTH or reply.code in _LOGIN_CODES:
        return Cause.LOGIN
    if phase is Phase.TLS:
        return Cause.TLS
    detail = reply.enhanced.partition(".")[2]
    if found := _BY_DETAIL.get(detail):
        return found
    subject = detail.partition(".")[0]
    if subject in ("5", "6"):
        return Cause.FORMAT
    for words, cause in _BY_WORDS:
        if words.search(reply.text):
            return cause
    return Cause.RETURN_PATH if phase is Phase.MAIL else Cause.OTHER
