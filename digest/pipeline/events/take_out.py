"""Take an event out of mail that has not left: cancelled for everybody, or read elsewhere by one reader."""

from __future__ import annotations

from sqlalchemy import Connection

from digest.errors import BadInput
from digest.model.event import Added, Answer, Outcome
from digest.pipeline.addresses import read_address
from digest.pipeline.events.event_json import Cancel, Read
from digest.store import events as store
from digest.store.subscribers import subscriber_ids

_TOO_LATE = Added(Answer.SUPPRESSED, "nothing_to_cancel")
_NOT_WAITING = Added(Answer.SUPPRESSED, "not_waiting")
READ = "read"  #: the reason of an event that its reader has read of elsewhere


def take_out(connection: Connection, scope: int, asked: Cancel | Read) -> Added:
    """Do what is *asked*; return the answer, with how many readers it is about. *scope* is that of the key."""
    if isinstance(asked, Cancel):
        readers = store.take_out(connection, scope, asked.dedupe_key, Outcome.CANCELLED)
        return Added(Answer.CANCELLED, "", readers) if readers else _TOO_LATE
    try:
        subscriber_id = asked.recipient.subscriber_id or _reader(connection, asked.recipient.address)
    except BadInput as wrong:
        return Added(Answer.REFUSED, str(wrong))
    if not subscriber_id:
        return _NOT_WAITING
    readers = store.take_out(
        connection, scope, asked.dedupe_key, Outcome.SUPPRESSED, reason=READ, subscriber_id=subscriber_id
    )
    return Added(Answer.READ, "", readers) if readers else _NOT_WAITING


def _reader(connection: Connection, address: str) -> int:
    key = read_address(address).key
    return subscriber_ids(connection, [key]).get(key, 0)
