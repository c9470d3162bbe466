"""Saved HTML pages."""

import html
from datetime import UTC, datetime

import pytest

from digest.collection.page import read_page
from digest.errors import BadArticle
from digest.model.article import Image
from tests.collection.pages import ENGLISH, PAGES


def saved(page, *, head="", links=True):
    """The page as a site would serve it, menus and footer around."""
    e = html.escape
    body = [f"<p>{e(text)}</p>" for text in page.opening]
    for heading, texts in page.sections:
        body += [f"<h2>{e(heading)}</h2>", *(f"<p>{e(text)}</p>" for text in texts)]
    entries = "".join(
        f'<li><a href="/r/{number}">{e(title)}</a></li>' if links else f"<li>{e(title)}</li>"
        for number, title in enumerate(page.related)
    )
    related = f"<aside><h3>{e(page.related_heading)}</h3><ul>{entries}</ul></aside>" if page.related else ""
    furniture = "".join(f"<div>{e(line)}</div>" for line in page.furniture)
    return f"""<!DOCTYPE html><html lang="{page.language}"><head><meta charset="utf-8"><title>{e(page.title)} | Example News</title>
<meta property="og:title" content="{e(page.title)}"><meta property="og:description" content="{e(page.deck)}">{head}</head>
<body><nav><a href="/">Home</a> <a href="/energy">Energy</a></nav><main><article><h1>{e(page.title)}</h1>{"".join(body)}
<p class="notice">{e(page.disclaimer)}</p></article>{related}<section>{furniture}</section></main>
<footer><p>© 2026 Example News. All rights reserved.</p></footer></body></html>"""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.language)
@pytest.mark.parametrize("links", [True, False], ids=["linked", "plain"])
def test_a_saved_page_has_the_parts_of_the_plain_one(page, links):
    """The same article, whichever way it was kept."""
    article = read_page(saved(page, links=links), url="https://example.org/tides")

    assert (article.title, article.deck, article.language) == (page.title, page.deck, page.language)
    assert [(section.heading, section.paragraphs) for section in article.sections] == page.body
    assert article.disclaimer == page.disclaimer
    assert article.ai_generated is True
    assert tuple(entry.title for entry in article.related) == page.related
    assert [entry.url for entry in article.related] == [f"https://example.org/r/{n}" if links else "" for n in range(3)]


def test_the_head_of_a_page_tells_address_date_image_and_topics():
    """Open Graph and friends."""
    head = """<link rel="canonical" href="/tides"><meta property="article:published_time" content="2026-11-20T08:00:00+09:00">
<meta property="article:tag" content="energy"><meta property="article:tag" content="towns"><meta name="author" content="Ada Quill">
<meta property="og:image" content="/q.jpg"><meta property="og:image:width" content="1200">
<meta property="og:image:height" content="630"><meta property="og:image:alt" content="A quay">"""

    article = read_page(saved(ENGLISH, head=head), url="https://example.org/x?y=1")

    assert article.url == "https://example.org/tides"
    assert article.published_at == datetime(2026, 11, 19, 23, tzinfo=UTC)
    assert article.topics == ("energy", "towns")
    assert article.author == "Ada Quill"
    assert article.image == Image("https://example.org/q.jpg", 1200, 630, "A quay")


def test_a_picture_in_the_text_is_the_pages_when_its_head_names_none():
    """Banners beside the text are not, nor is what is hidden."""
    text = saved(ENGLISH)
    banner = '<aside><img src="/ad.png" width="600" height="200" alt="Buy"></aside>'
    hidden = '<img src="/no.png" width="600" height="200" alt="No" hidden>'
    picture = '<figure><img src="/quay.jpg" width="1200px" height="600" alt="A quay"></figure>'
    article = read_page(text.replace("<p>", banner + hidden + picture + "<p>", 1), url="https://example.org/x")

    assert article.image == Image("https://example.org/quay.jpg", 1200, 600, "A quay")


@pytest.mark.parametrize("canonical", ["javascript:alert(1)", "data:x", "", "//"])
def test_a_canonical_link_that_is_none_leaves_the_address_it_came_from(canonical):
    """Hostile heads do not steer links."""
    page = saved(ENGLISH, head=f'<link rel="canonical" href="{canonical}">')

    assert read_page(page, url="https://example.org/x").url == "https://example.org/x"


HOSTILE = {
    "100,000 div": "<div>" * 100_000,
    "50,000 table": "<table>" * 50_000,
    "a megabyte attribute": f'<p title="{"x" * 1_000_000}">a</p>',
    "300 nested b": "<b>" * 300 + "x" + "</b>" * 300,
    "a tag without end": "<p " + "x " * 60_000,
    "half a million p": "<p>a" * 500_000,
    "text without end": "<p>" + "word " * 200_000,
    "hidden in an open comment": "<!-- " + "<div>" * 1000,
    "hidden in an open script": "<script>" + "<div>" * 1000,
    "nothing": "",
    "scripts only": "<script>document.write('x')</script>",
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_a_page_that_would_choke_a_parser_is_refused_before_it(body):
    """R1: sizes and depth first."""
    with pytest.raises(BadArticle):
        read_page(f"<html><head><title>T</title></head><body>{body}")


def test_scripts_full_of_angle_brackets_are_not_deep():
    """A loop over `i<n` nests nothing."""
    head = "<script>" + "for(i=0;i<n;i++){a<b}" * 2000 + "</script><style>a>b{}</style>"

    assert read_page(saved(ENGLISH, head=head)).title == ENGLISH.title


def test_a_page_without_a_title_is_refused():
    """A digest cannot show it."""
    with pytest.raises(BadArticle, match="no title"):
        read_page("<html><body><p>Some text that goes on for a while.</p></body></html>")
