"""What a page uses, by caniemail's names, and who does not know it."""

from __future__ import annotations

import pytest

from digest.rendering.lint.letter import Letter
from digest.rendering.lint.page import Page
from digest.rendering.lint.support import shipped_support
from digest.rendering.lint.used import features_in
from tests.rendering.lint.clean import NOW, TEMPLATES, shipped

#: HTML -> features that are found in it
USED = {
    "a property": ('<p style="text-shadow: 0 0 2px red">x</p>', {"css-text-shadow", "css-unit-px", "html-p"}),
    "flex": ('<p style="display:inline-flex;gap:1em">x</p>', {"css-display-flex", "css-gap", "css-unit-em"}),
    "a hidden one": ('<p style="display:none">x</p>', {"css-display-none"}),
    "one side": ('<p style="border-top-color:red;padding-left:1%">x</p>',
                 {"css-border", "css-padding", "css-unit-percent"}),
    "a logical side": ('<p style="margin-inline-start:1pt">x</p>', {"css-margin-inline-start-end", "css-unit-pt"}),
    "functions": ('<p style="width:calc(1px + 2px);color:var(--a);background:linear-gradient(red,blue)">x</p>',
                  {"css-unit-calc", "css-variables", "css-linear-gradient", "css-width", "css-background"}),
    "a variable": ('<p style="--a: red">x</p>', {"css-variables"}),
    "words are no functions": ("<p style=\"font-family:'calc(x)'\">x</p>", {"html-p"}),
    "Word's own": ('<p style="mso-line-height-rule:exactly">x</p>', {"html-p"}),
    "rules": ("<style>/* a */@media (prefers-color-scheme: dark) { .a > b:hover, #c::before { color: red !important } }</style>",
              {"css-comments", "css-at-media", "css-at-media-prefers-color-scheme", "css-selector-class",
               "css-selector-child", "css-pseudo-class-hover", "css-pseudo-element-before", "css-selector-id",
               "css-selector-grouping", "css-important"}),
    "elements": ("<section><h2>x</h2><ul><li>y</li></ul></section>", {"html-semantics", "html-h1-h6", "html-lists"}),
    "attributes": ('<table role="presentation" cellpadding="0" valign="top"><tr><td>x</td></tr></table>',
                   {"html-table", "html-role", "html-cellpadding", "html-valign"}),
    "links": ('<a href="mailto:x@example.org">x</a><a href="#y">y</a>', {"html-mailto-links", "html-anchor-links"}),
    "pictures": ('<img src="https://x.example/a.svg?1"><img src="data:image/png;base64,AA">',
                 {"image-svg", "image-base64", "html-img"}),
    "fields": ('<input type="checkbox"><button type="submit">x</button>',
               {"html-input-checkbox", "html-button-submit"}),
}  # fmt: skip


@pytest.mark.parametrize(("html", "wanted"), USED.values(), ids=USED.keys())
def test_what_a_page_uses_is_found_by_its_name(html, wanted):
    """Each name is one that caniemail has."""
    found = set(features_in(Page(f"<html><body>{html}</body></html>")))

    assert wanted <= found
    assert wanted <= set(shipped_support().features)
    if "Word" in html or "calc(x)" in html:
        assert not {"css-unit-calc", "css-mso-line-height-rule"} & found


def test_who_does_not_know_a_feature_is_named():
    """The newest version that was tested counts."""
    support = shipped_support()

    assert "Gmail" in support.unknown_to("css-at-font-face")
    assert support.unknown_to("html-p") == []
    assert support.unknown_to("nothing-of-the-kind") == []
    assert all(len(letters) == len(support.clients) for _, letters in support.features.values())


def test_every_waiver_is_for_something_that_is_known_and_has_a_reason():
    """Nothing is waived that all programs know."""
    support = shipped_support()

    assert [name for name in support.waivers if not support.unknown_to(name)] == []
    assert all(len(reason) > 15 for reason in support.waivers.values())


def test_shipped_mails_use_nothing_that_most_programs_do_not_know():
    """What is waived is little, and known to most, or only ever an addition."""
    used = {name for template in TEMPLATES for name in features_in(Letter(shipped(template, "de"), NOW).page)}
    support = shipped_support()

    assert {name for name in used if len(support.unknown_to(name)) > 5} <= {
        "html-meta-color-scheme", "css-overflow-wrap", "css-hyphens"
    }  # fmt: skip
