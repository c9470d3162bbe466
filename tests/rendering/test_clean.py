"""Text and addresses from outside, made harmless."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.rendering.clean import clean_text, clean_url


@given(st.text())
def test_clean_text_is_one_line_without_controls(text: str) -> None:
    """And cleaning it again changes nothing."""
    clean = clean_text(text)

    assert clean.splitlines() in ([], [clean])
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in clean)
    assert not any(0xFDD0 <= ord(c) <= 0xFDEF or 0x202A <= ord(c) <= 0x202E for c in clean)
    assert clean_text(clean) == clean


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://example.org/a?b=1&c=2#d", "https://example.org/a?b=1&c=2#d"),
        ("HTTP://example.org", "http://example.org"),
        ("https://bücher.example/ü?q=ü", "https://xn--bcher-kva.example/%C3%BC?q=%C3%BC"),
        ("https://example.org/a%20b%zz", "https://example.org/a%20b%25zz"),
        ('https://example.org/"><script>', "https://example.org/%22%3E%3Cscript%3E"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("//example.org/", ""),
        ("/relative", ""),
        ("https://user@example.org/", ""),
        ("https://example.org/a b", ""),
        ("https://exa\nmple.org/", ""),
        ("https://[::1", ""),
        ("https://example.org:port/", ""),
        ("", ""),
    ],
)
def test_only_web_addresses_are_linked(url: str, clean: str) -> None:
    """Anything else is no address at all."""
    assert clean_url(url) == clean
