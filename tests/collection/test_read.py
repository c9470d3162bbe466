"""The right reader for every file, and hostile input of every kind."""

import json
import time
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.collection.fetched import Fetched
from digest.collection.markdown import read_markdown
from digest.collection.page import read_page
from digest.collection.plaintext import read_plaintext
from digest.collection.read import SUFFIXES, reading_of_fetched, reading_of_file
from digest.errors import BadArticle, BadInput
from tests.collection.pages import ENGLISH, PAGES

HTML = f"<!doctype html><html><head><title>{ENGLISH.title}</title></head><body><article>{''.join(f'<p>{t}</p>' for _, ts in ENGLISH.body for t in ts)}</article></body></html>"
RSS = '<?xml version="1.0"?><rss version="2.0"><channel><item><title>One</title><description>Text.</description></item><item/></channel></rss>'
JSON = json.dumps(
    {"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "title": "One", "content_text": "Text."}]}
)


@pytest.mark.parametrize(
    ("name", "text", "title"),
    [
        ("a.txt", ENGLISH.text(), ENGLISH.title),
        ("a.md", "# One\n\nText.", "One"),
        ("a.html", HTML, ENGLISH.title),
        ("a.HTM", HTML, ENGLISH.title),
        ("a.xml", RSS, "One"),
        ("a.rss", RSS, "One"),
        ("a.json", JSON, "One"),
        ("a.html", RSS, "One"),
        ("a.txt", HTML, ENGLISH.title),
        ("a.txt", JSON, "One"),
        ("a.xml", HTML, ENGLISH.title),
        ("noending", "---\ntitle: One\n---\nText.", "One"),
        ("noending", ENGLISH.text(), ENGLISH.title),
    ],
)
def test_the_ending_chooses_the_reader_and_the_content_has_the_last_word(name, text, title):
    """A feed saved as .html is still a feed."""
    assert reading_of_file(name, text.encode()).articles[0].title == title


def test_a_broken_entry_is_a_problem_and_not_an_error():
    """The rest of the file goes on."""
    found = reading_of_file("a.xml", RSS.encode())

    assert len(found.articles) == 1
    assert len(found.problems) == 1


@pytest.mark.parametrize("name", ["folder/bad.txt", "bad.md", "bad.html", "bad.xml", "bad.json"])
@pytest.mark.parametrize("data", [b"", b"\x00" * 50, b"one line", b"%PDF-1.4", b"<", b"{"], ids=repr)
def test_a_bad_file_is_one_line_that_names_it_and_the_reason(name, data):
    """What `digest articles add` prints."""
    with pytest.raises(BadArticle) as refused:
        reading_of_file(name, data)

    assert str(refused.value).startswith(f"{name}: ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "body", "title"),
    [
        ("text/html", HTML, ENGLISH.title),
        ("application/rss+xml", RSS, "One"),
        ("text/xml", RSS, "One"),
        ("application/feed+json", JSON, "One"),
        ("text/plain", ENGLISH.text(), ENGLISH.title),
        ("text/markdown", "# One\n\nText.", "One"),
        ("", RSS, "One"),
        ("application/octet-stream", RSS, "One"),
    ],
)
def test_an_answer_is_read_by_its_type_and_content(kind, body, title):
    """Servers lie about types as files do about endings."""
    answer = Fetched(200, body.encode(), kind, url="https://example.org/x")

    assert reading_of_fetched(answer).articles[0].title == title


def test_an_article_without_an_address_gets_the_one_it_came_from():
    """So that "read more" leads somewhere."""
    answer = Fetched(200, ENGLISH.text().encode(), "text/plain", url="https://example.org/x")
    (article,) = reading_of_fetched(answer).articles

    assert article.url == "https://example.org/x"


def test_nothing_new_is_no_article():
    """304 has no body to read."""
    assert reading_of_fetched(Fetched(304, b"", not_modified=True)).articles == ()


pieces = st.sampled_from(
    [*ENGLISH.lines(), *(line for page in PAGES for line in (page.disclaimer, page.related_heading, *page.furniture)), "", " ", "#", "---",
     "+++", "<p>", "</p>", "<div>", "<a href='x'>", "<![CDATA[", "]]>", "<item>", "<rss>", "<entry>", "&amp;", "&#0;", "&x;", "<!--", "-->",
     '{"version":"https://jsonfeed.org/version/1.1","items":[', "]}", "{}", "title: x", "- [a](b)", "\u202e", "\u0000", "\ud7ff", "https://example.org/",
     "http://[", "2026-11-20", "99999999999-1-1", "By Ada", "1. x", "<html>", "<title>t</title>", "<script>", "![", "](", "*", "`", "\t"]
)  # fmt: skip
documents = st.lists(pieces | st.text(max_size=30), max_size=25).flatmap(
    lambda parts: st.sampled_from(["\n", "", "\n\n", " "]).map(lambda glue: glue.join(parts))
)


def _plain(article) -> None:
    texts = [
        article.title,
        article.deck,
        article.text,
        article.author,
        *article.topics,
        *(entry.title for entry in article.related),
    ]
    for text in [*texts, article.disclaimer.replace("\n", "")]:
        assert not any(
            (letter < " " and letter != "\n") or letter in "\u202e\u2066\x7f" or "\ud800" <= letter <= "\udfff"
            for letter in text
        )
    for url in [article.url, *(entry.url for entry in article.related)]:
        assert url == "" or url.startswith(("http://", "https://"))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents, st.sampled_from(sorted(SUFFIXES)))
