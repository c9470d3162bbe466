"""What editors write, as HTML that is safe and text that says the same."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html

from digest.errors import BadInput
from digest.rendering.check import check_template, differences
from digest.rendering.clean import clean_text
from digest.rendering.headers import constant_headers
from digest.rendering.parts import DigestParts
from digest.rendering.press import Press
from digest.rendering.splice import Splicer
from digest.rendering.templates import TemplateSet
from digest.rendering.whole import render_whole
from digest.rendering.written import edition_view, read_written
from digest.shipped import shipped_folder

HOSTILE = st.lists(
    st.sampled_from(
        ["# ", "- ", "1. ", "> ", "\n", "\n\n", "  \n", "    ", "*", "**", "`", "[a](", ")", "](https://e.org/)", "<",
         "<script>alert(1)</script>", "<img src=x onerror=y>", "javascript:alert(1)", "![p](x)", "&amp;", "\u202e",
         "https://slot.invalid/name", "\ufdd0s:name\ufdd1", "{{ 1 }}", "항구", "ميناء", "word", " "]
    ),
    max_size=25,
).map("".join)  # fmt: skip
KNOWN = {"div", "p", "h2", "ul", "ol", "li", "blockquote", "br", "strong", "em", "s", "a"}


def letters(text: str) -> str:
    """Return what a text says, without the marks of lists and the address after a link."""
    return re.sub(r"[\W\d_]", "", text.replace("(https://e.org/)", ""))


@pytest.mark.parametrize(
    ("markdown", "html", "text"),
    [
        ("Hello *you*", '<p class="saying">Hello <em>you</em></p>', "Hello you"),
        ("# Big\n\nsmall", '<h2 class="saying-title">Big</h2>\n<p class="saying">small</p>', "Big\n\nsmall"),
        (
            "[here](https://example.org/ä)",
            '<p class="saying"><a class="link" href="https://example.org/%C3%A4">here</a></p>',
            "here (https://example.org/%C3%A4)",
        ),
        ("[x](javascript:y())", '<p class="saying">[x](javascript:y())</p>', "[x](javascript:y())"),
        ("[x](ftp://e.org)", '<p class="saying">x</p>', "x"),
        ("a  \nb", '<p class="saying">a<br>b</p>', "a\nb"),
        (
            "- one\n- two",
            '<ul class="entries"><li class="entry">one</li><li class="entry">two</li></ul>',
            "- one\n- two",
        ),
        ("<b>no</b>", '<p class="saying">&lt;b&gt;no&lt;/b&gt;</p>', "<b>no</b>"),
    ],
)
def test_markdown_both_ways(markdown: str, html: str, text: str):
    """Only what we write ourselves is markup."""
    written = read_written(markdown, "en")

    assert (str(written.html), written.text) == (html, text)


@given(markdown=HOSTILE)
def test_nothing_gets_in_that_is_not_ours_and_both_parts_say_the_same(markdown: str):
    """Whatever is written: known elements, web or mail links, and every word of one part in the other."""
    try:
        written = read_written(markdown, "en")
    except BadInput:
        return
    tree = lxml_html.fragment_fromstring(written.html, create_parent="div")

    assert {each.tag for each in tree.iter()} <= KNOWN
    assert all(set(each.attrib) <= {"class", "href", "start"} for each in tree.iter())
    assert all(re.match("https?://|mailto:", each.get("href")) for each in tree.iter("a"))
    assert letters(written.text) == letters(tree.text_content())
    # What goes on in a list inside a quotation is indented behind the quotation's mark.
    assert all(clean_text(line) == line for line in (line.lstrip("> ") for line in written.text.split("\n")))


@pytest.mark.parametrize(
    ("markdown", "said"),
    [("", "says nothing"), ("![](x)", "says nothing"), ("x" * 20_001, "20,001"), ("[" * 2_001, "brackets"),
     ("> " * 12 + "deep", "too deep")],
    ids=["empty", "nothing to show", "long", "brackets", "deep"],
)  # fmt: skip
def test_what_cannot_be_shown_is_refused(markdown: str, said: str):
    """In words."""
    with pytest.raises(BadInput, match=said):
        read_written(markdown, "en")


@pytest.mark.parametrize("locale", ["en", "ja", "ar"])
def test_a_mail_with_notes_and_without_articles_is_the_whole_mail(reader, frame, locale: str):
    """The law of splicing holds for them too, in the shipped template."""
    templates = TemplateSet.load(shipped_folder("templates") / "email")
    edition = edition_view(
        {"note": ("Good *morning*\n\n- a\n- b", "en"), "announcement": ("# مرحبا\n\nنص [هنا](https://e.org)", "ar")}
    )
    parts = DigestParts((), "Monday", "In brief", follows="Why", lead="", title="We move")
    composed = Press(templates, frame, locale, edition).compose(parts)
    headers = constant_headers(frame, composed.subject, composed.layout.boundary)
    splicer = Splicer(composed.layout, composed.pieces, headers)
    anna = reader()

    assert composed.subject == "We move"
    assert differences(splicer, render_whole(templates, frame, locale, [], parts, anna, edition), anna) == []
    assert 'dir="rtl"' in splicer.html(anna)


def test_the_shipped_template_keeps_the_law_with_notes():
    """Also the correction's."""
    folder = shipped_folder("templates") / "email"

    assert check_template(folder) == [] == check_template(folder, "correction")
