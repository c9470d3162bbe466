"""The bytes of a journal: what each record says and how it is checked (pure).

All numbers are little-endian and all lengths are in the record, so a reader needs nothing but the bytes.
Every record ends with the CRC-32 of what comes before it.

    header  "JOURNAL:" version:u16 pid:u32 boot:16s made_at:i64 worker:u8+bytes crc:u32
    D       "D" delivery_id:i64 attempt_no:u32 token:i64 crc:u32
    A       "A" delivery_id:i64 attempt_no:u32 token:i64 outcome:u8 phase:u8 code:u16
            started_at:i64 finished_at:i64 enhanced:u8 server:u8 text:u16 (lengths) bytes... crc:u32

Times are microseconds since 1970 UTC.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from digest.model.delivery import Attempt, Outcome, Phase, Reply

MAGIC = b"JOURNAL:"
VERSION = 1
MAX_TEXT_BYTES = 512

# The place in these tuples is what is written: append, never reorder.
OUTCOMES = (Outcome.SENT, Outcome.DEFERRED, Outcome.REFUSED, Outcome.IN_DOUBT, Outcome.SENDER_FAULT)
PHASES = (
    Phase.CONNECT,
    Phase.GREETING,
    Phase.TLS,
    Phase.AUTH,
    Phase.MAIL,
    Phase.RCPT,
    Phase.DATA,
    Phase.BODY,
    Phase.DOT,
)

_OUTCOME_NUMBER = {outcome: number for number, outcome in enumerate(OUTCOMES)}
_PHASE_NUMBER = {phase: number for number, phase in enumerate(PHASES)}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_HEADER = struct.Struct("<8sHI16sqB")
_MARK = struct.Struct("<cqIq")
_ACK = struct.Struct("<cqIqBBHqqBBH")
_CRC = struct.Struct("<I")


class Key(NamedTuple):
    """Which attempt a record is about. `token` is that of the claim."""

    delivery_id: int
    attempt_no: int
    token: int


@dataclass(frozen=True, slots=True)
class Acked:
    """An attempt whose outcome reached the journal."""

    key: Key
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Header:
    """Whose journal it is. `boot` tells whether that process can still be alive."""

    worker: str
    pid: int
    boot: bytes
    made_at: datetime


Record = Header | Key | Acked


def header_bytes(header: Header) -> bytes:
    """Return the record that begins a journal; the worker's name is cut at 64 bytes."""
    worker = _cut(header.worker, 64)
    head = _HEADER.pack(MAGIC, VERSION, header.pid, header.boot[:16], _micros(header.made_at), len(worker))
    return _sealed(head + worker)


def mark_bytes(key: Key) -> bytes:
    """Return the record that says: this message may be complete from now on."""
    return _sealed(_MARK.pack(b"D", *key))


def ack_bytes(key: Key, attempt: Attempt) -> bytes:
    """Return the record of an attempt's outcome; texts are cut (reply 512 bytes, server and code 255)."""
    enhanced = _cut(attempt.reply.enhanced, 255)
    server = _cut(attempt.server, 255)
    text = _cut(attempt.reply.text, MAX_TEXT_BYTES)
    head = _ACK.pack(
        b"A",
        *key,
        _OUTCOME_NUMBER[attempt.outcome],
        _PHASE_NUMBER[attempt.phase],
        attempt.reply.code,
        _micros(attempt.started_at),
        _micros(attempt.finished_at),
        len(enhanced),
        len(server),
        len(text),
    )
    return _sealed(head + enhanced + server + text)


def read_record(data: bytes, at: int) -> tuple[Record, int] | None:
    """Return the record that begins at byte *at* and where the next begins; None when there is no whole one."""
    kind = data[at : at + 1]
    try:
        if kind == b"D":
            return _read_mark(data, at)
        if kind == b"A":
            return _read_ack(data, at)
        if data.startswith(MAGIC, at):
            return _read_header(data, at)
    except (struct.error, IndexError, OverflowError, UnicodeDecodeError):
        return None  # cut short, or numbers that no writer of ours makes
    return None


def _read_mark(data: bytes, at: int) -> tuple[Record, int] | None:
    end = at + _MARK.size
    _, *numbers = _MARK.unpack_from(data, at)
    return (Key(*numbers), end + _CRC.size) if _is_whole(data, at, end) else None


def _read_ack(data: bytes, at: int) -> tuple[Record, int] | None:
    (_, delivery_id, attempt_no, token, outcome, phase, code, started_at, finished_at, *lengths) = _ACK.unpack_from(
        data, at
    )
    texts = at + _ACK.size
    end = texts + sum(lengths)
    if not _is_whole(data, at, end):
        return None
    enhanced_end = texts + lengths[0]
    server_end = enhanced_end + lengths[1]
    attempt = Attempt(
        delivery_id=delivery_id,
        outcome=OUTCOMES[outcome],
        phase=PHASES[phase],
        reply=Reply(code, data[texts:enhanced_end].decode(), data[server_end:end].decode()),
        server=data[enhanced_end:server_end].decode(),
        started_at=_EPOCH + timedelta(microseconds=started_at),
        finished_at=_EPOCH + timedelta(microseconds=finished_at),
    )
    return Acked(Key(delivery_id, attempt_no, token), attempt), end + _CRC.size


def _read_header(data: bytes, at: int) -> tuple[Record, int] | None:
    _, version, pid, boot, made_at, length = _HEADER.unpack_from(data, at)
    name = at + _HEADER.size
    end = name + length
    if version != VERSION or not _is_whole(data, at, end):
        return None
    made = _EPOCH + timedelta(microseconds=made_at)
    return Header(data[name:end].decode(), pid, boot, made), end + _CRC.size


def _is_whole(data: bytes, at: int, end: int) -> bool:
    (crc,) = _CRC.unpack_from(data, end)
    return bool(crc == zlib.crc32(data[at:end]))


def _sealed(record: bytes) -> bytes:
    return record + _CRC.pack(zlib.crc32(record))


def _cut(text: str, most: int) -> bytes:
    """Return *text* in UTF-8, at most *most* bytes, cut between characters."""
    if len(text) <= most and text.isascii():
        return text.encode("ascii")
    return text.encode("utf-8", "replace")[:most].decode("utf-8", "ignore").encode()


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND
