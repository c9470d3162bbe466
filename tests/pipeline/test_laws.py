"""The laws of planning and delivery, held by a machine that does everything to readers and mail in any order.

A small world on a real database and a real mail server: two newsletters due at one instant, five readers in
three zones. After each step nothing may have been told twice, no row may be without its reason; when the world
comes to rest, every reader must have what they asked for.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import Phase as RunPhase
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from digest.delivery.journal import Journal
from digest.delivery.records import Key
from digest.model.article import ArticleState
from digest.model.delivery import Attempt, Outcome, Phase, Reply
from digest.model.digest import Rejection
from digest.model.newsletter import InDoubt, Limits, Retry
from digest.model.note import NoteKind
from digest.model.ruling import Ruling, RulingKind
from digest.pipeline.delivering.leases import LEASE
from digest.pipeline.delivering.messages import Messages
from digest.pipeline.editing.write_note import write_note
from digest.pipeline.planning.plan import Who
from digest.pipeline.previewing.preview import preview
from digest.pipeline.reading.subscribe import choose, pause, preferences_for, resume
from digest.store import dispatching
from digest.store.articles import find_article, save_article, set_state
from digest.store.log import Filter, retry_failed
from digest.store.rulings import lift_ruling, save_ruling
from tests import postgres
from tests.house import WORD_OF, House
from tests.sink import Do, Mail, Sink

MINI = Path(__file__).parents[1] / "rendering" / "templates" / "mini"
LETTERS = ("alpha", "beta")
TOPICS = ("trade", "energy", "sport")
READERS = {
    "ann@example.org": "UTC",
    "bob@example.org": "UTC",
    "cho@example.org": "Asia/Tokyo",
    "dan@example.org": "America/New_York",
    "eve@example.org": "UTC",
}
DAY = timedelta(days=1)
ANSWERS = st.dictionaries(
    st.sampled_from(["ann@example.org", "bob@example.org", *READERS]),
    st.lists(
        st.sampled_from(
            [Do.LOSE_REPLY, Do.LOSE_REPLY, Do.LATER, Do.LATER, Do.LATER_AT_DOT, Do.NEVER, Do.DROP, Do.TAKE]
        ),
        min_size=1,
        max_size=2,
    ),
)
readers = st.sampled_from(sorted(READERS))
letters = st.sampled_from(LETTERS)
some_topics = st.sets(st.sampled_from(TOPICS), max_size=2)


@dataclass
class Asked:
    """What one reader asked of one newsletter: topic -> the day it was followed from, the day they joined."""

    joined: datetime
    follows: dict[str, datetime | None] = field(default_factory=dict)


@dataclass
class Story:
    """What the world knows of a story: its topic, when it was collected, whether it was taken back."""

    topic: str
    collected: datetime
    withdrawn: bool = False


class World(RuleBasedStateMachine):
    """Every rule is something that happens to an installation; the invariants are the laws."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="laws-"))
        templates = self.folder / "templates" / "email"
        templates.mkdir(parents=True)
        (templates / "mini").symlink_to(MINI)
        self.house = House(self.folder, self.database(), templates=self.folder / "templates")
        self.sink = Sink()
        self.sink.__enter__()
        self.stories: dict[int, Story] = {}
        self.asked: dict[tuple[str, str], Asked] = {}
        self.doubted: defaultdict[str, set[int]] = defaultdict(set)
        self.ruled: set[tuple[int, RulingKind]] = set()
        self.begun: defaultdict[str, set[int]] = defaultdict(set)  # stories of mails that were begun at a decision
        self.announced = 0
        self.crashes = 0

    def database(self) -> str:
        """Return the URL of a database without rows; "" for one in the folder."""
        return ""

    def teardown(self) -> None:
        try:
            if self.stories:
                self.the_same_store_and_clock_give_the_same_bytes()
            self.come_to_rest()
        finally:
            self.sink.__exit__(None, None, None)
            self.house.engine.dispose()
            shutil.rmtree(self.folder)

    @initialize()
    def set_up(self) -> None:
        retry = Retry((timedelta(minutes=30),), timedelta(hours=3))
        self.house.newsletter(
            "alpha", template="mini", retry=retry, limits=Limits(max_items=1), expires_after=timedelta(days=40)
        )
        self.house.newsletter(
            "beta",
            template="mini",
            retry=retry,
            limits=Limits(max_items=2),
            expires_after=timedelta(days=4),
            look_back=DAY,
            in_doubt=InDoubt.HOLD,
        )
        for reader, letter, topics in (
            ("ann@example.org", "alpha", {"trade", "energy"}),
            ("ann@example.org", "beta", set()),
            ("bob@example.org", "alpha", set()),
            ("bob@example.org", "beta", {"trade"}),
        ):
            self.join(reader, letter, topics)
        self.collect("trade", 0)
        self.collect("energy", 0)
        self.collect("trade", 0)

    # What happens to articles

    @rule(topic=st.sampled_from(TOPICS), dated_back=st.sampled_from([0, 0, 3, 40]))
    def collect(self, topic: str, dated_back: int) -> None:
        now = self.house.clock.now()
        title = f"{WORD_OF[topic]} story {len(self.stories) + 1}"
        article_id = self.house.article(topic, title, published_at=now - dated_back * DAY, at=now)
        self.stories[article_id] = Story(topic, now)

    @rule(data=st.data(), edited=st.booleans())
    def edit_or_withdraw_or_bring_back(self, data: st.DataObject, edited: bool) -> None:
        story = self.stories[article_id := data.draw(st.sampled_from(sorted(self.stories)))]
        now = self.house.clock.now()
        with self.house.engine.begin() as connection:
            if edited:
                found = find_article(connection, article_id).article
                save_article(connection, replace(found, deck=found.deck + " Updated."), source="", now=now)
            else:
                story.withdrawn = not story.withdrawn
                state = ArticleState.WITHDRAWN if story.withdrawn else ArticleState.LIVE
                set_state(connection, article_id, state, now=now)

    # What editors do

    @rule(data=st.data(), kind=st.sampled_from(list(RulingKind)))
    def decide_or_take_it_back(self, data: st.DataObject, kind: RulingKind) -> None:
        article_id, now = data.draw(st.sampled_from(sorted(self.stories))), self.house.clock.now()
        with self.house.engine.begin() as connection:
            if (article_id, kind) in self.ruled:
                self.ruled.remove((article_id, kind))
                lift_ruling(connection, article_id, "", kind, now=self.house.clock.now())
            else:
                self.ruled.add((article_id, kind))
                until = {RulingKind.EMBARGO: now + 90 * DAY, RulingKind.EXPIRE: now}.get(kind)
                save_ruling(connection, Ruling(article_id, kind, "", until, "editor", now))
        for reader, items in self.house.rows(
            "SELECT d.address, g.items FROM deliveries d JOIN digests g ON g.id = d.digest_id"
            " WHERE d.lease_until IS NOT NULL OR d.doubt_count > 0"
        ):
            self.begun[reader] |= _stories(items)

    @rule(letter=letters)
    def announce(self, letter: str) -> None:
        self.announced += 1
        write_note(self.house.installation, letter, NoteKind.ANNOUNCEMENT, f"News no {self.announced}.", by="editor")

    # What readers do

    @rule(reader=readers, letter=letters, topics=some_topics)
    def join(self, reader: str, letter: str, topics: set[str]) -> None:
        if (reader, letter) in self.asked:
            return
        zone = READERS[reader]
        self.house.reader(reader, letter, topics="|".join(sorted(topics)), timezone=zone)
        self.asked[reader, letter] = Asked(_midnight(self.house.clock.now()), dict.fromkeys(sorted(topics)))

    @rule(data=st.data(), topics=some_topics)
    def choose_topics(self, data: st.DataObject, topics: set[str]) -> None:
        reader, letter = data.draw(st.sampled_from(sorted(self.asked)))
        choose(self.house.installation, self.choices(reader, letter), topics=topics, send_at="")
        asked = self.asked[reader, letter]
        since = _midnight(self.house.clock.now()) if asked.follows else None
        asked.follows = {topic: asked.follows.get(topic, since) for topic in sorted(topics)}

    @rule(data=st.data(), act=st.sampled_from(["leave", "pause", "come back"]), days=st.sampled_from([1, 2]))
    def leave_or_pause_or_come_back(self, data: st.DataObject, act: str, days: int) -> None:
        reader, letter = data.draw(st.sampled_from(sorted(self.asked)))
        choices = self.choices(reader, letter)
        if act == "leave":
            self.house.leave(reader, letter)
        elif act == "come back":
            if choices.agreement.state == "ended":
                self.asked[reader, letter].joined = _midnight(self.house.clock.now())
            resume(self.house.installation, choices, source="test")
        elif (reader, letter) in self.active():  # who left has nothing to pause
            pause(self.house.installation, choices, self.house.clock.now() + days * DAY, source="test")

    # What time and the program do

    @rule(hours=st.sampled_from([1, 1, 5, 16, 24, 24, 72]))
    def time_passes(self, hours: int) -> None:
        self.house.move(hours=hours)

    @rule(minutes=st.sampled_from([1, 50, 190]))
    def the_clock_is_put_back(self, minutes: int) -> None:
        self.house.move(minutes=-minutes)

    @rule(letter=letters, who=st.sampled_from(list(Who)))
    def plan(self, letter: str, who: Who) -> None:
        self.house.plan(letter, who)
        before = self.house.rows("SELECT * FROM deliveries ORDER BY id")
        self.house.plan(letter, who)

        assert self.house.rows("SELECT * FROM deliveries ORDER BY id") == before, "planning twice is planning once"

    @rule(letter=st.sampled_from([*LETTERS, None]), answers=ANSWERS)
    def dispatch(self, letter: str | None, answers: dict[str, list[Do]]) -> None:
        queues = {reader: list(queue) for reader, queue in answers.items()}
        self.sink.script = lambda reader, _number: queue.pop(0) if (queue := queues.get(reader)) else Do.TAKE
        may_have = self.active()
        before = len(self.sink.mails)
        self.house.dispatch(self.sink, letter)

        for mail in self.sink.mails[before:]:
            assert (mail.recipient, _letter_of(mail)) in may_have, "no mail to who left or paused"
            kept_out = {article_id for article_id, kind in self.ruled if kind is not RulingKind.PIN}
            told = _numbers(mail.content.decode()) - self.begun[mail.recipient]
            assert told.isdisjoint(kept_out), "nothing that the editors keep out, unless it had been begun before"
        for reader, titles in self.house.rows(
            "SELECT d.address, g.items FROM deliveries d JOIN digests g ON g.id = d.digest_id"
            " WHERE d.state = 'in_doubt'"
        ):
            self.doubted[reader] |= _stories(titles)

    @rule(answers=ANSWERS)
    def tick(self, answers: dict[str, list[Do]]) -> None:
        for letter in LETTERS:
            self.house.plan(letter, Who.DUE)
        self.dispatch(None, answers)

    @rule(topics=st.lists(st.sampled_from(TOPICS), max_size=2), answers=ANSWERS)
    def next_day(self, topics: list[str], answers: dict[str, list[Do]]) -> None:
        """Articles come, the hour comes for readers in UTC, both newsletters are due at one instant."""
        for topic in topics:
            self.collect(topic, 0)
        now = self.house.clock.now()
        self.house.clock.at = datetime.combine(now.date() + (now.hour >= 7) * DAY, time(7, 1), UTC)
        self.tick(answers)

    @rule(answers=ANSWERS, topic=st.sampled_from(TOPICS))
    def an_hour_later(self, answers: dict[str, list[Do]], topic: str) -> None:
        """What waited is due again, and a person sends what is new."""
        self.house.move(hours=1)
        self.collect(topic, 0)
        self.house.move(minutes=1)
        for letter in LETTERS:
            self.plan(letter, Who.LATEST)
        self.dispatch(None, answers)

    @rule(fates=st.lists(st.sampled_from(["nothing", "mark", "acknowledged", "no journal"]), min_size=1, max_size=4))
    def crash(self, fates: list[str]) -> None:
        """A sender claims rows and dies: before a byte, after the last byte, after the reply, with its disk."""
        house, now = self.house.installation, self.house.clock.now()
        self.crashes += 1
        worker = f"dead-{self.crashes}"
        with self.house.engine.begin() as connection:
            claims = dispatching.claim(
                connection, worker=worker, newsletter_id=None, limit=len(fates), now=now, lease_until=now + LEASE
            )
        assert len({claim.subscriber_id for claim in claims}) == len(claims), "one message at a time to a mailbox"
        house.state_folder.mkdir(parents=True, exist_ok=True)
        journal = Journal(house.state_folder, worker, clock=house.clock)
        for claim, fate in zip(claims, fates, strict=False):
            key = Key(claim.delivery_id, claim.attempt_no, claim.token)
            if fate == "nothing":
                continue
            envelope = Messages(house).envelope(claim)
            self.doubted[claim.address] |= _numbers(envelope.content.decode())
            journal.about_to_complete(key)
            if fate == "acknowledged":
                self.sink.mails.append(Mail(envelope.sender, envelope.recipient, envelope.content, 0, answered=True))
                journal.finished(
                    key,
                    Attempt(claim.delivery_id, Outcome.SENT, Phase.DOT, Reply(250, "2.0.0", "ok"), "sink", now, now),
                )
        os.close(journal._fd)  # what the death of the process does
        if "no journal" in fates:
            # Then nobody can say how far any of them got.
            journal.path.unlink()
            for claim in claims:
                self.doubted[claim.address] |= _numbers(Messages(house).envelope(claim).content.decode())

    @rule()
    def retry(self) -> None:
        with self.house.engine.begin() as connection:
            retry_failed(connection, Filter(), self.house.clock.now())

    # The laws

    @invariant()
    def no_story_is_told_twice(self) -> None:
        told: defaultdict[tuple[str, int], list[Mail]] = defaultdict(list)
        for mail in self.sink.mails:
            for number in _numbers(mail.content.decode()):
                told[mail.recipient, number].append(mail)
        for (reader, number), mails in told.items():
            assert len({mail.content for mail in mails}) == 1, f"{reader} was told story {number} in two mails"
            assert len(mails) <= 2, f"{reader} got one mail {len(mails)} times"

    @invariant()
    def an_announcement_is_told_once(self) -> None:
        told: defaultdict[tuple[str, str], set[bytes]] = defaultdict(set)
        for mail in self.sink.mails:
            for news in re.findall(r"News no \d+", mail.content.decode()):
                told[mail.recipient, news].add(mail.content)
        assert all(len(mails) == 1 for mails in told.values())

    @invariant()
    def a_history_is_what_was_shown(self) -> None:
        if self.house.rows("SELECT 1 FROM deliveries WHERE lease_until IS NOT NULL"):
            return  # a dead sender's journal still has to be read
        unexpired = self.unexpired("alpha")
        for reader in {reader for reader, _ in self.asked}:
            shown = {n for mail in self.sink.to(reader) for n in _numbers(mail.content.decode())}
            history = self.house.history(reader)
            assert shown & unexpired <= history, f"{reader} was shown what the history does not have"
            assert history <= shown | self.doubted[reader], f"the history of {reader} has what was never shown"

    @invariant()
    def rows_are_honest(self) -> None:
        twice = self.house.rows("SELECT 1 FROM deliveries GROUP BY edition_id, subscriber_id HAVING COUNT(*) > 1")
        mute = self.house.rows("SELECT id FROM deliveries WHERE state = 'skipped' AND reason = ''")
        early = self.house.rows(
            "SELECT d.id, d.state FROM deliveries d JOIN editions e ON e.id = d.edition_id WHERE e.state = 'finished'"
            " AND (d.state IN ('ready', 'claimed', 'deferred') OR d.next_attempt_at IS NOT NULL)"
        )
        empty = self.house.rows("SELECT id FROM deliveries WHERE state = 'sent' AND digest_id IS NULL")

        assert (twice, mute, early, empty) == ([], [], [], [])

    def come_to_rest(self) -> None:
        """Let days pass with a server that takes everything; then nobody may lack what they asked for."""
        if not self.stories:
            return
        for reader, letter in self.active() - self.active(of=("active",)):
            resume(self.house.installation, self.choices(reader, letter), source="test")
        with self.house.engine.begin() as connection:
            for article_id, kind in self.ruled:
                lift_ruling(connection, article_id, "", kind, now=self.house.clock.now())
        self.ruled.clear()
        for _ in range(2 * (len(self.stories) + 3)):
            self.house.move(hours=12)  # no slot is later than it may be
            self.tick({})
            self.no_story_is_told_twice()
            self.an_announcement_is_told_once()
            self.a_history_is_what_was_shown()
            self.rows_are_honest()
        for reader, letter in self.active(of=("active",)):
            had = {n for mail in self.sink.to(reader) for n in _numbers(mail.content.decode())} | self.doubted[reader]
            lacks = self.wanted(reader, letter) - had
            assert not lacks, f"{reader} never got {lacks} of {letter}"
            self.each_candidate_has_a_fate(reader, letter)

    def the_same_store_and_clock_give_the_same_bytes(self) -> None:
        """Two copies of the world plan the next day; every mail is the same."""
        if self.house.engine.dialect.name != "sqlite":
            return
        self.house.engine.dispose()  # which brings the file up to date
        mails = []
        for _ in range(2):
            folder = Path(tempfile.mkdtemp(dir=self.folder))
            shutil.copy(self.folder / "digest.db", folder)
            copy = House(folder, templates=self.folder / "templates")
            copy.clock.at = self.house.clock.at + DAY
            for letter in LETTERS:
                copy.plan(letter, Who.LATEST)
            mails.append(_waiting(copy))
            copy.engine.dispose()

        assert mails[0] == mails[1], "the same store and clock give the same bytes"

    def each_candidate_has_a_fate(self, reader: str, letter: str) -> None:
        found = preview(self.house.installation, letter, reader, at=self.house.clock.now()).selection
        fates = {each.article.article_id: each.reason for each in found.rejected}
        fates |= {each.article.article_id: None for each in found.chosen}
        withdrawn = {number for number, story in self.stories.items() if story.withdrawn}
        oldest = self.house.clock.now() - timedelta(days=60)
        assert len(fates) == len(found.chosen) + len(found.rejected), "one reason for each"
        assert set(fates) == {number for number, story in self.stories.items() if story.collected >= oldest}
        assert {number for number, why in fates.items() if why is Rejection.WITHDRAWN} == withdrawn & set(fates)
        expired = {number for number, why in fates.items() if why is Rejection.EXPIRED}
        assert expired == set(fates) - self.unexpired(letter) - withdrawn

    # What the world knows

    def wanted(self, reader: str, letter: str) -> set[int]:
        """Return the stories that the reader asked for and can still be told."""
        asked, rules = self.asked[reader, letter], self.house.loaded(letter)
        found = set()
        for number in self.unexpired(letter):
            story = self.stories[number]
            if story.withdrawn or (asked.follows and story.topic not in asked.follows):
                continue
            since = max(asked.joined, asked.follows.get(story.topic) or asked.joined)
            if story.collected >= since - rules.look_back:
                found.add(number)
        return found

    def unexpired(self, letter: str) -> set[int]:
        oldest = self.house.clock.now() - self.house.loaded(letter).expires_after
        return {number for number, story in self.stories.items() if story.collected >= oldest}

    def active(self, of: tuple[str, ...] = ("active", "paused")) -> set[tuple[str, str]]:
        now = self.house.clock.now()
        return {
            (address, slug)
            for address, slug, state in self.house.rows(
                "SELECT u.address, n.slug, CASE WHEN s.state = 'paused' AND s.paused_until <= :now THEN 'active'"
                " ELSE s.state END FROM subscriptions s JOIN subscribers u ON u.id = s.subscriber_id"
                " JOIN newsletters n ON n.id = s.newsletter_id",
                now=int(now.timestamp() * 1_000_000),
            )
            if state in of
        }

    def choices(self, reader: str, letter: str) -> Any:
        (row,) = self.house.rows("SELECT id FROM subscribers WHERE address = :a", a=reader)
        token = self.house.links.preferences(row[0]).rpartition("/")[2]
        found = preferences_for(self.house.installation, token)
        assert found is not None
        return next(each for each in found[1] if each.newsletter.slug == letter)


