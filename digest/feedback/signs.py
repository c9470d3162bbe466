"""What in a mail that came back may tell which mail of ours it is about: tags, Message-IDs, addresses.

Only header fields are looked at, those of the report and of the mail that it returns: a text may quote anybody's
links. Whether a tag is ours, its signature tells (`digest.tokens`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from digest.feedback.mail import Part, parse_fields, parse_mail
from digest.feedback.wording import ADDRESS
from digest.model.feedback import Report, Signs

MAX_SIGNS = 20  # of a kind; a report about one mail has two or three
_MAX_NESTED = 3
_TAG = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{32}(?![A-Za-z0-9_-])")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}>")
_TO = ("to", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to", "cc", "received")
_RETURNED_TYPES = ("message/rfc822", "text/rfc822-headers", "text/rfc822-header", "message/global")

Fields = Sequence[tuple[str, str]]


def signs_of(mail: Part, reports: Iterable[Report], returned: Fields = ()) -> Signs:
    """Return the signs in *mail*, which says *reports*; *returned* are the fields of a mail it quotes as text."""
    reports = list(reports)
    own = [value for name in _TO for value in mail.all(name)]
    below = [*_fields_below(mail, _MAX_NESTED), *returned]
    envelope_ids = [each.envelope_id for each in reports]
    senders = [value for name, value in below if name in ("return-path", "x-envelope-from", "sender", "to")]
    links = [value for name, value in below if name == "list-unsubscribe"]
    message_ids = [each.message_id for each in reports]
    message_ids += [value for name, value in below if name in ("message-id", "in-reply-to", "references")]
    message_ids += [*mail.all("in-reply-to"), *mail.all("references")]
    named = [each.recipient for each in reports]
    named += [value for name, value in below if name in ("to", "delivered-to", "x-original-to")]
    return signs_in([*own, *envelope_ids, *senders], links, message_ids, [*named, mail.get("from")])


def signs_in(
    senders: Iterable[str] = (), links: Iterable[str] = (), message_ids: Iterable[str] = (), named: Iterable[str] = ()
) -> Signs:
    """Return the signs in envelope senders, links to leave, Message-IDs (each in "<>") and named addresses."""
    return Signs(_found(_TAG, senders), _found(_TAG, links), _found(ADDRESS, named), _found(_MESSAGE_ID, message_ids))


def tags_to_leave(mail: Part) -> tuple[str, ...]:
    """Return what in the subject and in the addresses of *mail* may be the tag of a subscription (RFC 2369 §3.2)."""
    return _found(_TAG, [mail.get("subject"), *(value for name in _TO[:-1] for value in mail.all(name))])


def _fields_below(mail: Part, depth: int) -> Iterator[tuple[str, str]]:
    for part in mail.walk() if depth else ():
        if part.type in _RETURNED_TYPES:
            content = part.content.lstrip()
            yield from parse_fields(content)
            yield from _fields_below(parse_mail(content), depth - 1)


def _found(pattern: re.Pattern[str], values: Iterable[str]) -> tuple[str, ...]:
    found = dict.fromkeys(each[0] for value in values for each in pattern.finditer(value))
    return tuple(found)[:MAX_SIGNS]
