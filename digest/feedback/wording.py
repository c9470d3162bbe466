"""Free text of a report -> its own words, the mail it returns, and a paragraph for each address it names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from digest.feedback.charset import decode_text
from digest.feedback.mail import Part, parse_fields
from digest.feedback.rules import Rules, plain

MAX_CHARS = 24_000  # what a server says about a handful of recipients; the rest is a returned mail without a mark
MAX_ENTRIES = 200

# Wide brackets and marks of Chinese and Japanese belong to the sentence, as an apostrophe before an address does.
_LOCAL = r"""(?:"[^"\n]{1,64}"|(?!')[^\s<>()\[\]\\,;:@"\u3000-\u3020\uff08\uff09\uff0c\uff1a\uff1c\uff1e]{1,64})"""
_DOMAIN = r"[^\W_][\w-]{0,62}(?:\.[\w-]{1,63}){1,10}"
ADDRESS = re.compile(rf"{_LOCAL}@{_DOMAIN}")
_ANOTHER_NAME = r"(?:[ \t]*[(<][^()<>\n]{3,200}[)>])"
#: Where a paragraph about one address begins: the address alone, before a colon, in angle brackets, after a code.
_HEADS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"""[\s>*"'<\u2022-]{{0,20}}({ADDRESS.pattern})["'>]{{0,3}}{_ANOTHER_NAME}?[ \t]*[:;.]?[ \t]*$""",
        rf"""[ \t]*[<"]?({ADDRESS.pattern})[>"]?[ \t]*:(?![\d/])""",
        rf"[ \t]*<({ADDRESS.pattern})>[ \t]+\S",
        rf"(?:[245]\d\d[ -])?[ \t]*<?({ADDRESS.pattern})>?\.\.\.",
        rf"[\w.-]{{1,64}}:\d{{3,}}:<({ADDRESS.pattern})>",
        rf"[ \t]*['\"]?({ADDRESS.pattern})['\"]?[ \t]+on[ \t]",
        rf"[ \t]*['\"]({ADDRESS.pattern})[ \t]+\(",
    )
)
_MARKUP = re.compile(r"<(style|script|title)\b[^<]*(?:<(?!/\1)[^<]*)*", re.IGNORECASE)
_LINE_TAG = re.compile(r"<(?:br|/?p|/?div|/?tr|/?li|/?h\d|/?table|/?ul|/?blockquote)\b[^<>]*>", re.IGNORECASE)
_QUOTE_TAG = re.compile(r"<blockquote\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,4000}>")
_WRITTEN_ADDRESS = re.compile(rf"<({ADDRESS.pattern})>")
_LETTERS = re.compile(r"\w{2}|\d")
_TRANSCRIPT = re.compile(r"[245]\d\d \S{1,200} \([a-z]+\)\.\.\. ")  # of a host, as old sendmails write it
_TRACE = re.compile(r"(?:received|return-path|dkim-signature|x-received|arc-seal)[ \t]*:[ \t]*\S", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wording:
    """What a report says in words: its own text, and the header of the mail that it returns."""

    text: str
    returned: tuple[tuple[str, str], ...] = ()

    def returned_field(self, name: str) -> str:
        """Return a header field of the returned mail, "" when there is none."""
        return next((value for each, value in self.returned if each == name), "")


def read_wording(mail: Part, rules: Rules) -> Wording:
    """Return what the parts of *mail* say in words, without the mail that was returned."""
    plain_texts, pages = [], []
    returned: list[tuple[str, str]] = []
    for part in mail.walk():
        if part.type in ("message/rfc822", "text/rfc822-headers", "text/rfc822-header", "message/global"):
            returned = returned or parse_fields(part.content.lstrip())
        elif part.type == "text/html":
            pages.append(part)
        elif not part.parts and part.type.startswith(("text/", "multipart/")):  # the latter without its boundary
            plain_texts.append(part)
    texts = [text for each in plain_texts if (text := _text_of(each)).strip()]
    texts = texts or [_without_tags(_text_of(each)) for each in pages]
    own, rest = [], ""
    for text in texts:
        mine, rest = split_at_returned_mail("\n".join(line.rstrip() for line in text.splitlines()), rules)
        own.append(mine)
        if rest:
            break
    returned = returned or parse_fields(rest.lstrip().encode("utf-8", "replace"))
    return Wording("\n".join(own)[:MAX_CHARS], tuple(returned))


def split_at_returned_mail(text: str, rules: Rules) -> tuple[str, str]:
    """Return what stands before the mail that *text* returns, and that mail."""
    at = 0
    for line in text.splitlines(keepends=True)[:2000]:
        end = at + len(line)
        if _TRACE.match(line) and at:
            return text[:at], text[at:]
        words = plain(line[:200])
        if len(words) < 160 and at and any(each in words for each in rules.dividers):
            return text[:at], text[end:]
        at = end
    return text, ""


def entries(text: str, rules: Rules, *, but: Collection[str] = ()) -> list[tuple[str, str]]:
    """Return (address, the paragraph about it) for each address that *text* reports on, in order.

    Addresses in *but* (lower case: who the report was sent to, who sent it) are nobody it reports on.
    """
    heads: list[tuple[int, str]] = []
    at = 0
    for line in text.splitlines(keepends=True):
        found = _head_of(line.rstrip("\n")[:600], rules)
        if (found and found.lower() not in but) or (heads and _TRANSCRIPT.match(line)):
            heads.append((at, found))
        at += len(line)
        if len(heads) >= MAX_ENTRIES:
            break
    ends = [*(begin for begin, _ in heads[1:]), len(text)]
    paragraphs: dict[str, str] = {}
    names: dict[str, str] = {}
    shared = 0  # characters before which addresses stand in a list, with one reason after the last
    for (begin, address), next_head in reversed(list(zip(heads, ends, strict=False))):
        if not address:  # of somebody else, whom the line does not name
            continue
        shared = max(shared, next_head) if is_bare(text[begin:next_head]) else next_head
        key = address.lower()
        names[key] = address
        paragraphs[key] = text[begin:shared] + paragraphs.pop(key, "")
    return [(names[key], paragraphs[key]) for key in reversed(paragraphs)]


def is_bare(paragraph: str) -> bool:
    """Say whether a paragraph holds nothing but addresses."""
    return not _LETTERS.search(ADDRESS.sub("", paragraph[:2000]))


def first_address(text: str, *, but: Iterable[str] = ()) -> str:
    """Return the first address in *text* that is none of *but* (lower case), "" when there is none."""
    avoided = set(but)
    return next((each[0] for each in ADDRESS.finditer(text) if each[0].lower() not in avoided), "")


def _head_of(line: str, rules: Rules) -> str:
    if "@" not in line:
        return ""
    for head in _HEADS:
        if found := head.match(line):
            return found[1]
    before, _, _ = line.partition("@")
    words = plain(before)
    if any(label in words for label in rules.recipient_labels) and (found := ADDRESS.search(line)):
        return found[0]
    return ""


def _text_of(part: Part) -> str:
    return decode_text(part.content, part.parameter("charset"))[: 4 * MAX_CHARS]


def _without_tags(page: str) -> str:
    from html import unescape

    page = _MARKUP.sub("", page[: 4 * MAX_CHARS])
    page = _QUOTE_TAG.sub("\n> ", page)
    page = _LINE_TAG.sub("\n", _WRITTEN_ADDRESS.sub(r"\1", page))
    return unescape(_TAG.sub(" ", page))
