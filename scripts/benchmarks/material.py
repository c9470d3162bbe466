"""What the benchmarks work on: made-up articles, profiles and readers, the same ones for every run."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

from digest.model.article import Article, RelatedLink, Section
from digest.model.newsletter import Limits, Newsletter, Schedule, Sender
from digest.model.topic import Topic
from digest.pipeline.collect import store_articles
from digest.pipeline.installation import Installation
from digest.shipped import shipped_folder
from digest.store.engine import open_engine
from digest.store.migrate import migrate
from digest.store.newsletters import save_newsletters, save_topics
from digest.tokens import Tokens

SYLLABLES = [consonant + vowel for consonant in "bdklmnrst" for vowel in "aeio"]
TOPICS = 40


def word(numbers: random.Random) -> str:
    """Return a pronounceable word that means nothing."""
    return "".join(numbers.choices(SYLLABLES, k=numbers.randint(2, 4)))


def sentence(numbers: random.Random, length: int) -> str:
    """Return *length* words as a sentence."""
    return " ".join(word(numbers) for _ in range(length)).capitalize() + "."


def topics() -> list[Topic]:
    """Return the vocabulary; keywords do not occur in made-up words by chance."""
    return [Topic(f"topic{n}", f"Subject {n}", (f"keyword{n}x", f"phrase{n}x of two")) for n in range(TOPICS)]


def articles(count: int) -> list[Article]:
    """Return *count* articles that match five topics each, with a deck, some with a disclaimer or a related entry."""
    numbers = random.Random(1)
    made = []
    for n in range(count):
        matched = numbers.sample(range(TOPICS), 5)
        body = [sentence(numbers, 60) for _ in range(6)]
        body[0] += " " + " ".join(
            f"keyword{each}x keyword{each}x keyword{each}x phrase{each}x of two" for each in matched
        )
        made.append(
            Article(
                title=f"{sentence(numbers, 9)[:-1]} {n}",
                deck=sentence(numbers, 14),
                sections=(Section("", tuple(body)),),
                disclaimer="This content is AI-generated; check what matters." if n % 4 == 0 else "",
                related=(RelatedLink(sentence(numbers, 8)),) if n % 4 == 1 else (),
                language="en",
                published_at=datetime(2026, 1, 5, 6, n % 60, tzinfo=UTC),
                url=f"https://press.example.org/2026/{n}",
            )
        )
    return made


def newsletter() -> Newsletter:
    """Return the newsletter that is measured."""
    return Newsletter(
        slug="bench",
        name="The Measured Morning",
        sender=Sender("Example Press", "digest@news.example.org", "editors@news.example.org"),
        postal_address="Example Press\n12 Example Street\n10115 Berlin",
        schedule=Schedule(zone="UTC"),
        limits=Limits(max_items=10),
    )


def write_csv(path: Path, readers: int, profiles: int) -> None:
    """Write *readers* rows that have *profiles* distinct sets of interests."""
    numbers = random.Random(2)
    sets = set()
    while len(sets) < profiles:
        sets.add(tuple(sorted(numbers.sample(range(TOPICS), numbers.randint(8, 14)))))
    interests = ["|".join(f"topic{each}" for each in one) for one in sorted(sets)]
    with path.open("w", encoding="utf-8") as out:
        out.write("email,name,locale,timezone,topics,consent_source,consent_at\n")
        for n in range(readers):
            out.write(
                f"reader{n}@example.org,Reader Number {n},en,UTC,{interests[n % profiles]},form,2026-01-01T00:00:00Z\n"
            )


def open_house(folder: Path, clock: object, name: str = "digest.db") -> Installation:
    """Return an installation on a database in *folder*."""
    engine = open_engine(f"sqlite:///{folder / name}")
    migrate(engine)
    secret = "0123456789abcdef" * 4
    return Installation(
        engine=engine,
        clock=clock,  # type: ignore[arg-type]
        tokens=Tokens(secret),
        secret=secret,
        base_url="https://news.example.org",
        templates=shipped_folder("templates"),
        state_folder=folder / f"{name}.state",
    )


def fill(house: Installation, article_count: int) -> None:
    """Store vocabulary, newsletter and articles."""
    with house.engine.begin() as connection:
        save_topics(connection, topics())
        save_newsletters(connection, [newsletter()])
    store_articles(house.engine, articles(article_count), source="", now=house.clock.now())
