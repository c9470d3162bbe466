"""One morning's mail of an installation with every kind of newsletter, sent over a socket and kept as it came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from digest.model.article import Article, Image, RelatedLink, Section
from digest.model.newsletter import Limits, Sender
from digest.pipeline.collecting.collect import read_paths, store_articles
from digest.pipeline.delivering.messages import Messages, values_of
from digest.rendering.clean import clean_text, clean_url
from digest.store.dispatching import find_row
from digest.store.engine import reading
from tests.house import House
from tests.journeys import hostile
from tests.journeys.wire import Received, Wire

POSTAL = "1 Example Street\n12345 Exampleton"
LONG_URL = "https://press.example.net/" + "x" * 224  # 250 characters
NOTICES = {
    "en": "This content is AI-generated. Please check important facts.",
    "ja": "このコンテンツは AI が生成しました。重要な事実はご確認ください。",
    "ar": "أُنشئ هذا المحتوى بالذكاء الاصطناعي. يُرجى التحقق من الوقائع المهمة.",
}
SENT = "SELECT d.id, g.subject FROM deliveries d JOIN digests g ON g.id = d.digest_id WHERE d.state = 'sent'"
OWN = "an address of its own"
LONG = 1_000  # characters; a title above that has a newsletter to itself
HAVE_READERS = "SELECT n.slug FROM subscriptions s JOIN newsletters n ON n.id = s.newsletter_id"
PLAIN = ("SIZE 10000000",)  # no PIPELINING, no 8BITMIME, no SMTPUTF8


@dataclass(frozen=True)
class Made:
    """A message as the program makes it again from its rows."""

    message_id: str
    subject: str
    text: str
    html: str
    content: bytes


@dataclass
class Post:
    """What was sent: received messages and the articles behind them, by newsletter."""

    house: House
    mails: dict[str, list[Received]] = field(default_factory=dict)
    articles: dict[str, list[Article]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    _made: dict[str, Made] = field(default_factory=dict)

    @property
    def all(self) -> list[Received]:
        return [mail for mails in self.mails.values() for mail in mails]

    def one(self, slug: str) -> Received:
        """Return the only message of a newsletter."""
        (mail,) = self.mails[slug]
        return mail

    def add(self, slug: str, articles: Sequence[Article], **changes: Any) -> None:
        """Make a newsletter with a source of its own, and collect its articles."""
        changes.setdefault("limits", Limits(max_items=300))
        self.house.newsletter(slug, sources=(slug,), postal_address=POSTAL, **changes)
        self.articles[slug] = [
            replace(each, url=f"https://press.example.net/{slug}/{n}") if each.url == OWN else each
            for n, each in enumerate(articles)
        ]
        now = self.house.clock.now()
        store_articles(self.house.engine, self.articles[slug], source=slug, now=now)

    def row_of(self, mail: Received) -> Made:
        """Return what the database makes of the row that *mail* came from."""
        if not self._made:
            self._made = {made.message_id: made for made in self._remake()}
        return self._made[mail.field("Message-ID")]

    def _remake(self) -> Iterator[Made]:
        messages = Messages(self.house.installation)
        for number, subject in self.house.rows(SENT):
            with reading(self.house.engine) as connection:
                row = find_row(connection, number)
            assert row is not None
            sheet = messages.sheet(row.digest_id)
            values = values_of(row, sheet)
            content = messages.envelope(row).content
            yield Made(values.message_id, subject, sheet.splicer.text(values), sheet.splicer.html(values), content)


def article(title: str, language: str = "en", **more: Any) -> Article:
    """Return an article with a deck, a body, and an address of its own."""
    more.setdefault("url", OWN)
    more.setdefault("deck", f"{title}.")
    more.setdefault("sections", (Section("", (f"{title}. " * 3,)),))
    return Article(title=title, language=language, **more)


@contextmanager
def the_post(folder: Path) -> Iterator[Post]:
    """Give one morning's mail; two servers took it, a modern one and one that offers nothing."""
    post = Post(House(folder))
    with Wire() as modern, Wire(offer=PLAIN) as plain:
        fill(post, folder)
        readers(post.house)
        post.house.move(hours=2)
        for slug in sorted(post.articles):
            wire = plain if slug in ("japanese", "hostile-titles", "utf8-refused") else modern
            before = len(wire.received)
            post.house.send(wire, slug)  # type: ignore[arg-type]  # any server with a port
            post.mails[slug] = wire.received[before:]
        post.said = modern.said + plain.said
    yield post
    post.house.engine.dispose()


