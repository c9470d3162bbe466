"""What the benchmarks work on: made-up articles, profiles and readers, the same ones for every run.

What measures memory must not load what it does not need, so functions load their own.
"""

from __future__ import annotations

import random
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from digest.clock import SystemClock
from digest.model.article import Article, RelatedLink, Section
from digest.model.newsletter import Limits, Newsletter, Schedule, Sender
from digest.model.topic import Topic
from digest.pipeline.collecting.collect import store_articles
from digest.pipeline.composing.match_articles import match_articles
from digest.pipeline.installation import Installation
from digest.shipped import shipped_folder
from digest.store.engine import open_engine
from digest.store.migrate import migrate
from digest.store.newsletters import save_newsletters, save_topics
from digest.tokens import Tokens
from scripts.benchmarks.measured import tell

if TYPE_CHECKING:
    from digest.delivery.dkim import Signers

SLUG = "bench"
SECRET = "0123456789abcdef" * 4
BASE_URL = "https://news.example.org"
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
        slug=SLUG,
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


def dkim_settings() -> dict[str, str]:
    """Return the settings of a new RSA key of 2048 bits, as an installation has one."""
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return {"dkim_selector": "bench", "dkim_key": pem.decode()}


def _signers() -> Signers | None:
    from digest.delivery.dkim_keys import load_signers
    from digest.settings import Settings

    return load_signers(Settings(_env_file=None, **dkim_settings()))  # type: ignore[arg-type, call-arg]


def open_house(folder: Path, url: str, *, dkim: bool = False) -> Installation:
    """Return an installation on the database *url*, made when it is new; its state is kept in *folder*."""
    engine = open_engine(url)
    migrate(engine)
    return Installation(
        engine=engine,
        clock=SystemClock(),
        tokens=Tokens(SECRET),
        secret=SECRET,
        base_url=BASE_URL,
        templates=shipped_folder("templates"),
        state_folder=folder / f"{Path(str(engine.url.database)).name}.state",
        signers=_signers() if dkim else None,
    )


def fill(house: Installation, article_count: int) -> None:
    """Store vocabulary, newsletter and articles, and match these as a tick does before a slot."""
    with house.engine.begin() as connection:
        save_topics(connection, topics())
        save_newsletters(connection, [newsletter()])
    store_articles(house.engine, articles(article_count), source="", now=house.clock.now())
    match_articles(house)


def prepare(folder: Path, url: str, *, readers: int, profiles: int, article_count: int) -> None:
    """Fill the database *url* with everything that a planning needs."""
    from digest.pipeline.subscribers.import_subscribers import import_file

    tell(f"preparing {readers} readers in {profiles} profiles and {article_count} articles")
    house = open_house(folder, url)
    fill(house, article_count)
    file = folder / f"readers{readers}.csv"
    write_csv(file, readers, profiles)
    done = import_file(house.engine, file, newsletter=SLUG, now=house.clock.now(), secret=house.secret)
    if done.added != readers:
        sys.exit(f"{done.added} of {readers} readers were imported")
    file.unlink()
    house.engine.dispose()


def one_message(folder: Path, url: str) -> bytes:
    """Return the message that a planning now would make for the first reader."""
    from digest.pipeline.previewing.preview import preview

    house = open_house(folder, url)
    try:
        return preview(house, SLUG, "reader0@example.org", at=house.clock.now()).raw
    finally:
        house.engine.dispose()