def test_no_reader_ever_fails_but_with_a_reason(text, suffix):
    """Whatever comes from outside: articles of plain text and safe links, or one clear line."""
    try:
        data = text.encode("utf-8", "surrogatepass")
        articles = reading_of_file("x" + suffix, data, now=datetime(2026, 11, 23, tzinfo=UTC)).articles
    except BadInput as refused:
        articles, reason = (), str(refused).strip()
    else:
        reason = "none is needed"

    assert reason
    for article in articles:
        _plain(article)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(sorted(SUFFIXES)))
def test_no_bytes_ever_fail_but_with_a_reason(data, suffix):
    """Noise is refused, not crashed on."""
    try:
        articles = reading_of_file("x" + suffix, data).articles
    except BadInput as refused:
        articles, reason = (), str(refused).strip()
    else:
        reason = "none is needed"

    assert reason
    for article in articles:
        _plain(article)


LARGE = {
    "a megabyte line": "Title\n" + "word " * 100_000,
    "many short lines": "Title\n" + "A line of words that goes.\n" * 15_000,
    "many headings": "Title\n" + "Heading\n" * 50_000,
    "brackets": "Title\nRelated Articles\n" + ("[" * 400 + "\n") * 1000,
    "addresses": "Title\nRelated Articles\n" + "https://example.org/a " * 20_000,
    "quotes": "Title\n" + "“" * 100_000 + "«" * 100_000 + '"' * 100_001,
    "dots": "Title\n" + ". " * 200_000,
    "spaces": "Title\n" + " " * 400_000 + "x",
    "colons": "Title\n" + ":" * 400_000,
    "quoted": "# T\n\n" + "> " * 100_000 + "x",
    "emphasis": "# T\n\n" + "*a _b " * 20_000,
    "code": "# T\n\n" + "".join("`" * count + "a" for count in range(800)),
    "cdata": "<rss><channel><item><title>" + "<![CDATA[" * 90_000,
    "ampersands": "<rss><channel><item><title>" + "&" * 200_000,
    "comments": "<html><title>t</title><body>" + "<!--" * 200_000,
    "less than": "<html><title>t</title><body>" + "<" * 200_000,
    "rows": "<html><title>t</title><body><table>" + "<tr><td>x" * 60_000,
    "deep JSON": '{"version":"https://jsonfeed.org/version/1.1","items":' + "[" * 100_000,
    "deep XML": "<rss>" + "<a>" * 100_000,
}  # fmt: skip


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE)
def test_no_reader_needs_long_for_hostile_input(text):
    """Seconds at most, on a slow machine; quadratic time would be minutes."""
    begun = time.process_time()
    for read in (read_plaintext, read_markdown, read_page, lambda text: reading_of_file("x.xml", text.encode())):
        try:
            read(text)
        except BadInput:
            continue

    assert time.process_time() - begun < 12
