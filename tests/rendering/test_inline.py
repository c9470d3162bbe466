"""Inlining through premailer with a style sheet that is read once gives what premailer alone gives."""

from __future__ import annotations

import pytest
from premailer import Premailer

from digest.errors import BadTemplate
from digest.rendering import inline
from digest.rendering.inline import PremailerInliner
from digest.shipped import shipped_folder

STYLE = (shipped_folder("templates") / "email" / "digest" / "shell.html").read_text("utf-8")
SHEET = STYLE[STYLE.index("<style") : STYLE.index("</style>") + len("</style>")]


@pytest.mark.parametrize(
    "body",
    [
        '<p class="sans">One</p>',
        '<table class="card"><tr><td class="body" style="color:red">Two</td></tr></table>',
        "<h1>Three</h1><!-- kept --><a class='more' href='https://example.org/?a=1&amp;b=2'>x</a>",
    ],
)
def test_reading_the_style_sheet_once_changes_nothing(body):
    """Documents one after the other, as premailer itself would make each."""
    document = f"<html><head>{SHEET}</head><body>{body}</body></html>"
    alone = str(Premailer(document, **inline._SETTINGS).transform(pretty_print=False)).rstrip("\n") + "\n"

    assert [PremailerInliner().inline(document) for _ in range(2)] == [alone, alone]


def test_a_style_sheet_is_read_and_written_once_for_many_documents(monkeypatch):
    """Otherwise premailer has changed inside and each document costs what it did before."""
    inline._rules_of.cache_clear()
    inline._written.cache_clear()
    style = "<style>.a { color: red } @media print { .a { color: blue } }</style>"

    for number in range(5):
        PremailerInliner().inline(f"<html><head>{style}</head><body>{number}</body></html>")

    for once in (inline._rules_of, inline._written):
        assert (once.cache_info().misses, once.cache_info().hits) == (1, 4)


def test_only_what_may_have_a_ground_colour_has_the_attribute():
    """Old programs read it on tables and cells; elsewhere it is no HTML."""
    document = (
        "<html><head><style>.a { background-color: #efe }</style></head><body class='a'><div class='a'>"
        "<table class='a'><tr><td class='a'><p class='a'>x</p></td></tr></table></div></body></html>"
    )

    found = PremailerInliner().inline(document)
    assert [
        tag
        for tag in ("body", "div", "table", "td", "p")
        if f"<{tag} class" in found and "bgcolor" in found.partition(f"<{tag} class")[2].partition(">")[0]
    ] == ["body", "table", "td"]


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ("<style>p { color: red</style><p>x</p>", "1 { and 0 }"),
        ("<style>p { color: red }}</style><p>x</p>", "1 { and 2 }"),
        ("<style>p { a: b } /* and so on</style><p>x</p>", "a comment is not closed"),
        ("<style>" + "a { b: c }" * 501 + "</style><p>x</p>", "at most 500 rules"),
        ("", "cannot be put into the elements"),
        ("<?xml version='1.0' encoding='utf-8'?><p>x</p>", "cannot be put into the elements"),
    ],
    ids=["open", "closed twice", "a comment", "too many", "nothing", "XML"],
)
def test_a_style_sheet_that_is_broken_or_endless_is_told(document, told):
    """As of a template, in words; never a crash, never half a minute."""
    with pytest.raises(BadTemplate, match=told):
        PremailerInliner().inline(document)


def test_braces_in_strings_and_comments_count_for_nothing():
    """Whoever writes such a rule meant it."""
    sheet = "/* { */ p { font-family: 'a}b', \"c{\" }"

    assert "a}b" in PremailerInliner().inline(f"<style>{sheet}</style><p>x</p>")
