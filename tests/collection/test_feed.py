"""RSS, Atom and JSON Feed: every entry an article, a broken one only a line."""

import json
from datetime import UTC, datetime

import pytest

from digest.collection.feed import MOST_ENTRIES, looks_like_feed, read_feed
from digest.errors import BadArticle
from digest.model.article import Image, RelatedLink

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
HOME = "https://example.org/feed.xml"
BODY = (
    "<p>The tide ran hard past an empty quay.</p><h2>A bill</h2><p>Nobody <a href='/who'>wanted</a> it &amp; nobody paid.</p>"
    "<p>This article was written with the help of AI.</p><h3>Related Articles</h3>"
    "<ul><li><a href='/r1'>A yard that welds frames for the tide</a></li><li><a href='javascript:x()'>Grid reserves are thin this year</a></li></ul>"
)


def rss(*items: str, language: str = "en-us") -> bytes:
    """A feed of *items*."""
    return (
        '<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        'xmlns:media="http://search.yahoo.com/mrss/"><channel><title>Wire</title><link>https://example.org/</link>'
        f"<language>{language}</language>{''.join(items)}</channel></rss>"
    ).encode()


FULL = f"""<item><title>Tides &amp;amp; towns</title><link>/tides?id=1</link><guid isPermaLink="false">t1</guid>
<description>Three councils share a turbine field.</description><content:encoded><![CDATA[{BODY}]]></content:encoded>
<category>Energy</category><category>Towns</category><pubDate>Fri, 20 Nov 2026 10:00:00 GMT</pubDate>
<media:content url="/quay.jpg" medium="image" width="1200" height="600"><media:description>A quay</media:description></media:content></item>"""


def test_an_entry_becomes_an_article_with_all_its_parts():
    """HTML to plain sections, relative links resolved, nothing a reader could not follow."""
    (article,) = read_feed(rss(FULL), url=HOME, now=NOW).articles

    assert article.title == "Tides & towns"
    assert article.deck == "Three councils share a turbine field."
    assert [(section.heading, section.paragraphs) for section in article.sections] == [
        ("", ("The tide ran hard past an empty quay.",)),
        ("A bill", ("Nobody wanted it & nobody paid.",)),
    ]
    assert article.disclaimer == "This article was written with the help of AI."
    assert article.ai_generated is True
    assert article.related == (
        RelatedLink("A yard that welds frames for the tide", "https://example.org/r1"),
        RelatedLink("Grid reserves are thin this year", ""),
    )
    assert (article.url, article.guid, article.language) == ("https://example.org/tides?id=1", "t1", "en-US")
    assert article.published_at == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert article.topics == ("Energy", "Towns")


def test_an_image_needs_https_sizes_and_words():
    """Else it cannot be shown in mail."""
    (good,) = read_feed(rss(FULL), url=HOME).articles
    (plain,) = read_feed(rss(FULL), url="http://example.org/feed.xml").articles
    (sizeless,) = read_feed(rss(FULL.replace('width="1200"', "")), url=HOME).articles

    assert good.image == Image("https://example.org/quay.jpg", 1200, 600, "A quay")
    assert plain.image is None
    assert sizeless.image is None


ATOM = """<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>Wire</title>
<link rel="self" href="https://example.org/atom.xml"/><entry xml:lang="de"><title type="html">Strom &amp;amp; Flut</title>
<link rel="alternate" href="/flut"/><id>tag:example.org,2026:1</id><updated>2026-11-20T09:00:00+01:00</updated>
<summary>Kurz gesagt.</summary><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Der Strom zog am Kai vorbei.</p>
</div></content><category term="energy" label="Energie"/><author><name>Anna</name></author></entry></feed>"""


def test_an_atom_entry_has_its_own_language_and_identity():
    """xml:lang of the entry counts more than the feed's."""
    (article,) = read_feed(ATOM.encode(), url="https://example.org/atom.xml", now=NOW).articles

    assert (article.title, article.deck, article.language) == ("Strom & Flut", "Kurz gesagt.", "de")
    assert (article.url, article.guid) == ("https://example.org/flut", "tag:example.org,2026:1")
    assert article.text == "Der Strom zog am Kai vorbei."
    assert article.published_at == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert (article.topics, article.author) == (("Energie",), "Anna")


