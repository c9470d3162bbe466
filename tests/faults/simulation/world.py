"""A world from one number: readers, two editions, a mail server, and everything that goes wrong.

The sender is the product's own, from `dispatch` down to the bytes on the wire; only time, the network, the disk's
faults and chance are ours. The laws are judged at each commit and each message; once the faults have ended,
everything must come to its end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any
from unittest import mock

from digest.delivery import journal, pool
from digest.delivery.commands import Offer
from digest.delivery.connection import Connection, Timeouts
from digest.delivery.journal import Orphan
from digest.delivery.making import Making
from digest.delivery.session import Session
from digest.delivery.smtp import ConnectFailed
from digest.errors import BadInput
from digest.model.delivery import Outcome, Phase, Reply
from digest.model.newsletter import InDoubt, Retry, Sender
from digest.pipeline.delivering import dispatch as sender
from digest.pipeline.delivering import recover
from digest.pipeline.delivering.dispatch import Sending, dispatch
from digest.pipeline.delivering.messages import Messages
from digest.pipeline.installation import Installation
from digest.pipeline.planning.hold_edition import cancel_edition, pause_edition, resume_edition
from digest.settings.relay import Relay
from digest.store.dispatching import Claim
from tests.faults.simulation.clockwork import Time, VirtualLoop, run
from tests.faults.simulation.laws import Broken, Laws
from tests.faults.simulation.life import STEPS, Killed, Life
from tests.faults.simulation.relay import TROUBLES, Copy, Mood, Wire
from tests.faults.simulation.shortcuts import Compiled
from tests.house import MONDAY, House

MINI = Path(__file__).parents[2] / "rendering" / "templates" / "mini"
LETTERS = ("daily", "weekly")
READERS = 9
CONNECTIONS = 3
TIMEOUTS = Timeouts(connect=30, greeting=60, ehlo=60, mail=60, rcpt=60, data=60, body=60, dot=60, quit=5)
RELAY = Relay(host="relay.example.org", port=25, implicit_tls=False, starttls=False)
POLICIES = (InDoubt.RESEND_ONCE, InDoubt.RESEND_ONCE, InDoubt.HOLD, InDoubt.ASSUME_SENT)
RETRY = Retry((timedelta(minutes=30),), timedelta(hours=6))
ROUNDS = 24  # of 45 minutes each, longer than any row may wait
LONGEST = 3_600.0  # seconds that one life may last


def prepare(folder: Path) -> None:
    """Make the installation that every history begins with: two editions planned, nothing sent."""
    (folder / "templates" / "email").mkdir(parents=True)
    (folder / "templates" / "email" / "mini").symlink_to(MINI)
    house = House(folder, templates=folder / "templates")
    for slug in LETTERS:
        house.newsletter(slug, sender=Sender("The Press", f"{slug}@example.org"), retry=RETRY, template="mini")
    addresses = [f"r{n}@example.org" for n in range(READERS)]
    house.readers([{"email": each, "topics": "trade"} for each in addresses], "daily")
    house.readers([{"email": each, "topics": "energy"} for each in addresses[:4]], "weekly")
    house.article("trade")
    house.article("energy")
    for slug in LETTERS:
        house.plan(slug)
    with house.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    house.engine.dispose()


@dataclass
class World:
    """One history in *folder*, which holds a copy of what `prepare` made. `play` raises Broken when a law was."""

    seed: int
    folder: Path
    templates: Path
    compiled: Compiled
    trace: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        chance = self.random = Random(self.seed)
        self.time = Time(MONDAY)
        self.house = House(self.folder, clock=self.time, templates=self.templates)  # type: ignore[arg-type]
        policies = {slug: chance.choice(POLICIES) for slug in LETTERS}
        for slug, policy in policies.items():
            self.house.newsletter(slug, in_doubt=policy)
        self.editions = dict(
            self.house.rows("SELECT n.slug, e.id FROM editions e JOIN newsletters n ON n.id = e.newsletter_id")
        )
        self.laws = Laws(self.house, policies)
        self.shared = chance.random() < 0.4  # several senders and their leases, as on PostgreSQL
        self.offer = Offer(pipelining=chance.random() < 0.7, eight_bit=True, chunking=chance.random() < 0.6)
        self.trouble = chance.choice((0.0, 0.1, 0.3, 0.6))
        self.moods = chance.sample(TROUBLES, chance.randint(1, len(TROUBLES)))
        self.is_faulty = True
        self.down_until = 0.0
        self.lives = 0
        self.living: list[Life] = []

    def play(self) -> None:
        """Live through the faults, then come to rest."""
        with self._in_place_of_the_world():
            for _ in range(self.random.randint(1, 4)):
                self.live()
                self.time.seconds += self.random.choice((0.0, 1.0, 65.0, 660.0, 1_900.0))
                if self.random.random() < 0.4:
                    self.happen()
            self.is_faulty = False
            for _ in range(ROUNDS):
                self._resume()
                self.live()
                if self.laws.is_at_rest():
                    break
                self.time.seconds += 2_700.0
        self.laws.at_the_end()

    def live(self) -> None:
        """Let one sender live, until it has done all there is, or is killed, or its disk fails."""
        life = self._born()
        engine = life.open(str(self.house.engine.url), self.compiled)
        self.living.append(life)
        try:
            house = replace(self.house.installation, engine=engine)
            sending = Sending(RELAY, CONNECTIONS, "sender.example.org", TIMEOUTS)
            done = dispatch(house, sending)
            self.note(f"{life.name} ends: {dict(done.states)} {done.stopped_by}")
        except Killed:
            self.note(f"{life.name} was killed")
        except Exception as error:
            if life.broken is not None:
                raise life.broken from None
            if not life.has_failed:
                raise
            life.is_gone = True
            self.note(f"{life.name} gave up: {type(error).__name__}")
        finally:
            self.living.pop()
            for orphan in life.adopted:  # the locks of a process go with it
                orphan.close()
            engine.dispose()
        if life.broken is not None:
            raise life.broken

    def close(self) -> None:
        """Leave nothing open."""
        self.laws.close()
        self.house.engine.dispose()

    def note(self, what: str) -> None:
        """Write a line of the story."""
        self.trace.append(f"{self.time.seconds:11.4f} {what}")

    def _born(self) -> Life:
        self.lives += 1
        chance = self.random
        life = Life(f"sender-{self.lives}", self.note, self.laws.after_commit)
        if self.is_faulty:
            kind = chance.choice(list(STEPS))
            if chance.random() < 0.75:
                life.dies_at = (kind, chance.randint(1, STEPS[kind]))
            if chance.random() < 0.2:
                kind = chance.choice(("note", "commit", "committed"))
                life.fails_at = (kind, chance.randint(1, STEPS[kind]))
            life.tear = chance.random()
        return life

    # What happens to the world meanwhile

    def _plan_for(self, loop: VirtualLoop, life: Life) -> None:
        if not self.is_faulty:
            return
        for _ in range(self.random.choice((0, 0, 1, 2))):
            loop.call_later(self.random.uniform(0.0, 0.4), self.happen)
        if self.shared and len(self.living) == 1 and self.random.random() < 0.7:
            loop.call_later(self.random.uniform(0.0, 0.2), self._freeze, life)

    def happen(self) -> None:
        """Let a person, or the network, do something."""
        letter = self.random.choice(LETTERS)
        what = self.random.choice(("leave", "leave", "pause", "resume", "cancel", "down", "set the clock"))
        self.note(f"{what} {letter}")
        if what == "leave":
            who = f"r{self.random.randrange(4 if letter == 'weekly' else READERS)}@example.org"
            if (who, letter) not in self.laws.left:
                self.house.leave(who, letter)
                self.laws.left[who, letter] = self.time.seconds
                self.note(f"{who} has left {letter}")
        elif what == "down":
            self.down_until = self.time.seconds + self.random.choice((5.0, 300.0))
        elif what == "set the clock":
            if not self.shared:  # nobody can lease by a clock that jumps
                self.laws.clock_was_set = True
                self.time.set_by += timedelta(minutes=self.random.uniform(-90, 90))
        else:
            self._hold(what, letter)

    def _hold(self, what: str, letter: str) -> None:
        edition = str(self.editions[letter])
        with suppress(BadInput):  # it has ended, or is not paused
            if what == "resume":
                resume_edition(self.house.installation, edition)
                self.laws.held.pop(letter, None)
                return
            (pause_edition if what == "pause" else cancel_edition)(self.house.installation, edition)
            self.laws.held.setdefault(letter, self.time.seconds)
            if what == "cancel":
                self.laws.cancelled.add(letter)

    def _resume(self) -> None:
        for letter in LETTERS:
            self._hold("resume", letter)

    def _freeze(self, life: Life) -> None:
        """Stop *life* for a while, in which others live."""
        self.note(f"{life.name} freezes")
        self._forgive_what_is_not_committed()
        self.time.seconds += self.random.uniform(50.0, 120.0)
        self.live()
        if self.random.random() < 0.3:
            self.time.seconds += self.random.uniform(10.0, 700.0)
            self.live()
        self.note(f"{life.name} thaws")

    def _forgive_what_is_not_committed(self) -> None:
        """Results wait milliseconds for their commit; in a sender that is frozen just then nobody can read them.

        They may be sent once more, but only after the time that a reply may take (`Laws.begins`).
        """
        on_record = {
            (row[0], row[1])
            for row in self.house.rows(
                "SELECT d.address, n.slug FROM deliveries d JOIN editions e ON e.id = d.edition_id"
                " JOIN newsletters n ON n.id = e.newsletter_id WHERE d.state = 'sent'"
            )
        }
        for row, copies in self.laws.copies.items():
            for copy in copies if row not in on_record else ():
                copy.resolved = False

    # The mail server

    def mood(self, recipient: str) -> Mood:
        """Return what the server does with the next message to *recipient*."""
        if self.is_faulty and self.random.random() < self.trouble:
            return self.random.choice(self.moods)
        return Mood.TAKE

    def begins(self, copy: Copy, mood: Mood) -> None:
        """Take note of a message whose content is being written."""
        self.note(f"{copy.sender} -> {copy.recipient}: {mood}")
        try:
            self.laws.begins(copy)
        except Broken as broken:
            self.living[-1].breaks(broken)

    async def _open_connection(
        self, _relay: Relay, *, clock: Any, timeouts: Timeouts, pipelining: bool, chunking: bool, **_rest: Any
    ) -> Connection:
        life, loop = self.living[-1], asyncio.get_running_loop()
        await asyncio.sleep(self.random.uniform(0.001, 0.02))
        if self.is_faulty and (self.time.seconds < self.down_until or self.random.random() < self.trouble / 5):
            raise ConnectFailed("relay:25", Outcome.DEFERRED, Phase.CONNECT, Reply(0, "", "refused"))
        session = Session(self.offer, pipelining=pipelining, chunking=chunking)
        connection = Connection(session, server="relay:25", clock=clock, timeouts=timeouts, loop=loop)
        wire = Wire(self, loop, connection, life, life.step)
        life.wires.append(wire)
        connection.connection_made(wire)
        return connection

    # What stands in place of the world

    def _run_loop(self, doing: Any) -> Any:
        life = self.living[-1]
        until = self.time.seconds + LONGEST

        def turn() -> None:
            life.step("turn")
            if self.time.seconds > until and len(self.living) == 1:
                life.breaks(Broken("I1: a sender never ends"))

        loop = VirtualLoop(self.time, turn)
        loop.set_exception_handler(partial(self._told_by_loop, life))
        self._plan_for(loop, life)
        return run(loop, doing, lambda: life.dead)

    def _told_by_loop(self, life: Life, _loop: Any, context: dict[str, Any]) -> None:
        if not life.dead:  # of the dead it tells when their memory is given back, which is at any time
            self.note(f"loop: {context.get('exception')!r}")

    @contextmanager
    def _in_place_of_the_world(self) -> Iterator[None]:
        making, envelope = Making.close, Messages.envelope

        def take_over(path: Path) -> Orphan | None:
            orphan = journal.adopt(path)
            if orphan is not None:
                self.living[-1].adopted.append(orphan)
            return orphan

        def close_note(note: Making) -> None:
            if self.living[-1].dead:
                note._note.close()  # the file stays, as after kill -9
            else:
                making(note)

        def make(messages: Messages, claim: Claim) -> Any:
            self.living[-1].step("make")
            return envelope(messages, claim)

        with ExitStack() as stack:
            for where, name, stand_in in (
                (sender, "run_loop", self._run_loop),
                (sender, "secrets", SimpleNamespace(token_hex=lambda _: self.living[-1].name)),
                (sender, "random", SimpleNamespace(Random=lambda: Random(self.random.random()))),
                (pool, "open_connection", self._open_connection),
                (journal, "_write_whole", lambda fd, data: self.living[-1].write(fd, data)),  # noqa: PLW0108
                (recover, "adopt", take_over),
                (Making, "close", close_note),
                (Messages, "envelope", make),
                (Installation, "shares_rows", self.shared),
            ):
                stack.enter_context(mock.patch.object(where, name, stand_in))
            if self.shared:
                stack.enter_context(mock.patch.object(sender, "sender_lock", return_value=nullcontext()))
            yield