def fill(post: Post, folder: Path) -> None:
    """Make the newsletters and their articles."""
    flagged = {"disclaimer": NOTICES["en"]}
    post.add("one", [article("Ports open again")])
    post.add("ascii", [article(f"Story number {n}", **(flagged if n % 2 else {})) for n in range(6)])
    post.add(
        "japanese",
        [article(f"港が再び開く {n}", "ja", disclaimer=NOTICES["ja"]) for n in range(4)],
        name="朝の便り",
        sender=Sender("朝の便り編集部", "asa@example.org"),
        locale="ja",
    )
    post.add(
        "arabic",
        [article(f"الموانئ تفتح من جديد {n}", "ar", disclaimer=NOTICES["ar"]) for n in range(4)],
        name="بريد الصباح",
        sender=Sender("بريد الصباح", "sabah@example.org"),
        locale="ar",
    )
    post.add(
        "emoji",
        [article("👩‍🚀 Up, up & away 🚀"), article("🏴‍☠️ Naïve café — “déjà vu” 🇰🇷")],
        name="🚀 Daily",
        sender=Sender("Zoë 🚀", "zoe@example.org"),
    )
    post.add(
        "mixed",
        [
            article("Ports open at last", image=picture(), **flagged),
            article("الموانئ تفتح أخيرا", "ar", disclaimer=NOTICES["ar"]),
            article("港がついに開く", "ja", disclaimer=NOTICES["ja"], related=(RelatedLink("A neighbour", LONG_URL),)),
            article("항구가 마침내 열린다", "ko"),
        ],
    )
    many = [article(f"Story {n} of two hundred", url=f"{LONG_URL[:-3]}{n:03}", **flagged) for n in range(200)]
    post.add("many", many)
    post.add("long-urls", [article(f"Far away {n}", url=f"{LONG_URL[:-1]}{n}") for n in range(5)])
    for slug in ("idn", "utf8-taken", "utf8-refused"):
        post.add(slug, [article(f"Story for {slug}")])
    add_hostile(post, folder)


def add_hostile(post: Post, folder: Path) -> None:
    """Make the newsletters whose articles are out to do harm."""
    post.add(
        "hostile-titles",
        [article(title, "", deck=f"Deck zebra{n}.") for n, title in enumerate(hostile.TITLES) if len(title) < LONG],
        name="News\r\nBcc: x@example.org",
        sender=Sender('E "v" \\il\r\nBcc: x', "evil@example.org"),
    )
    for n, title in enumerate(hostile.TITLES):
        if len(title) >= LONG:
            post.add(f"hostile-long-{n}", [article(title)])
    for n in range(0, len(hostile.SNIPPETS), 16):
        part = hostile.SNIPPETS[n : n + 16]
        post.add(f"hostile-direct-{n}", [direct(each, n + at) for at, each in enumerate(part)])
        file = folder / f"feed-{n}.xml"
        file.write_text(feed(part, n), "utf-8")
        found = read_paths([file], now=post.house.clock.now())
        assert not found.problems
        assert len(found.articles) == len(part)
        post.add(f"hostile-feed-{n}", found.articles)
    astray = [
        article(f"Leads astray {n}", url=url, image=picture(url), related=(RelatedLink(f"Astray entry {n}", url),))
        for n, url in enumerate(hostile.URLS)
    ]
    post.add("hostile-urls", astray)


