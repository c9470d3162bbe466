"""An installation for tests: a real database in a file, a clock that is set, articles and readers in one line each."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event, select, text

from digest.clock import FixedClock
from digest.delivery.connection import Timeouts
from digest.delivery.pool import Patience
from digest.model.article import Article, Section
from digest.model.newsletter import Newsletter, Sender
from digest.model.subscriber import EndedReason
from digest.model.topic import Topic
from digest.pipeline.composing.links import Links
from digest.pipeline.delivering.dispatch import Dispatched, Sending, dispatch
from digest.pipeline.installation import Installation
from digest.pipeline.planning.plan import Planned, Who, plan_newsletter
from digest.pipeline.reading.leave import leave
from digest.pipeline.subscribers.import_subscribers import import_file
from digest.settings.relay import Relay
from digest.shipped import shipped_folder
from digest.store.articles import list_articles, save_article
from digest.store.cadences import align_cadences
from digest.store.engine import open_engine, reading
from digest.store.histories import stories_of
from digest.store.log import Filter, LoggedDelivery, deliveries
from digest.store.migrate import require_current
from digest.store.newsletters import load_newsletter, load_newsletters, newsletter_ids, save_newsletters, save_topics
from digest.store.tables import metadata
from digest.tokens import Tokens
from tests.remembered import empty_sqlite
from tests.sink import Sink

MONDAY = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)  #: an hour before the usual slot at 07:00 UTC
SECRET = "a secret of at least 32 characters"
VOCABULARY = (
    Topic("trade", "Trade", ("tariff", "exports")),
    Topic("energy", "Energy", ("power grid", "solar")),
    Topic("sport", "Sport", ("football",)),
    Topic("space", "Space", ("satellite", "orbit")),
)
WORD_OF = {"trade": "Tariff", "energy": "Solar", "sport": "Football", "space": "Satellite"}
PATIENCE = Patience(first=0.01, longest=0.02, give_up=0.3)
TIMEOUTS = Timeouts(connect=2, greeting=2, ehlo=2, tls=2, auth=2, mail=2, rcpt=2, data=2, body=2, dot=2, quit=0.5)


@dataclass
class House:
    """The installation with helpers; everything goes through the program's own functions."""

    folder: Path
    database: str = ""  #: its URL; "" is an SQLite file in the folder
    clock: FixedClock = field(default_factory=lambda: FixedClock(MONDAY))
    templates: Path = field(default_factory=lambda: shipped_folder("templates"))

    def __post_init__(self) -> None:
        self._articles = 0  # that were collected
        self.database = self.database or f"sqlite:///{self.folder}/digest.db"
        engine = open_engine(self.database)
        name = engine.url.database or ""
        if engine.dialect.name == "sqlite" and not Path(name).exists():
            Path(name).write_bytes(empty_sqlite())
        require_current(engine)
        self.installation = Installation(
            engine=engine,
            clock=self.clock,
            tokens=Tokens(SECRET),
            secret=SECRET,
            base_url="https://news.example.org",
            templates=self.templates,
            # Where the programs started in this folder have theirs.
            state_folder=self.folder / ("digest.db.state" if name.endswith("digest.db") else f"var/{name}.state"),
        )
        self.engine = engine
        self.links = Links(self.installation.base_url, self.installation.tokens)
        with engine.begin() as connection:
            save_topics(connection, VOCABULARY)

    # Time

    def move(self, **by: float) -> datetime:
        """Let time pass; return what the clock shows then."""
        self.clock.at += timedelta(**by)
        return self.clock.at

    # What there is

    def newsletter(self, slug: str = "daily", **changes: Any) -> Newsletter:
        """Make or change a newsletter; its readers' cadences follow."""
        with self.engine.begin() as connection:
            before = load_newsletters(connection).get(slug)
            fresh = Newsletter(slug, slug.title(), Sender("The Press", "press@example.org"), "1 Example Street")
            letter = replace(before or fresh, **changes)
            save_newsletters(connection, [letter])
            if before is not None and before.schedule != letter.schedule:
                align_cadences(connection, newsletter_ids(connection)[slug], letter, self.clock.now())
        return letter

    def article(self, topic: str = "trade", title: str = "", **more: Any) -> int:
        """Collect an article on *topic* a minute ago; return its id. Titles are unique unless one is given."""
        source, at = more.pop("source", ""), more.pop("at", self.clock.now() - timedelta(minutes=1))
        self._articles += 1
        name = title or f"{WORD_OF[topic]} story {self._articles}"
        more.setdefault("deck", f"What happened around {name}.")
        more.setdefault("url", f"https://press.example.net/{self._articles}")
        more.setdefault("language", "en")
        more.setdefault("sections", (Section("", (f"Paragraph of {name}.",)),))
        with self.engine.begin() as connection:
            return save_article(connection, Article(title=name, **more), source=source, now=at)[0]

    def reader(self, address: str, newsletter: str = "daily", *, topics: str = "trade", **columns: str) -> None:
        """Subscribe one reader, or change what they have."""
        self.readers([{"email": address, "topics": topics, **columns}], newsletter)

    def readers(self, rows: Sequence[dict[str, str]], newsletter: str = "daily") -> None:
        """Import readers from rows of a CSV file."""
        out = io.StringIO()
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        done = import_file(
            self.engine,
            io.BytesIO(out.getvalue().encode()),
            newsletter=newsletter,
            now=self.clock.now(),
            secret=SECRET,
        )
        assert not done.problems, done.problems

    def leave(self, address: str, newsletter: str = "daily") -> None:
        """Unsubscribe as a mail program does."""
        token = self.links.leave(self.subscription_id(address, newsletter)).rpartition("/")[2]
        assert leave(self.installation, token, EndedReason.ONE_CLICK, source="test")

    # What the program does

    def plan(self, newsletter: str = "daily", who: Who = Who.LATEST, at: datetime | None = None) -> Planned:
        return plan_newsletter(self.installation, newsletter, at=at or self.clock.now(), who=who)

    def dispatch(self, sink: Sink, newsletter: str | None = None, connections: int = 2) -> Dispatched:
        return dispatch(self.installation, self.sending(sink, connections), newsletter=newsletter)

    def send(self, sink: Sink, newsletter: str = "daily", who: Who = Who.LATEST) -> Dispatched:
        """Do what `digest send` does."""
        self.plan(newsletter, who)
        return self.dispatch(sink, newsletter)

    @staticmethod
    def sending(sink: Sink, connections: int = 2) -> Sending:
        relay = Relay(host="127.0.0.1", port=sink.port, implicit_tls=False, starttls=False)
        return Sending(relay, connections=connections, helo="test.example.org", timeouts=TIMEOUTS, patience=PATIENCE)

    # What is to be seen

    def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        with reading(self.engine) as connection:
            return [tuple(row) for row in connection.execute(text(query), values)]

    def change(self, statement: str, **values: Any) -> None:
        """Change the database by hand, as a test of what follows."""
        with self.engine.begin() as connection:
            connection.execute(text(statement), values)

    def log(self, **which: Any) -> list[LoggedDelivery]:
        with reading(self.engine) as connection:
            return list(deliveries(connection, Filter(**which)))

    def states(self, newsletter: str = "") -> dict[str, str]:
        """Return address -> state (and reason) of the latest delivery."""
        found = {each.address: each for each in reversed(self.log(edition=newsletter))}
        return {
            who: f"{each.state}({each.reason})" if each.state == "skipped" else each.state
            for who, each in sorted(found.items())
        }

    def history(self, address: str) -> frozenset[int]:
        (row,) = self.rows("SELECT history_id FROM subscribers WHERE address = :a", a=address)
        with reading(self.engine) as connection:
            return stories_of(connection, row[0])

    def subscription_id(self, address: str, newsletter: str = "daily") -> int:
        (row,) = self.rows(
            "SELECT s.id FROM subscriptions s JOIN subscribers u ON u.id = s.subscriber_id"
            " JOIN newsletters n ON n.id = s.newsletter_id WHERE u.address = :a AND n.slug = :n",
            a=address,
            n=newsletter,
        )
        return int(row[0])

    def loaded(self, slug: str = "daily") -> Newsletter:
        with reading(self.engine) as connection:
            return load_newsletter(connection, slug)[1]

    def dump(self) -> str:
        """Return everything in the database, for "nothing was written"."""
        with reading(self.engine) as connection:
            return "\n".join(
                f"{table.name} {tuple(row)}"
                for table in metadata.sorted_tables
                for row in connection.execute(select(table).order_by(*table.primary_key))
            )

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """Give the list of SQL statements that are sent to the database meanwhile."""
        seen: list[str] = []

        def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            seen.append(statement)

        event.listen(self.engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(self.engine, "before_cursor_execute", note)


def titles(mail_html: str, house: House) -> list[str]:
    """Return the titles of stored articles that stand in a mail."""
    with reading(house.engine) as connection:
        found = [each.article.title for each in list_articles(connection, limit=10_000)]
    return sorted(title for title in found if f">{title}<" in mail_html or title in mail_html)
