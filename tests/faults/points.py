"""What is made to go wrong inside the program: it dies, as by `kill -9`, at P1 to P20 or A1 to A6, or lacks memory."""

from __future__ import annotations

import os
import resource
import signal
from importlib import import_module
from itertools import count
from typing import Any, NamedTuple


class Point(NamedTuple):
    """A call at which to die: "module:name" or "module:Class.name", before or after it."""

    call: str
    after: bool = False


POINTS = {
    "P1 before the tick writes": Point("digest.pipeline.tick:plan_newsletter"),
    "P2 the edition's row is written": Point("digest.store.planning:open_edition", after=True),
    "P3 readers' rows are written": Point("digest.store.cohorts:_write_rows", after=True),
    "P4 a job is written": Point("digest.store.cohorts:ask_for_workers", after=True),
    "P4 rows and job are committed": Point("digest.pipeline.planning.plan:write_cohorts", after=True),
    "P5 a job was fetched": Point("digest.worker.run:send_some"),
    "P6 rows are claimed": Point("digest.pipeline.delivering.dispatch:_Run._exchange", after=True),
    "P7 a message is being made": Point("digest.pipeline.delivering.messages:Messages.envelope"),
    "P10 the last bytes are to go": Point("digest.pipeline.delivering.dispatch:_Run.about_to_complete"),
    "P11 the mark is made": Point("digest.delivery.journal:Journal.about_to_complete", after=True),
    "P15 the reply was read": Point("digest.pipeline.delivering.dispatch:_Run.finished"),
    "P16 the reply is in the journal": Point("digest.delivery.journal:Journal.finished", after=True),
    "P17 the reply is committed": Point("digest.delivery.journal:Journal.truncate_after_commit"),
    "P18 a journal is read back": Point("digest.pipeline.delivering.recover:take_note"),
    "P18 what it said is committed": Point("digest.delivery.journal:Orphan.discard"),
    "P19 all rows have their end": Point("digest.store.dispatching:finish_editions"),
    "P20 the job's work is done": Point("digest.worker.run:send_some", after=True),
    "A1 the edition that is approved was found": Point("digest.pipeline.planning.approve:find_or_begin", after=True),
    "A2 what is approved is kept": Point("digest.pipeline.planning.approve:save_pool", after=True),
    "A3 the word is written": Point("digest.store.approvals:approve", after=True),
    "A4 it stands in the record": Point("digest.pipeline.planning.approve:record", after=True),
    "A5 a job is written for the workers": Point("digest.pipeline.planning.approve:ask_for_workers", after=True),
    "A6 all of it is committed": Point("digest.pipeline.planning.approve:_approve", after=True),
}


def arm(name: str, nth: int) -> None:
    """Let this process die at the *nth* time that it comes to the point called *name*."""
    point = POINTS[name]
    module, _, path = point.call.partition(":")
    owner: Any = import_module(module)
    *outer, last = path.split(".")
    for each in outer:
        owner = getattr(owner, each)
    call, times = getattr(owner, last), count(1)

    def dying(*arguments: Any, **named: Any) -> Any:
        dies = next(times) == nth
        if dies and not point.after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = call(*arguments, **named)
        if dies:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, last, dying)


def starve(megabytes: int, hungry: str) -> None:
    """Leave this process so much memory, of which the mail to *hungry* would take much more."""
    resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))
    messages = import_module("digest.pipeline.delivering.messages").Messages
    make = messages.envelope

    def envelope(self: Any, claim: Any) -> Any:
        if claim.address == hungry:
            bytearray(2 * megabytes << 20)
        return make(self, claim)

    messages.envelope = envelope