def readers(house: House) -> None:
    """Subscribe whom the newsletters are for; everybody reads everything."""
    for locale in ("en", "ko", "ja", "ar", "de"):
        house.reader(f"{locale}@example.org", "ascii", topics="", name=f"Reader {locale}", locale=locale)
    house.reader("yamada@example.org", "japanese", topics="", name="山田 太郎", locale="ja")
    house.reader("salma@example.org", "arabic", topics="", name="سلمى", locale="ar")
    house.reader("zoe@example.org", "emoji", topics="", name="👩‍🚀 Zoë")
    house.reader("grüße@bücher.example.org", "utf8-taken", topics="", name="Grüße")
    house.reader("grüße@example.org", "utf8-refused", topics="", name="Grüße")
    house.reader("plain@example.org", "utf8-refused", topics="")
    house.reader("anna@bücher.example.org", "idn", topics="", name="Anna")
    taken = {"hostile-titles"} | {row[0] for row in house.rows(HAVE_READERS)}
    for (slug,) in house.rows("SELECT slug FROM newsletters ORDER BY slug"):
        if slug not in taken:
            house.reader(f"{slug}@example.org", slug, topics="", name="Anna")
    for n, title in enumerate(hostile.TITLES):
        if len(title) < LONG:  # a reader for each title, so that each is a subject
            house.reader(f"name{n}@example.org", "hostile-titles", topics="", keywords=f"zebra{n}")
            name = hostile.NAMES[n % len(hostile.NAMES)]
            house.change("UPDATE subscribers SET name = :n WHERE address = :a", n=name, a=f"name{n}@example.org")


def picture(url: str = "https://press.example.net/ship.jpg") -> Image:
    return Image(url, 1600, 900, 'A ship "at" sea <b>')


def direct(snippet: str, number: int) -> Article:
    """Return an article with *snippet* wherever an article has words, as if no reader had cleaned it."""
    return article(
        f"{number} {snippet}",
        deck=snippet,
        disclaimer=f"{number} {snippet}",
        author=snippet,
        related=(RelatedLink(snippet, "https://press.example.net/related"), RelatedLink(snippet)),
        image=Image("https://press.example.net/ship.jpg", 1600, 900, snippet),
        sections=(Section(snippet, (snippet,)),),
    )


def feed(snippets: Sequence[str], first: int) -> str:
    """Return an RSS feed with *snippets* in its entries, escaped as feeds escape HTML."""
    entries = "".join(
        f"<item><title>Entry {n} {xml(each)}</title><link>https://press.example.net/feed/{n}</link>"
        f"<description>{xml(each)} and words</description>"
        f"<content:encoded>{xml('<p>Words before.</p>' + each + '<p>Words after.</p>')}</content:encoded></item>"
        for n, each in enumerate(snippets, first)
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>Evil</title>'
        f"<link>https://press.example.net/</link><description>d</description>{entries}</channel></rss>"
    )


def xml(text: str) -> str:
    """Return *text* as XML text; XML 1.0 cannot hold control characters at all."""
    return escape("".join(c for c in text if c in "\t\n" or ord(c) >= 32))


def shown(post: Post, slug: str, mail: Received) -> list[Article]:
    """Return the articles of a newsletter that *mail* shows."""
    titles = {heading.text_content() for heading in mail.page.iter("h2")}
    links = {link.get("href") for link in mail.page.iter("a")} | {""}
    return [each for each in post.articles[slug] if title_of(each) in titles and clean_url(each.url) in links]


def title_of(each: Article) -> str:
    return clean_text(each.title) or clean_text(each.url)


def squeezed(text: str) -> str:
    """Return *text* without white space: lines are wrapped anywhere in scripts without spaces."""
    return "".join(text.split())
