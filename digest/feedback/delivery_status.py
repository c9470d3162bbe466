"""Delivery status notifications: the fields of RFC 3464 (and RFC 6533), one group for each recipient."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from digest.feedback.charset import decode_text, decode_words
from digest.feedback.mail import Part
from digest.feedback.wording import ADDRESS

STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
MAX_RECIPIENTS = 1000
_NAMES = (
    "original-recipient", "final-recipient", "x-actual-recipient", "action", "status", "diagnostic-code",
    "remote-mta", "x-powermta-bouncecategory", "original-envelope-id", "reporting-mta",
)  # fmt: skip
_FIELD = re.compile(rf"[ \t]{{0,8}}({'|'.join(_NAMES)})[ \t]*:[ \t]*(.*)", re.IGNORECASE)
_OTHER_FIELD = re.compile(r"[A-Za-z][\w-]{0,60}[ \t]*:")
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_TORN_OFF = {"action", "status", "diagnostic-code"}
_RECIPIENT_NAMES = ("original-recipient", "final-recipient", "x-actual-recipient")


@dataclass(frozen=True, slots=True)
class RecipientStatus:
    """One group of RFC 3464 §2.3: who, what became of it, the code, the words."""

    recipient: str
    others: tuple[str, ...]  # other addresses of the same recipient, lower case
    action: str
    status: str
    diagnostic: str
    category: str
    envelope_id: str


def read_delivery_status(mail: Part, text: str) -> list[RecipientStatus]:
    """Return the groups of the delivery-status parts of *mail*, else those that stand in its own *text*."""
    written = [decode_text(part.content) for part in mail.walk() if part.type in STATUS_TYPES]
    written = written or [decode_text(part.content) for part in mail.walk() if _is_nameless(part)]
    found = [each for each in _groups("\n\n".join(written)) if each]
    return list(_recipients(found)) or list(_recipients([each for each in _groups(text) if each]))


def _is_nameless(part: Part) -> bool:
    """Say whether a gateway took away the type of a part that begins as the fields do."""
    return (
        part.type == "application/octet-stream" and _FIELD.match(decode_text(part.content[:200]).lstrip()) is not None
    )


def _groups(text: str) -> Iterator[dict[str, str]]:
    """Give the fields of each group; a blank line or a recipient of the next one ends a group."""
    group: dict[str, str] = {}
    last = ""
    for line in text.splitlines():
        found = _FIELD.match(line)
        if found:
            last = found[1].lower()
            if (last == "final-recipient" and last in group) or (last == "original-recipient" and last in group):
                yield group
                group = {}
            group.setdefault(last, found[2].strip())
        elif not line.strip():
            yield group
            group, last = {}, ""
        elif last and line[:1] in " \t" and len(group[last]) < 4000:
            group[last] = f"{group[last]}\n{line.strip()}"
        elif last == "diagnostic-code" and not _OTHER_FIELD.match(line) and len(group[last]) < 4000:
            group[last] = f"{group[last]}\n{line.strip()}"  # a server that forgot to fold
        else:
            last = ""
    yield group


def _recipients(groups: list[dict[str, str]]) -> Iterator[RecipientStatus]:
    envelope_id = ""
    count = 0
    for place, group in enumerate(groups):
        envelope_id = group.get("original-envelope-id", "") or envelope_id
        if not any(name in group for name in _RECIPIENT_NAMES):
            continue
        following = groups[place + 1] if place + 1 < len(groups) else {}
        tears = following.keys() & _TORN_OFF
        is_torn = bool(tears - group.keys()) and not any(name in following for name in _RECIPIENT_NAMES)
        count += 1
        if count > MAX_RECIPIENTS:
            return
        # A blank line in the middle of a group tears it.
        yield _recipient({**following, **group} if is_torn else group, envelope_id)


def _recipient(group: dict[str, str], envelope_id: str) -> RecipientStatus:
    named = [_address(group[name]) for name in _RECIPIENT_NAMES if name in group]
    whole = [each for each in named if ADDRESS.fullmatch(each)]
    _kind, _, words = group.get("diagnostic-code", "").partition(";")
    diagnostic = words if _ and len(_kind) < 40 and " " not in _kind.strip() else group.get("diagnostic-code", "")
    status = _STATUS.search(group.get("status", ""))
    return RecipientStatus(
        recipient=whole[0] if whole else "",
        others=tuple(each.lower() for each in whole),
        action=group.get("action", "").split(";")[0].split("(")[0].strip().lower(),
        status=status[0] if status else "",
        diagnostic=decode_words(diagnostic.strip()),
        category=group.get("x-powermta-bouncecategory", ""),
        envelope_id=envelope_id,
    )


def _address(value: str) -> str:
    """Return the address of `rfc822; address`, without what servers put around it."""
    kind, mark, address = value.partition(";")
    return (address if mark else kind).replace("\n", "").strip().strip("<>").strip()
