"""A subject may not begin as that of an answer or a forward, on a mail that is neither (15 U.S.C. §7704(a)(2))."""

from __future__ import annotations

import re

_MARK = re.compile(
    r"\s*(?:re|fwd?|aw|wg|sv|vs|tr|rv|antw|回复|转发|答复|답장|전달|رد)\s*(?:\[\d+\])?\s*[::]", re.IGNORECASE
)
_LONGEST = 40  # characters


def answer_mark(subject: str) -> str:
    """Return the "Re:" or "Fwd:" that *subject* begins with, "" when there is none."""
    found = _MARK.match(subject[:_LONGEST])
    return found[0].strip() if found else ""


def without_answer_marks(subject: str) -> str:
    """Return *subject* without them; one that is nothing else is "" then."""
    while mark := answer_mark(subject):
        subject = subject.strip().removeprefix(mark).strip()
    return subject
