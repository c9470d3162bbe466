"""Write the header section of a digest: each kind of field folded by its own rule (RFC 5322 §2.2.3, RFC 2047).

Subject and display names go through a strict RFC 2047 encoder; addresses, ids, dates and List-* fields stand
literally and are refused when they cannot. The standard library's writer is not used: it encodes long URLs
in List-Unsubscribe, and on some releases lets an encoded line break in a title add a field (CVE-2024-6923).
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import dataclass, fields
from datetime import datetime
from email.utils import format_datetime

import idna

from digest.errors import BadInput
from digest.rendering.clean import clean_text, shorten
from digest.rendering.views import Frame

WORD, LINE = 75, 76  # RFC 2047 §2
LARGEST_SECTION, LARGEST_FIELD = 16_384, 2_048  # Gmail refuses larger ones (552-5.3.4); our own, safe cap
SUBJECT_LENGTH = 120

_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_DOMAIN = (
    r"(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)
_ASCII_ADDRESS = re.compile(rf"(?=.{{1,64}}@){_ATEXT}(?:\.{_ATEXT})*@{_DOMAIN}")
_LOCAL_UTF8 = re.compile(
    r"(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]|[^\x00-\xa0\s])+(?:\.(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]|[^\x00-\xa0\s])+)*"
)
_ENCODED_WORD = re.compile(r"=\?[^?\s]*\?[A-Za-z]\?[^?\s]*\?=")
_PHRASE = re.compile(rf"{_ATEXT}(?: {_ATEXT})*")
_LINK_TEXT = r"(?:https://|http://(?:localhost|127\.0\.0\.1|\[::1\])(?=[:/]))[A-Za-z0-9._~:/?#@!$&'()*+,;=%\[\]-]+"
_LINK = re.compile(_LINK_TEXT)
_MAILTO_TEXT = rf"mailto:{_ATEXT}(?:\.{_ATEXT})*@[A-Za-z0-9.-]+(?:\?[A-Za-z0-9._~=&%+@:-]+)?"
_MAILTO = re.compile(_MAILTO_TEXT)
_MESSAGE_ID_TEXT = rf"<{_ATEXT}(?:\.{_ATEXT})*@[A-Za-z0-9.-]+>"
_MESSAGE_ID = re.compile(_MESSAGE_ID_TEXT)
_LIST_ID = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+")
_FEEDBACK_ID = re.compile(r"[^:\s]+(:[^:\s]+){0,2}:[A-Za-z0-9_-]{5,15}")
# What a reader's lines look like as a whole: the wire check.
_LINES = re.compile(
    r"To: [^\x00- \x7f]+\r\n"
    rf"Date: [ -~]{{29,35}}\r\nMessage-ID: {_MESSAGE_ID_TEXT}\r\n"
    rf"List-Unsubscribe: <{_LINK_TEXT}>(?:,\r\n <{_MAILTO_TEXT}>)?\r\n"
)


class NeedsSmtputf8(BadInput):
    """An address with letters before the @ that only a server with SMTPUTF8 (RFC 6531) can take."""


@dataclass(frozen=True, slots=True)
class ConstantHeaders:
    """The header lines that all readers of a digest share, around the places of the per-reader ones.

    Order: `opening` (From), To, `subject`, Date, Message-ID, `identity` (Reply-To, MIME-Version, List-Id),
    List-Unsubscribe, `closing` (the rest, with the `boundary` of the parts, and the empty line). `mailto` is added to
    List-Unsubscribe when given.
    """

    opening: str
    subject: str
    identity: str
    closing: str
    boundary: str
    mailto: str = ""

    def to_json(self) -> str:
        """Return the lines as JSON, to be kept with the layout."""
        return json.dumps({each.name: getattr(self, each.name) for each in fields(self)}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> ConstantHeaders:
        """Return what to_json wrote; raises BadInput for anything else."""
        try:
            return cls(**json.loads(text))
        except (TypeError, json.JSONDecodeError) as wrong:
            raise BadInput(f"not stored headers: {wrong}") from None


def constant_headers(frame: Frame, subject: str, boundary: str) -> ConstantHeaders:
    """Return the shared header lines of one digest (standards: RFC 5322, 2369, 2919, 8058, 3834).

    Raises BadInput for a frame whose addresses or ids cannot stand in a header.
    """
    identity = [f"Reply-To: {ascii_address(frame.reply_to)}"] if frame.reply_to else []
    identity += ["MIME-Version: 1.0", _list_id(frame)]
    closing = ["List-Unsubscribe-Post: List-Unsubscribe=One-Click"]
    if frame.archive_url:
        closing.append(f"List-Archive: <{_atom(_LINK, frame.archive_url, 'an https address of the archive')}>")
    if frame.feedback_id:
        what = "a Feedback-ID like edition:newsletter:account:sender (the last 5 to 15 characters)"
        closing.append(f"Feedback-ID: {_atom(_FEEDBACK_ID, frame.feedback_id, what)}")
    closing += ["Auto-Submitted: auto-generated", "Precedence: bulk", "X-Auto-Response-Suppress: OOF, AutoReply"]
    if frame.complaints_to:
        address = ascii_address(frame.complaints_to)
        closing += [f"CFBL-Address: {address}; report=arf", f"X-Complaints-To: {address}"]
    closing.append(f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"')
    headers = ConstantHeaders(
        opening=f"From: {mailbox(frame.sender_name, frame.sender_address, len('From: '))}\r\n",
        subject=f"Subject: {unstructured(clean_text(subject) or frame.name, len('Subject: '))}\r\n",
        identity="".join(f"{line}\r\n" for line in identity),
        closing="".join(f"{line}\r\n" for line in closing) + "\r\n",
        boundary=boundary,
        mailto=f"mailto:{ascii_address(frame.unsubscribe_address)}" if frame.unsubscribe_address else "",
    )
    _check_constant(headers)
    return headers


def date_line(date: datetime) -> str:
    """Return the value of a Date field (RFC 5322 §3.3); raises BadInput for a time without a zone."""
    if date.tzinfo is None:
        raise BadInput("the date of a message needs a time zone; give an aware datetime")
    return format_datetime(date)


def reader_lines(
    *, to: str, date: str, message_id: str, unsubscribe_url: str, mailto: str
) -> tuple[bytes, bytes, bytes]:
    """Return the per-reader lines: To; Date and Message-ID; List-Unsubscribe; exactly these fields, nothing more.

    *to* comes from ascii_address, *date* from date_line; *mailto* may be "". Raises BadInput when an id or
    address cannot stand in a header literally.
    """
    also = f",\r\n <{mailto}>" if mailto else ""
    first = f"To: {to}\r\n"
    stamp = f"Date: {date}\r\nMessage-ID: {message_id}\r\n"
    leave = f"List-Unsubscribe: <{unsubscribe_url}>{also}\r\n"
    lines = f"{first}{stamp}{leave}"
    if "=?" in stamp or "=?" in leave or not _LINES.fullmatch(lines):
        _atom(_MESSAGE_ID, message_id, "a Message-ID like <id@example.org>")
        check_link(unsubscribe_url)
        if mailto:
            _atom(_MAILTO, mailto, "a mailto: address for List-Unsubscribe")
        if not _LINES.fullmatch(lines):
            raise BadInput(f"header lines of a reader are not what was meant; nothing was sent: {first[:80]!r}")
    return first.encode(), stamp.encode(), leave.encode()


def check_link(url: str) -> None:
    """Raise BadInput unless *url* is one https address in ASCII (http only for a server on this machine)."""
    if "=?" in url or not _LINK.fullmatch(url):
        _atom(_LINK, url, "an https address for a link of ours")


def ascii_address(address: str, *, smtputf8: bool = False) -> str:
    """Return *address* as it stands on the wire: the domain as A-labels (IDNA 2008, RFC 5891).

    Raises NeedsSmtputf8 for a local part outside ASCII unless *smtputf8*; BadInput for anything that is not
    one plain address (a quoted local part is refused, not altered).
    """
    if _ASCII_ADDRESS.fullmatch(address) and "=?" not in address:
        return address
    local, at, domain = address.rpartition("@")
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except idna.IDNAError as wrong:
            raise BadInput(f"{address!r}: its domain is not a name that exists on the internet ({wrong})") from None
    whole = f"{local}{at}{domain}"
    if "=?" not in whole and _ASCII_ADDRESS.fullmatch(whole):
        return whole
    if local.isascii() or not _LOCAL_UTF8.fullmatch(local) or not re.fullmatch(_DOMAIN, domain):
        raise BadInput(f"{address!r} is not an address that mail can be sent to; correct it")
    if len(local.encode()) > 64:
        raise BadInput(f"{address!r}: more than 64 bytes before the @ (RFC 5321 §4.5.3.1.1)")
    if not smtputf8:
        raise NeedsSmtputf8(f"{address!r} needs a mail server with SMTPUTF8; ask the reader for another address")
    return whole


def unstructured(text: str, used: int) -> str:
    """Return *text* for a Subject whose line already has *used* characters, folded, encoded where needed."""
    text = shorten(clean_text(text), SUBJECT_LENGTH)
    plain = text.isascii() and "=?" not in text and all(len(word) <= LINE - 1 - used for word in text.split())
    return _fold(text, used) if plain else encoded_words(text, used)


def mailbox(name: str, address: str, used: int) -> str:
    """Return one mailbox (RFC 5322 §3.4): *name* bare, quoted or encoded, and the literal address."""
    angle = f"<{ascii_address(address)}>"
    name = clean_text(name)
    if not name:
        return angle[1:-1]
    if not name.isascii() or "=?" in name or len(name) > 60:
        phrase = encoded_words(name, used)
    elif _PHRASE.fullmatch(name):
        phrase = name
    else:
        phrase = '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    column = len(phrase) + used if "\n" not in phrase else len(phrase) - phrase.rindex("\n") - 1
    return f"{phrase} {angle}" if column + 1 + len(angle) <= LINE else f"{phrase}\r\n {angle}"


def encoded_words(text: str, used: int) -> str:
    """Return *text* as UTF-8 encoded-words: each at most 75 characters, each line at most 76, whole characters.

    "B" or "Q", whichever is shorter; "Q" keeps to the characters that are safe in a phrase (RFC 2047 §5).
    """
    spell = _q if len(_q(text)) <= len(_b(text)) else _b
    words: list[str] = []
    room = min(WORD, LINE - used)
    chunk = ""
    for character in text:
        if chunk and len(f"=?utf-8?x?{spell(chunk + character)}?=") > room:
            words.append(chunk)
            chunk, room = "", WORD
        chunk += character
    words.append(chunk)
    letter = "q" if spell is _q else "b"
    return "\r\n ".join(f"=?utf-8?{letter}?{spell(word)}?=" for word in words)


def _list_id(frame: Frame) -> str:
    """Return the List-Id line; a name outside ASCII is left out, because List-* is never encoded (RFC 2919 §3)."""
    literal = f"<{_atom(_LIST_ID, frame.list_id, 'a list id like weekly.news.example.org')}>"
    name = clean_text(frame.name)
    if not name.isascii() or "=?" in name or not name or len(name) > 60:
        return f"List-Id: {literal}"
    phrase = name if _PHRASE.fullmatch(name) else '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    one_line = f"List-Id: {phrase} {literal}"
    return one_line if len(one_line) <= LINE else f"List-Id: {phrase}\r\n {literal}"


def _atom(pattern: re.Pattern[str], value: str, what: str) -> str:
    if not pattern.fullmatch(value) or ("=?" in value and _ENCODED_WORD.search(value)):
        raise BadInput(f"{value[:100]!r} is not {what}")
    return value


def _check_constant(headers: ConstantHeaders) -> None:
    section = headers.opening + headers.subject + headers.identity + headers.closing
    if not re.fullmatch(r"(?:[A-Za-z-]+: [ -~]+\r\n(?: [ -~]*[!-~][ -~]*\r\n)*)+\r\n", section):
        raise BadInput("the headers of this newsletter hold a line break or a character that may not stand there")
    if len(section) > LARGEST_SECTION - 4 * 1024:
        raise BadInput("the headers of this newsletter are too long; shorten its names and addresses")


def _fold(text: str, used: int) -> str:
    lines, line, room = [], "", LINE - used
    for word in text.split(" "):
        if line and len(line) + 1 + len(word) > room:
            lines.append(line)
            line, room = word, LINE - 1
        else:
            line = f"{line} {word}" if line else word
    return "\r\n ".join([*lines, line])


def _q(text: str) -> str:
    safe = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/"
    return "".join(chr(b) if b in safe else "_" if b == 0x20 else f"={b:02X}" for b in text.encode())


def _b(text: str) -> str:
    return b64encode(text.encode()).decode("ascii")