@pytest.mark.parametrize("version", ["https://jsonfeed.org/version/1", "https://jsonfeed.org/version/1.1"])
def test_a_json_feed_is_read_and_its_broken_items_reported(version):
    """One bad item never costs the others."""
    items = [
        {"id": "1", "url": "/a", "title": "Tides", "content_html": BODY, "summary": "Short.", "tags": ["Energy", 5],
         "date_published": "2026-11-20T08:00:00Z", "authors": [{"name": "Ada"}],
         "attachments": [{"url": "https://example.org/i.png", "mime_type": "image/png", "title": "Quay", "width": 600, "height": 300}]},
        {"id": 2, "content_text": "A note without a title.\n\nIts second paragraph."},
        "not an object",
        {"id": "4"},
        {"id": "5", "title": None, "content_html": 7, "tags": "x", "attachments": {}},
    ]  # fmt: skip
    found = read_feed(json.dumps({"version": version, "language": "en", "items": items}).encode(), url=HOME, now=NOW)

    assert [article.title for article in found.articles] == ["Tides", "A note without a title."]
    assert len(found.problems) == 3
    assert found.articles[0].url == "https://example.org/a"
    assert found.articles[0].image == Image("https://example.org/i.png", 600, 300, "Quay")
    assert (found.articles[0].author, found.articles[0].topics) == ("Ada", ("Energy",))


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "data:text/html,x", "ftp://example.org/", "https://u@example.org/", "\x01javascript:x"],
)
def test_a_link_that_is_no_web_address_is_dropped_and_the_article_stays(link):
    """Feedparser hands such links through."""
    item = json.dumps(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "items": [{"id": "1", "url": link, "title": "T", "content_text": "Text."}],
        }
    )

    (article,) = read_feed(item.encode(), url=HOME).articles

    assert article.url == ""


@pytest.mark.parametrize(
    "date",
    ["", "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 20 Nov 2099 10:00:00 GMT", "soon", "Mon, 30 Nov 2026 10:00:00 GMT"],
)
def test_a_date_that_is_missing_broken_or_to_come_is_none(date):
    """Then the time of collection counts, and nobody starves."""
    (article,) = read_feed(
        rss(f"<item><title>T</title><description>Text.</description><pubDate>{date}</pubDate></item>"), now=NOW
    ).articles

    assert article.published_at is None


def test_a_broken_entry_is_reported_and_the_rest_goes_on():
    """Its line says which and why."""
    deep = "&lt;div&gt;" * 400
    found = read_feed(
        rss(FULL, "<item></item>", f"<item><title>Deep</title><description>{deep}</description></item>", FULL), url=HOME
    )

    assert len(found.articles) == 2
    assert [line.partition(":")[0] for line in found.problems] == ["entry 2 (without a title)", "entry 3 (Deep)"]


def test_a_feed_that_is_not_well_formed_is_mended():
    """Bare ampersands, HTML entities, unknown prefixes and missing end tags are everyday things."""
    broken = b"<rss version='2.0'><channel><item><title>Fish & chips &nbsp;caf&eacute;</title><x:y>1</x:y><description>Text</description></item><item><title>Second</title><description>More</item></channel>"

    found = read_feed(broken)

    assert [article.title for article in found.articles] == ["Fish & chips café", "Second"]
    assert "not well-formed" in found.problems[0]


@pytest.mark.parametrize("end", ["<title>Half", "<title>Half</ti", "<description><![CDATA[Half", '<enclosure url="x'])
def test_a_feed_that_was_cut_off_gives_what_is_whole(end):
    """A connection breaks anywhere, also inside a tag; what came before is news all the same."""
    found = read_feed(rss(FULL, end).partition(end.encode())[0] + end.encode(), url=HOME)

    assert found.articles[0].url
    assert "not well-formed" in found.problems[0]


@pytest.mark.parametrize(
    "text",
    ['<!DOCTYPE rss [<!ENTITY a "b">]><rss/>', '<?xml version="1.0"?><!-- <a> --><!DOCTYPE x SYSTEM "file:///etc/passwd"><rss/>',
     '<?xml version="1.0"?>\n<!doctype rss><rss/>', "<?a <b> ?><!DOCTYPE x []><rss/>", "<!DOCTYPE rss><!DOCTYPE rss><rss/>", '<!ENTITY a "b"><rss/>'],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused_in_every_encoding(text, encoding):
    """No entities, no outside files, no billion laughs."""
    with pytest.raises(BadArticle, match="DTD"):
        read_feed(text.encode(encoding))


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/publish/formats/rss-0.91.dtd">',
        '<!-- ours --><!DOCTYPE rss\n  SYSTEM "rss-0.91.dtd" >',
        "<!DOCTYPE rss>",
    ],
    ids=["public", "system", "bare"],
)
def test_a_document_type_that_declares_nothing_is_passed_over(doctype):
    """RSS 0.91 asks for one; nothing is looked for where it points."""
    feed = f'<?xml version="1.0"?>\n{doctype}\n<rss version="0.91"><channel><title>N</title><item><title>Tides</title><description>Text</description></item></channel></rss>'

    found = read_feed(feed.encode())

    assert ([article.title for article in found.articles], found.problems) == (["Tides"], ())


