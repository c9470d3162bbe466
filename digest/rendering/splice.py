"""Join ready pieces and one reader's values into the bytes of a message; the fast path of everything.

A splicer is made once per digest. Per reader it escapes and encodes some ten short values, builds four header
lines, checks those, and joins.
"""

from __future__ import annotations

import re
from binascii import a2b_base64, a2b_qp
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from digest.errors import BadInput, NotFound
from digest.rendering.clean import clean_text, escape_html, shorten
from digest.rendering.encode import Transfer, crlf, quoted_printable, run_bytes
from digest.rendering.headers import (
    ConstantHeaders,
    ascii_address,
    check_link,
    date_line,
    reader_lines,
)
from digest.rendering.layout import Layout, Part, Run
from digest.rendering.marks import SlotRef
from digest.rendering.sections import LEAVE

NAME_LENGTH = 200
# One quoted-printable line that is the same in text and in HTML.
_PLAIN_VALUE = re.compile(r"[!#-%(-\-/-;?-~](?:[ !#-%(-;?-~]{0,73}[!#-%(-;?-~])?")


class ReaderValues(NamedTuple):
    """What differs between the readers of one digest.

    URLs are absolute https; `message_id` is "<id@domain>"; `date` is aware, the time of submission; `mailto`
    ("mailto:…") takes the place of the newsletter's own in List-Unsubscribe; `more_url`, for more or less
    like what the mail has, is `view_url` when left out. `leave_urls` are the links to leave the other newsletters
    that have a part in the mail, by slot.
    """

    name: str
    address: str
    unsubscribe_url: str
    preferences_url: str
    view_url: str
    message_id: str
    date: datetime
    mailto: str = ""
    more_url: str = ""
    leave_urls: Mapping[str, str] = MappingProxyType({})


_Fill = Callable[[Mapping[str, str]], bytes]


class Splicer:
    """Makes the messages of one digest."""

    def __init__(self, layout: Layout, pieces: Mapping[str, bytes], headers: ConstantHeaders) -> None:
        """Take the parts of a digest; raises NotFound for a piece that *pieces* lacks."""
        self._layout, self._pieces, self._mailto = layout, pieces, headers.mailto
        #: The slots of the links to leave other newsletters that have a part in the mail.
        self.leave_slots = frozenset(
            slot.name for part in (layout.text, layout.html) for slot in part.slots() if slot.name.startswith(LEAVE)
        )
        self._stamp: tuple[datetime | None, str] = (None, "")
        boundary = headers.boundary
        self._chain = _Chain(headers)
        self._chain.add(f"--{boundary}\r\n{_part_head('plain', layout.text)}".encode("ascii"))
        self._chain.add_part(layout.text, pieces, html=False)
        self._chain.add(f"\r\n--{boundary}\r\n{_part_head('html', layout.html)}".encode("ascii"))
        self._chain.add_part(layout.html, pieces, html=True)
        self._chain.add(f"\r\n--{boundary}--\r\n".encode("ascii"))
        #: Whether every message of this digest can go onto the wire as it is. The values of readers are encoded so
        #: that they keep to what is asked of the rest, so it is looked at once and not for each message.
        self.is_wire_ready = self._chain.is_fit

    def splice(self, values: ReaderValues, *, to: str = "") -> bytes:
        """Return the whole message for one reader: CRLF line ends, ASCII but for the local part of *to*.

        *to* is the address from `ascii_address`; it is made from the values when left out. Raises NeedsSmtputf8 or
        BadInput for an address, id or URL that cannot stand in a message; nothing else of a reader can make this
        fail.
        """
        if values.date != self._stamp[0]:
            self._stamp = (values.date, date_line(values.date))
        lines = reader_lines(
            to=to or ascii_address(values.address),
            date=self._stamp[1],
            message_id=values.message_id,
            unsubscribe_url=values.unsubscribe_url,
            mailto=values.mailto or self._mailto,
        )
        return self._chain.join(lines, _slot_values(values))

    def html(self, values: ReaderValues) -> str:
        """Return the HTML part for one reader, decoded: for preview and view in browser."""
        return _decoded(self._layout.html, self._pieces, values, html=True)

    def text(self, values: ReaderValues) -> str:
        """Return the text part for one reader, decoded."""
        return _decoded(self._layout.text, self._pieces, values, html=False)


