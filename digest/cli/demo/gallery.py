"""The page of caught mails: one self-contained folder to look at, in a browser or from a file manager.

The folder holds `index.html` and for each mail `NN.html` (the HTML part), `NN.txt` (the text part) and
`NN.eml` (the bytes as caught). The page has no script; whatever comes from a mail is escaped by the template
or stays inside a sandboxed frame.
"""

from __future__ import annotations

import email
import email.policy
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from html import escape
from pathlib import Path

from digest.cli.demo.catcher import Caught
from digest.cli.demo.rows import ReaderRow, local_time, outcome_of, plain

_PAGE = Path(__file__).parent / "page"


@dataclass(frozen=True, slots=True)
class CaughtMail:
    """One caught mail as the page shows it; `number` has two digits or more and names its files."""

    number: str
    recipient: str
    envelope_sender: str
    subject: str
    when: str
    locale: str
    headers: tuple[tuple[str, str], ...]
    html: str
    text: str
    source: str
    size: int
    articles: tuple[tuple[str, str], ...]


def write_gallery(folder: Path, caught: Sequence[Caught], rows: Sequence[ReaderRow]) -> Path:
    """Write the page and each mail's files into *folder* (made if missing); return the path of index.html.

    *rows* say who the readers are; a mail without a row is shown with what its own headers tell.
    Raises OSError when the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mails = read_mails(caught, rows)
    for mail, raw in zip(mails, caught, strict=True):
        (folder / f"{mail.number}.eml").write_bytes(raw.content)
        (folder / f"{mail.number}.html").write_text(mail.html or _instead_of_html(mail), "utf-8", newline="\n")
        (folder / f"{mail.number}.txt").write_text(mail.text, "utf-8", newline="\n")
    index = folder / "index.html"
    index.write_text(page_of(mails, rows), "utf-8", newline="\n")
    return index


def read_mails(caught: Sequence[Caught], rows: Sequence[ReaderRow]) -> list[CaughtMail]:
    """Return *caught* in order, each joined with the row of its reader."""
    waiting = defaultdict(list)
    for row in rows:
        if row.got_mail:
            waiting[mailbox(row.address)].append(row)
    mails = []
    for number, one in enumerate(caught, start=1):
        mine = next((waiting[m] for m in map(mailbox, one.recipients) if waiting.get(m)), None)
        mails.append(_read_mail(f"{number:02d}", one, mine.pop(0) if mine else None))
    return mails


def mailbox(address: str) -> str:
    """Return *address* so that two spellings of one mailbox are equal: lower case, its domain in A-labels."""
    local, _, domain = address.rpartition("@")
    with suppress(UnicodeError):  # no such domain name: it can still be compared as written
        domain = domain.encode("idna").decode("ascii")
    return f"{local}@{domain}".casefold()


def page_of(mails: Sequence[CaughtMail], rows: Sequence[ReaderRow]) -> str:
    """Return the page as one HTML document without outside parts, except the frames of the mails."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    pages = Environment(loader=FileSystemLoader(_PAGE), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    pages.filters.update(plain=plain, local_time=local_time)
    numbers = _number_by_row(mails, rows)
    return pages.get_template("index.html").render(
        mails=mails,
        readers=[(row, outcome_of(row), numbers.get(i, "")) for i, row in enumerate(rows)],
        zones=len({row.zone for row in rows}),
        locales=len({row.locale for row in rows}),
    )


def _number_by_row(mails: Iterable[CaughtMail], rows: Sequence[ReaderRow]) -> dict[int, str]:
    """Return the number of the mail that each row's reader got, by the row's position."""
    waiting = defaultdict(list)
    for position, row in enumerate(rows):
        if row.got_mail:
            waiting[mailbox(row.address)].append(position)
    numbers = {}
    for mail in mails:
        mine = waiting.get(mailbox(mail.recipient))
        if mine:
            numbers[mine.pop(0)] = mail.number
    return numbers


def _read_mail(number: str, caught: Caught, row: ReaderRow | None) -> CaughtMail:
    message = email.message_from_bytes(caught.content, EmailMessage, policy=email.policy.default)
    headers = tuple((name, plain(str(value))) for name, value in message.items())
    shown = {name.lower(): value for name, value in reversed(headers)}
    return CaughtMail(
        number=number,
        recipient=row.address if row else ", ".join(caught.recipients),
        envelope_sender=caught.sender,
        subject=shown.get("subject", ""),
        when=local_time(row.slot_local) if row and row.slot_local else _date(shown.get("date", "")),
        locale=row.locale if row else shown.get("content-language", ""),
        headers=headers,
        html=_part(message, "html"),
        text=_part(message, "plain"),
        source=caught.content.decode("utf-8", "replace").replace("\r\n", "\n"),
        size=len(caught.content),
        articles=row.articles if row else (),
    )


def _date(value: str) -> str:
    try:
        return local_time(parsedate_to_datetime(value))
    except ValueError:
        return value


def _part(message: EmailMessage, kind: str) -> str:
    """Return the mail's text/*kind* part decoded, "" when it has none; never fails on a wrong charset."""
    part = message.get_body((kind,))
    if part is None:
        return ""
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    try:
        text = payload.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        text = payload.decode("utf-8", "replace")
    return text.replace("\r\n", "\n")


def _instead_of_html(mail: CaughtMail) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>No HTML part</title></head>'
        f'<body><p>This mail has no HTML part. Its text:</p><pre style="white-space:pre-wrap">'
        f"{escape(mail.text)}</pre></body></html>\n"
    )