@pytest.mark.parametrize("text", ["hello", "<html><body>x</body></html>", '{"items": []}', "[]", "{", "<opml/>", "<"])
def test_what_is_no_feed_is_refused(text):
    """With the reason."""
    with pytest.raises(BadArticle):
        read_feed(text.encode())


def test_a_feed_of_a_million_entries_is_read_to_a_limit():
    """The cap is applied before any parser works on the rest."""
    found = read_feed(rss(*["<item><title>One title</title></item>"] * (MOST_ENTRIES + 500)))

    assert len(found.articles) == MOST_ENTRIES
    assert "only the first 1,000 of 1,500" in found.problems[0]


def test_an_empty_feed_is_no_error():
    """A quiet source is quiet."""
    assert read_feed(rss()).articles == ()


@pytest.mark.parametrize(
    ("text", "is_feed"),
    [(rss().decode(), True), (ATOM, True), ("\ufeff <rss>", True), ("<html>", False), ('{"a": 1}', False)],
)
def test_a_feed_is_known_by_its_beginning(text, is_feed):
    """Names of files lie."""
    assert looks_like_feed(text) is is_feed


def test_an_entry_that_leads_nowhere_is_no_article():
    """A title with an address that cannot be followed and nothing under it; the others are read."""
    feed = read_feed(
        b"""<rss version="2.0"><channel><title>T</title>
        <item><title>Evil</title><link>javascript:alert(1)</link></item>
        <item><description>Words without a title</description></item>
        <item><title>A link is enough</title><link>https://press.example.org/1</link></item></channel></rss>"""
    )

    assert [(each.title, each.deck) for each in feed.articles] == [
        ("Words without a title", ""),
        ("A link is enough", ""),
    ]
    assert "nothing under its title" in " ".join(feed.problems)


@pytest.mark.parametrize("cut", ["<item><title>Ha", "<item><title>Half a title</title><link>https://n.exam", "<item>"])
def test_a_feed_that_breaks_off_gives_its_whole_entries_and_says_so(cut: str):
    """Half a title would go out as the article's, and the whole one later as another."""
    whole = (
        "<item><title>Whole</title><link>https://news.example.org/1</link><description>All of it.</description></item>"
    )

    feed = read_feed(f'<rss version="2.0"><channel><title>News</title>{whole}{cut}'.encode())

    assert [article.title for article in feed.articles] == ["Whole"]
    assert any("breaks off" in problem for problem in feed.problems)


def test_the_first_large_picture_of_the_text_is_the_articles_when_the_feed_names_none():
    """A counter, a portrait and a picture without words come before it and are passed over."""
    text = (
        '<img src="https://example.org/count.gif" width="1" height="1" alt="">'
        '<img src="/ada.jpg" width="96" height="96" alt="Ada Quill">'
        '<p>The tide ran past the quay.</p><img src="/bare.jpg" width="600" height="400">'
        '<figure><img src="/quay.jpg" width="600" height="400" alt="A quay"></figure>'
    )
    item = f"<item><title>Tide</title><link>https://example.org/tide</link><description><![CDATA[{text}]]></description></item>"

    (article,) = read_feed(rss(item)).articles

    assert article.image == Image("https://example.org/quay.jpg", 600, 400, "A quay")


@pytest.mark.parametrize(
    ("date", "day", "hour"),
    [("mar., 03 nov. 2026 10:00:00 +0100", 3, 9), ("2026年11月3日 午後3時", 3, 15)],
)
def test_a_date_in_the_words_of_its_language_is_read(date, day, hour):
    """Where feedparser guesses, or reads it as another day."""
    (article,) = read_feed(
        rss(f"<item><title>Tide</title><pubDate>{date}</pubDate><description>Words of it.</description></item>")
    ).articles

    assert article.published_at == datetime(2026, 11, day, hour, tzinfo=UTC)
