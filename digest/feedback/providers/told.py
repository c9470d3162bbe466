"""One event of a service: what it reports, and by what our mail is found; and the words all dialects share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from digest.feedback.diagnosis import Evidence, diagnose, status_in
from digest.feedback.mail import parse_fields
from digest.feedback.rules import plain, shipped_rules
from digest.feedback.signs import signs_in
from digest.model.feedback import Report, ReportClass, ReportKind, Signs

_LONGEST = 4_000
_MOST_STRINGS = 50


@dataclass(frozen=True, slots=True)
class Told:
    """An event; `name` is the service's own for it, so that it is taken down once, "" when it has none."""

    name: str
    report: Report
    signs: Signs


def text_of(row: Mapping[str, Any], *keys: str) -> str:
    """Return the text under a path of *keys*, "" when there is none; numbers as they are written."""
    found: Any = row
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        return ""
    return str(found)[:_LONGEST].replace("\0", "")


def row_of(value: Any) -> Mapping[str, Any]:
    """Return *value* if it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def strings_in(value: Any) -> list[str]:
    """Return the texts right in an object or a list: what a sender may hang on a mail."""
    values = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else [value]
    return [each[:_LONGEST] for each in list(values)[:_MOST_STRINGS] if isinstance(each, str)]


def bounce(recipient: str, words: str, judged: ReportClass, *, status: str = "", delay: bool = False) -> Report:
    """Return a bounce: the server's *words* by our own tables, and where they say nothing, as the service *judged*.

    *status* is an enhanced code that the service gives; what it judges alone is never certain.
    """
    found = diagnose(Evidence(words, status=status, is_delay=delay), (), shipped_rules())
    report_class, code = found.report_class, found.status
    if not found.is_clear:
        report_class = judged
        code = status or status_in(words) or ("5.0.0" if judged is ReportClass.HARD else "4.0.0")
    return Report(
        ReportKind.DELAYED if delay else ReportKind.BOUNCE,
        report_class,
        code,
        found.reply_code,
        recipient,
        found.cause.name,
        found.cause.is_sender_fault,
        text=plain(words)[:400],
    )


def complaint(recipient: str, feedback_type: str = "abuse") -> Report:
    """Return a complaint of a reader."""
    return Report(
        ReportKind.COMPLAINT,
        ReportClass.COMPLAINT,
        recipient=recipient,
        cause="complaint",
        feedback_type=feedback_type,
    )


def delivered(recipient: str) -> Report:
    """Return that a server took the mail."""
    return Report(ReportKind.DELIVERED, ReportClass.DELIVERED, "2.0.0", recipient=recipient, cause="delivered")


def leaving(recipient: str) -> Report:
    """Return the wish of a reader who pressed the service's own link to leave."""
    return Report(ReportKind.LEAVE, ReportClass.UNKNOWN, recipient=recipient, cause="leave")


def signs_of_event(
    recipient: str, *, message_id: str = "", sender: str = "", custom: Iterable[str] = (), quoted: str = ""
) -> Signs:
    """Return the signs of an event about *recipient*.

    *custom* are the texts that the sender hung on the mail, *quoted* is the mail, or the bounce, as text.
    """
    fields = parse_fields(quoted[:200_000].encode("utf-8", "replace")) if quoted else []
    links = [value for name, value in fields if name == "list-unsubscribe"]
    message_ids = [f"<{message_id.strip('<> ')}>" if message_id else ""]
    message_ids += [value for name, value in fields if name in ("message-id", "in-reply-to", "references")]
    return signs_in([sender, *custom], links, message_ids, [recipient])
