"""Mailboxes in header fields (RFC 5322 §3.4), taken apart without mending them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from digest.rendering.lint.charsets import plain

_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-]+"
_ADDRESS = re.compile(rf'(?:{_ATEXT}(?:\.{_ATEXT})*|"(?:[^"\\]|\\.)*")@(?:[^\s@<>()\[\]\\,;:"]+|\[[^\]\s]*\])')
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_PHRASE = re.compile(rf'(?:{_ATEXT}|"(?:[^"\\]|\\.)*")(?:[ \t]+(?:{_ATEXT}|"(?:[^"\\]|\\.)*"))*')
_MOST = 1_000  # mailboxes; nobody needs to hear of more
_LONGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One mailbox: the name as it stands, and the address, "" where there is none."""

    phrase: str
    address: str

    @property
    def name(self) -> str:
        """The name as a reader sees it."""
        bare = _QUOTED.sub(lambda found: re.sub(r"\\(.)", r"\1", found[0][1:-1]), self.phrase[:2_000])
        return plain(bare).strip()

    @property
    def local(self) -> str:
        """What stands before the @."""
        return self.address.rpartition("@")[0]

    @property
    def domain(self) -> str:
        """What stands after the @, in small letters."""
        return self.address.rpartition("@")[2].lower()

    @property
    def is_whole(self) -> bool:
        """Whether the address is one."""
        return len(self.address) <= 320 and _ADDRESS.fullmatch(self.address) is not None

    @property
    def is_phrase_right(self) -> bool:
        """Whether the name is words, quoted words or encoded words."""
        return not self.phrase or len(self.phrase) > 2_000 or _PHRASE.fullmatch(self.phrase) is not None


def mailboxes(value: str) -> list[Mailbox]:
    """Return the mailboxes of an unfolded field, in order; groups are opened, comments left out."""
    return [_mailbox(each) for each in _split(value[:_LONGEST])]


def _split(value: str) -> list[str]:
    found, current = [], ""
    quote = angle = False
    comment = 0
    characters = iter(value)
    for character in characters:
        if character == "\\" and (quote or comment):
            current += character + next(characters, "") if not comment else ""
            continue
        if comment or (character == "(" and not quote):
            comment += (character == "(") - (character == ")")
            continue
        if character == '"':
            quote = not quote
        elif not quote and character in "<>":
            angle = character == "<"
        if quote or angle or character not in ",;:":
            current += character
            continue
        if character != ":":  # the name of a group ends with one
            found.append(current)
        current = ""
    return [each.strip() for each in [*found, current] if each.strip()][:_MOST]


def _mailbox(text: str) -> Mailbox:
    phrase, angle, rest = text.rpartition("<")
    if not angle or '"' in rest.partition(">")[2]:
        return Mailbox("", text)
    return Mailbox(phrase.strip(), rest.partition(">")[0].strip())
