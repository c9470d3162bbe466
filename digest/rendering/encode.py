r"""Transfer-encode pieces so that encoded pieces and slot values join into one valid body (RFC 2045 §6.7, §6.8).

Quoted-printable: every piece is whole lines, ended by a line break or by a soft one (`=\r\n`). Base64: every
piece is a multiple of three bytes, so it encodes to whole lines without `=`; the one or two bytes that may
be missing are spaces where they change nothing: inside an end tag (`</p >`) or before a line break. A slot,
whose width nobody knows yet, is encoded together with what follows it up to the next such place (a run).
"""

from __future__ import annotations

import re
from binascii import b2a_base64, b2a_qp
from collections.abc import Iterable, Sequence
from enum import StrEnum

from digest.rendering.layout import Run
from digest.rendering.marks import SlotRef

LINE = 76
Pending = tuple[str | SlotRef, ...]
_END_TAG = re.compile(r"<!--.*?(?:-->|\Z)|</[A-Za-z][A-Za-z0-9]*(?=>)", re.DOTALL)
_LINE_END = re.compile(r"(?=\n)")
_DOT_LINE = re.compile(rb"^\.(.*)$", re.MULTILINE)
_SHORT = re.compile(rb"[!-<>-~](?:[ -<>-~]{0,73}[!-<>-~])?")


class Transfer(StrEnum):
    """A Content-Transfer-Encoding."""

    QUOTED_PRINTABLE = "quoted-printable"
    BASE64 = "base64"


def crlf(text: str) -> bytes:
    """Return *text* in UTF-8 with CRLF line ends."""
    return text.encode().replace(b"\n", b"\r\n")


def quoted_printable(data: bytes) -> bytes:
    r"""Return *data* (CRLF line ends) in quoted-printable as whole lines of at most 76 characters."""
    if _SHORT.fullmatch(data) and not data.startswith(b"."):
        return data + b"=\r\n"
    if not data:
        return b""
    encoded = b2a_qp(data.replace(b"\r\n", b"\n"), quotetabs=False, istext=True)
    if not data.endswith(b"\n"):
        last = len(encoded) - (encoded.rfind(b"\n") + 1)
        if last > LINE - 1:  # no room for the "=" of the soft break: break before the last character or =XX
            cut = -3 if encoded[-3:-2] == b"=" else -1
            encoded = encoded[:cut] + b"=\n" + encoded[cut:]
        encoded += b"=\n"
    return _undotted(encoded).replace(b"\n", b"\r\n")


def _undotted(encoded: bytes) -> bytes:
    """Return quoted-printable lines (LF) of which none begins with a dot, so that none needs stuffing on the wire."""
    while _DOT_LINE.search(encoded):
        encoded = _DOT_LINE.sub(_spell_dot, encoded)
    return encoded


def _spell_dot(line: re.Match[bytes]) -> bytes:
    rest = line[1]
    return b"=2E" + rest if len(rest) + 3 <= LINE else b"=2E=\n" + rest


def base64_lines(data: bytes) -> bytes:
    """Return *data* in base64 as lines of at most 76 characters."""
    encoded = b2a_base64(data, newline=False)
    if len(encoded) <= LINE:
        return encoded + b"\r\n" if encoded else b""
    return b"\r\n".join([encoded[at : at + LINE] for at in range(0, len(encoded), LINE)]) + b"\r\n"


def padded(data: bytes, before_end: int) -> bytes:
    """Return *data* filled with spaces, *before_end* bytes before its end, to a multiple of three bytes."""
    missing = -len(data) % 3
    if not missing:
        return data
    at = len(data) - before_end
    return data[:at] + b" " * missing + data[at:]


def smaller(plain: int, quoted: int) -> Transfer:
    """Return the shorter encoding of *plain* bytes that take *quoted* in quoted-printable, which wins a tie."""
    return Transfer.BASE64 if (plain + 2) // 3 * 4 * 78 // 76 < quoted else Transfer.QUOTED_PRINTABLE


def piece_bytes(text: str, *, html: bool) -> bytes:
    """Return a base64 piece as bytes to encode, padded at its last harmless place (which it must have)."""
    place = _places(text, html=html)[-1]
    data = crlf(text)
    return padded(data, len(crlf(text[place:])))


def arrange(atoms: Iterable[str | SlotRef], transfer: Transfer, *, html: bool) -> list[str | Run]:
    """Return *atoms* (texts and slots in order) as texts that can be encoded alone, and runs."""
    if transfer is Transfer.QUOTED_PRINTABLE:
        return [Run((atom,)) if isinstance(atom, SlotRef) else atom for atom in atoms if atom != ""]
    items, pending = arrange_base64((), atoms, html=html)
    return [*items, *last_run(pending)]


def arrange_base64(pending: Pending, atoms: Iterable[str | SlotRef], *, html: bool) -> tuple[list[str | Run], Pending]:
    """Return what *atoms* come to after what is *pending*, and what waits then for a place where base64 may fill."""
    items: list[str | Run] = []
    waits = [*pending]
    for atom in atoms:
        if isinstance(atom, SlotRef):
            waits.append(atom)
            continue
        places = _places(atom, html=html)
        if not waits and places:
            items.append(atom)
        elif not places:
            waits.extend([atom] if atom else [])
        else:
            end = places[0] + 1  # past the ">" or the line break
            items.append(_run([*waits, atom[:end]], before_end=1 if html else 2))
            rest = atom[end:]
            waits = []
            if rest and len(places) > 1:
                items.append(rest)
            elif rest:
                waits = [rest]
    return items, tuple(waits)


def last_run(pending: Pending) -> list[Run]:
    """Return what is still pending at the end of a part."""
    return [Run(pending, None)] if pending else []


def run_bytes(data: bytes, before_end: int | None) -> bytes:
    """Return a base64 run, its slots filled in, encoded; None is the last of a part, which may end in `=`."""
    return base64_lines(data if before_end is None else padded(data, before_end))


def _run(parts: Sequence[str | SlotRef], before_end: int) -> str | Run:
    if any(isinstance(part, SlotRef) for part in parts):
        return Run(tuple(parts), before_end)
    return "".join(part for part in parts if isinstance(part, str))


def _places(text: str, *, html: bool) -> list[int]:
    """Return where spaces change nothing: before the ">" of end tags outside comments, or before line ends."""
    if not html:
        return [found.start() for found in _LINE_END.finditer(text)]
    return [found.end() for found in _END_TAG.finditer(text) if not found.group().startswith("<!--")]
