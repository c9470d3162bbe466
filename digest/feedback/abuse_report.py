"""Complaints in the Abuse Reporting Format (RFC 5965), redacted ones too (RFC 6590)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from digest.feedback.charset import decode_text
from digest.feedback.mail import Part
from digest.feedback.rules import Rules, any_in, plain
from digest.feedback.wording import ADDRESS, Wording

_FIELD = re.compile(
    r"(feedback-type|original-rcpt-to|removal-recipient|original-envelope-id)[ \t]*:[ \t]*(.*)", re.IGNORECASE
)
_FOLD = re.compile(r"\r?\n[ \t]+")


@dataclass(frozen=True, slots=True)
class AbuseReport:
    """A complaint: its type (`abuse`, `opt-out`, `not-spam`, `auth-failure`, ...) and whom it names, if anybody."""

    feedback_type: str
    recipients: tuple[str, ...]
    envelope_id: str


def read_abuse_report(mail: Part, wording: Wording, rules: Rules) -> AbuseReport | None:
    """Return the complaint that *mail* is, None when it is none.

    Some providers return the mail with nothing but a subject and a field that says whose it was.

    The recipient is the one the report names, else the one the returned mail was addressed to; a redacted one is
    nobody.
    """
    parts = [part for part in mail.walk() if part.type == "message/feedback-report"]
    declared = mail.parameter("report-type").lower() == "feedback-report"
    marked = _named_by_a_provider(mail, wording, rules)
    if not parts and not declared and marked is None:
        return None
    fields: dict[str, list[str]] = {}
    # A provider that declares a report and forgets the type of its part writes the fields into a text.
    for text in [decode_text(part.content) for part in parts] or [wording.text]:
        for line in _FOLD.sub(" ", text).splitlines():
            if found := _FIELD.match(line):
                fields.setdefault(found[1].lower(), []).append(found[2].strip())
    named = [*fields.get("original-rcpt-to", []), *fields.get("removal-recipient", [])]
    named = named or [marked or "", wording.returned_field("to")][: 1 if marked else 2]
    recipients = [found[0] for each in named if (found := ADDRESS.search(each))]
    return AbuseReport(
        feedback_type=re.split(r"[;(]", fields.get("feedback-type", ["abuse"])[0])[0].strip().lower(),
        recipients=tuple(dict.fromkeys(each for each in recipients if not _is_redacted(each)))[:100],
        envelope_id=fields.get("original-envelope-id", [""])[0],
    )


def _named_by_a_provider(mail: Part, wording: Wording, rules: Rules) -> str | None:
    """Return whom a provider's own field in the returned mail names, None when the mail is no such complaint."""
    named = [value for name, value in wording.returned if name in rules.complaint_fields]
    subject, words = plain(mail.get("subject")), plain(wording.text[:1000])
    # A complaint in words alone returns the mail; a letter about one does not.
    is_told = any_in(rules.marks["complaint.subjects"], subject) or any_in(rules.marks["complaint.words"], words)
    if not named and not (is_told and wording.returned):
        return None
    return named[0] if named else ""


def _is_redacted(address: str) -> bool:
    local = address.rpartition("@")[0].strip("<>[]").lower()
    return local in ("redacted", "xxx", "x") or "redacted" in local