class _Chain:
    """Ready bytes and the places between them; neighbours that are ready are one."""

    def __init__(self, headers: ConstantHeaders) -> None:
        opening, subject, identity, closing = (
            text.encode("ascii") for text in (headers.opening, headers.subject, headers.identity, headers.closing)
        )
        # The lines of a reader stand at 1, 3 and 5.
        self._frames: list[bytes] = [opening, b"", subject, b"", identity, b"", closing]
        self.is_fit = all(map(_is_fit_for_wire, self._frames))
        self._slots: dict[SlotRef, tuple[list[int], list[int]]] = {}  # where in text, where in HTML
        self._runs: list[tuple[int, _Fill]] = []

    def add(self, ready: bytes) -> None:
        """Append bytes that every reader gets."""
        self.is_fit &= _is_fit_for_wire(ready)
        self._frames[-1] += ready

    def add_part(self, part: Part, pieces: Mapping[str, bytes], *, html: bool) -> None:
        """Append a part."""
        ready: list[bytes] = []
        for item in part.items:
            if isinstance(item, str):
                ready.append(_piece(pieces, item))
                continue
            self._add_pieces(ready)
            ready = []
            place = len(self._frames)
            if part.transfer == Transfer.BASE64:
                self._runs.append((place, _run_fill(item, html=html)))
            else:
                self._slots.setdefault(_only_slot(item), ([], []))[html].append(place)
            self._frames += [b"", b""]
        self._add_pieces(ready)

    def _add_pieces(self, pieces: Sequence[bytes]) -> None:
        self.is_fit = self.is_fit and all(map(_is_fit_piece, pieces))
        self._frames[-1] += b"".join(pieces)

    def join(self, lines: tuple[bytes, bytes, bytes], values: Mapping[str, str]) -> bytes:
        """Return the message with a reader's header *lines* and slot *values*."""
        frames = self._frames.copy()
        frames[1], frames[3], frames[5] = lines
        for slot, (in_text, in_html) in self._slots.items():
            value = values[slot.name] or slot.fallback
            if _PLAIN_VALUE.fullmatch(value):  # nearly every value, at a third of the time
                text = html = value.encode("ascii") + b"=\r\n"
            else:
                text, html = quoted_printable(value.encode()), quoted_printable(escape_html(value).encode())
            for place in in_text:
                frames[place] = text
            for place in in_html:
                frames[place] = html
        for place, fill in self._runs:
            frames[place] = fill(values)
        return b"".join(frames)


def _is_fit_for_wire(frame: bytes) -> bool:
    """Whether in *frame* no line starts with a dot (RFC 5321 §4.5.2), every line ends with CRLF, and there is no NUL.

    What is joined from such frames is one.
    """
    ends = frame.count(b"\r\n")
    only_crlf = ends == frame.count(b"\n") == frame.count(b"\r")
    return only_crlf and b"\n." not in frame and not frame.startswith(b".") and b"\0" not in frame


_is_fit_piece = lru_cache(maxsize=4096)(_is_fit_for_wire)  # the digests of a pool share most of their pieces


def _slot_values(values: ReaderValues) -> dict[str, str]:
    # The link to unsubscribe is checked with its header.
    check_link(values.preferences_url)
    check_link(values.more_url or values.view_url)
    check_link(values.view_url)
    for url in values.leave_urls.values():
        check_link(url)
    return {
        "name": shorten(clean_text(values.name), NAME_LENGTH),
        "address": clean_text(values.address),
        "unsubscribe_url": values.unsubscribe_url,
        "preferences_url": values.preferences_url,
        "view_url": values.view_url,
        "more_url": values.more_url or values.view_url,
        **values.leave_urls,
    }


def _only_slot(run: Run) -> SlotRef:
    """Return the slot of a quoted-printable run, which has nothing else."""
    (slot,) = run.parts
    if not isinstance(slot, SlotRef):
        raise BadInput("a stored layout has text where a slot belongs; plan the delivery anew")
    return slot


def _run_fill(run: Run, *, html: bool) -> _Fill:
    """Return the function that makes the base64 lines of *run* from a reader's values."""
    ready = [b"" if isinstance(part, SlotRef) else crlf(part) for part in run.parts]
    slots = [(n, part.name, part.fallback) for n, part in enumerate(run.parts) if isinstance(part, SlotRef)]
    before_end = run.before_end

    def fill(values: Mapping[str, str]) -> bytes:
        parts = ready.copy()
        for place, name, fallback in slots:
            value = values[name] or fallback
            parts[place] = (escape_html(value) if html else value).encode()
        return run_bytes(b"".join(parts), before_end)

    return fill


def _run_encoded(run: Run, transfer: str, values: Mapping[str, str], *, html: bool) -> bytes:
    if transfer == Transfer.BASE64:
        return _run_fill(run, html=html)(values)
    slot = _only_slot(run)
    value = values[slot.name] or slot.fallback
    return quoted_printable((escape_html(value) if html else value).encode())


def _decoded(part: Part, pieces: Mapping[str, bytes], reader: ReaderValues, *, html: bool) -> str:
    values = _slot_values(reader)
    encoded = b"".join(
        _piece(pieces, item) if isinstance(item, str) else _run_encoded(item, part.transfer, values, html=html)
        for item in part.items
    )
    data = a2b_base64(encoded) if part.transfer == Transfer.BASE64 else a2b_qp(encoded)
    return data.decode().replace("\r\n", "\n")


def _piece(pieces: Mapping[str, bytes], name: str) -> bytes:
    try:
        return pieces[name]
    except KeyError:
        raise NotFound(f"the piece {name} of a digest is no longer stored; plan the delivery anew") from None


def _part_head(subtype: str, part: Part) -> str:
    return f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {part.transfer}\r\n\r\n"