def _midnight(at: datetime) -> datetime:
    return datetime.combine(at.date(), time(), UTC)


def _numbers(text: str) -> set[int]:
    return {int(number) for number in re.findall(r"story=? (\d+)", text)}


def _stories(items: str) -> set[int]:
    return {int(number) for number in re.findall(r'"story_id":(\d+)', items)}


def _waiting(house: House) -> dict[tuple[int, int], bytes]:
    """Return every message that can be claimed now, by delivery and plan."""
    now = house.clock.now()
    with house.engine.begin() as connection:
        claims = dispatching.claim(
            connection, worker="once", newsletter_id=None, limit=99, now=now, lease_until=now + LEASE
        )
    made = Messages(house.installation)
    return {(each.delivery_id, each.attempt_no): made.envelope(each).content for each in claims}


def _letter_of(mail: Mail) -> str:
    found = re.search(r"^List-Id:.*<(\w+)\.", mail.content.decode(), re.MULTILINE)
    assert found is not None
    return found[1]


class WorldOnPostgres(World):
    """The same on PostgreSQL."""

    server: postgres.Server
    name: str

    def database(self) -> str:
        self.server.empty(self.name)
        return self.server.url(self.name)


TestLaws = World.TestCase
TestLaws.settings = settings(
    max_examples=int(os.environ.get("LAWS_EXAMPLES", "14")),
    stateful_step_count=22,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(RunPhase.generate,),
    derandomize=True,
    report_multiple_bugs=False,
)


@pytest.mark.postgres
class TestLawsOnPostgres(WorldOnPostgres.TestCase):  # type: ignore[misc, valid-type]  # made by a property
    settings = settings(TestLaws.settings, max_examples=int(os.environ.get("LAWS_EXAMPLES", "14")) // 3)

    @pytest.fixture(autouse=True)
    def use(self, postgres_server: postgres.Server, migrated: str) -> None:
        WorldOnPostgres.server, WorldOnPostgres.name = postgres_server, migrated
