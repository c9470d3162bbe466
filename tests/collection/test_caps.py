"""Documents that no parser should be given, and those that only look like them."""

import pytest

from digest.collection.caps import MAX_DEPTH, check_markup
from digest.errors import BadArticle


@pytest.mark.parametrize("name", ["b", "o", "d", "y", "i", "div", "span", "section"])
def test_elements_that_nest_without_end_never_reach_a_parser(name):
    """Every element that needs an end tag counts, the shortest names too."""
    with pytest.raises(BadArticle, match="nests more than 256"):
        check_markup(f"<{name}>" * 60_000 + "text")


@pytest.mark.parametrize("name", ["p", "li", "br", "td", "body"])
def test_a_page_that_leaves_out_end_tags_where_html_allows_it_is_read(name):
    """Old pages hold thousands of paragraphs, none of them closed."""
    check_markup(f"<{name}>text" * (MAX_DEPTH * 4))


def test_a_page_as_deep_as_allowed_is_read():
    """Depth counts what is open at once, not what was opened in all."""
    check_markup("<div>" * MAX_DEPTH + "text" + "</div>" * MAX_DEPTH)
    check_markup("<div><b>text</b></div>" * 2_000)
