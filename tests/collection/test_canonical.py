"""One page, one key; and when two articles are one (design C11, C12)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.collection.canonical import (
    canonical_url,
    content_hash,
    identity_of,
    same_article,
    title_key,
)
from digest.model.article import Article, Section

TEXT = "The tide ran hard past the empty quay, and the harbour master counted the hours. " * 3
ARTICLE = Article(
    title="Harbour Towns Bet on Tides",
    sections=(Section("", (TEXT,)),),
    url="https://example.org/tides",
    guid="urn:tide:1",
)


@pytest.mark.parametrize(
    "other",
    [
        "http://example.org/tides",
        "https://www.example.org/tides",
        "https://m.example.org/tides",
        "https://www.m.example.org/tides",
        "https://mobile.example.org/tides",
        "https://amp.example.org/tides",
        "https://EXAMPLE.org:443/tides",
        "http://example.org:80/tides/",
        "https://example.org/tides#comments",
        "https://example.org/tides?utm_source=mail&utm_medium=x",
        "https://example.org/tides?fbclid=1&gclid=2&mc_cid=3",
        "https://example.org/a/../tides",
        "https://example.org/./tides",
        "https://example.org/%74ides",
        "https://example.org./tides",
        "HTTPS://example.org/tides?",
    ],
)
def test_every_spelling_of_an_address_is_one_page(other):
    """Feeds, pages and mails spell the same address differently."""
    assert canonical_url(other) == canonical_url("https://example.org/tides")


@pytest.mark.parametrize(
    "other",
    [
        "https://example.org/Tides",
        "https://example.org/tides?page=2",
        "https://example.org/tides/2",
        "https://news.example.org/tides",
        "https://example.org:8443/tides",
        "https://example.net/tides",
        "https://example.org/tides%2F2",
    ],
)
def test_another_page_has_another_key(other):
    """What leads elsewhere must not be folded together."""
    assert canonical_url(other) != canonical_url("https://example.org/tides")


@pytest.mark.parametrize(
    ("other", "key"),
    [
        ("https://m.example/a", "https://m.example/a"),
        ("https://amp.example/a", "https://amp.example/a"),
        ("https://de.m.example.org/a", "https://de.example.org/a"),
        ("https://com.example.org/a", "https://com.example.org/a"),
        ("https://mm.example.org/a", "https://mm.example.org/a"),
    ],
)
def test_only_the_sign_of_a_small_screen_goes_from_a_host(other, key):
    """A site may be called "m" or "amp"."""
    assert canonical_url(other) == key


def test_the_order_of_a_query_means_nothing_and_its_values_do():
    """Sorted, spaces in one spelling."""
    assert canonical_url("https://example.org/?b=2&a=x+y") == canonical_url("https://example.org/?a=x%20y&b=2")
    assert canonical_url("https://example.org/?a=1") != canonical_url("https://example.org/?a=2")


def test_a_host_in_another_script_is_its_a_label():
    """RFC 5891: both spellings lead to the same server."""
    assert canonical_url("https://bücher.example/é") == canonical_url("https://xn--bcher-kva.example/%C3%A9")


@pytest.mark.parametrize(
    "url", ["", "javascript:alert(1)", "mailto:a@example.org", "/tides", "https://", "https://a@b/", "http://[::1"]
)
def test_what_is_no_web_address_has_no_key(url):
    """An empty key is never equal to another."""
    assert canonical_url(url) == ""


@given(st.text(max_size=60), st.text(max_size=30))
def test_a_key_is_its_own_key(path, query):
    """Keys can be stored and compared without being worked out again."""
    key = canonical_url(f"https://example.org/{path}?{query}")

    assert canonical_url(key) == key


SAME = {
    "http instead of https": replace(ARTICLE, url="http://example.org/tides"),
    "tracking parameters": replace(ARTICLE, url="https://example.org/tides?utm_source=rss"),
    "another GUID": replace(ARTICLE, guid="urn:tide:2"),
    "edited text": replace(ARTICLE, sections=(Section("", ("All of it is new.",)),)),
    "edited title": replace(ARTICLE, title="Tides"),
    "moved, same words": replace(ARTICLE, url="https://example.org/2026/tides", guid=""),
    "no address, same GUID, edited": replace(ARTICLE, url="", sections=(), title="Tides"),
    "no address, no GUID, edited": replace(ARTICLE, url="", guid="", sections=()),
    "corrected headline, no address": replace(ARTICLE, url="", guid="", title="Coast Towns Bet on Tides"),
    "corrected headline, other address": replace(ARTICLE, url="https://example.net/t", title="Coasts", guid=""),
    "spaces and case": replace(ARTICLE, url="", guid="", title="HARBOUR  TOWNS bet on tides!"),
}


@pytest.mark.parametrize("other", SAME.values(), ids=SAME)
def test_the_same_article_again_is_an_edit(other):
    """C11: it updates and never doubles."""
    one, two = identity_of(ARTICLE, "wire"), identity_of(other, "wire")

    assert same_article(one, two)
    assert same_article(two, one)


LONELY = Article(title="Weather", url="https://example.org/w/1", guid="1")
OTHERS = {
    "one GUID, different address and text": (
        ARTICLE,
        replace(ARTICLE, url="https://example.org/other", title="Other", sections=(Section("", (TEXT[::-1],)),)),
    ),
    "a daily column": (LONELY, replace(LONELY, url="https://example.org/w/2", guid="2")),
    "same title in another source": (replace(LONELY, url="", guid=""), None),
    "a briefing of two days": (
        Article(title="Morning briefing", sections=(Section("", (TEXT,)),)),
        Article(
            title="Morning briefing", sections=(Section("", ("Solar parks grow faster than the grid does. " * 4,)),)
        ),
    ),
    "two notes with one paragraph of boilerplate": (
        replace(LONELY, title="Fire in the port", sections=(Section("", (TEXT[:160],)),)),
        replace(LONELY, title="Fog", sections=(Section("", (TEXT[:160],)),), url="https://example.org/w/3", guid="3"),
    ),
    "plain GUID in another source": (replace(LONELY, url="", title="A"), None),
}


@pytest.mark.parametrize(("one", "two"), OTHERS.values(), ids=OTHERS)
def test_two_articles_stay_two(one, two):
    """C12, and what must not be folded together by chance."""
    there = replace(one, title="B" if one.guid else one.title) if two is None else two

    assert not same_article(identity_of(one, "wire"), identity_of(there, "elsewhere" if two is None else "wire"))


NOTE = Article(title="Ferry runs again", sections=(Section("", ("The first boat left the quay at noon today.",)),))
FILES = {
    "another headline": (replace(NOTE, title="Boats run again"), "a.txt", True),
    "another text": (replace(NOTE, sections=(Section("", ("Ships sail.",)),)), "a.txt", True),
    "headline and text edited": (
        Article(title="Boats", sections=(Section("", ("The first boat left the quay at one, late.",)),)),
        "a.txt",
        True,
    ),
    "a wholly different article": (
        Article(title="Solar", sections=(Section("", ("The grid cannot keep up with the parks.",)),)),
        "a.txt",
        False,
    ),
    "the same note under another name": (NOTE, "b.txt", True),
    "a note of another day": (replace(NOTE, sections=(Section("", ("Fog kept all ships in.",)),)), "b.txt", False),
}


@pytest.mark.parametrize(("other", "file", "same"), FILES.values(), ids=FILES)
def test_a_file_is_one_article_until_another_one_stands_in_it(other, file, same):
    """Whatever was edited, something of the title or the text is left; a column has a file for each day."""
    assert same_article(identity_of(NOTE, "s", "a.txt"), identity_of(other, "s", file)) is same


def test_a_file_is_one_article_whoever_reads_it():
    """By hand first and then as part of a folder that is a source: an edit between the two is an edit."""
    assert same_article(identity_of(NOTE, "", "/a.txt"), identity_of(replace(NOTE, title="Boats"), "s", "/a.txt"))
    assert not same_article(identity_of(NOTE, "s", "/a.txt"), identity_of(replace(NOTE, title="Boats"), "t", "/b.txt"))


@given(
    st.integers(0, 2),
    st.integers(0, 2),
    st.integers(0, 2),
    st.sampled_from(["", "a", "b"]),
    st.sampled_from(["", "u", "v"]),
)
def test_being_the_same_is_mutual_and_of_oneself(title, text, source, guid, path):
    """The rule does not depend on which came first."""
    other = Article(
        title=f"T{title}",
        sections=(Section("", (TEXT + str(text),)),),
        guid=guid,
        url=f"https://example.org/{path}" if path else "",
    )
    one, two = identity_of(ARTICLE, "s0"), identity_of(other, f"s{source}")

    assert same_article(one, two) == same_article(two, one)
    assert same_article(two, two)


def test_hashes_see_what_readers_see():
    """Spacing and case are no edit, another deck is one."""
    spaced = replace(ARTICLE, sections=(Section("", ("  " + TEXT.upper(),)),))

    assert content_hash(spaced) == content_hash(ARTICLE)
    assert content_hash(replace(ARTICLE, deck="New")) != content_hash(ARTICLE)
    assert title_key(replace(ARTICLE, title="harbour towns: bet on tides")) == title_key(ARTICLE)
    assert len(content_hash(ARTICLE)) == len(title_key(ARTICLE)) == 64
