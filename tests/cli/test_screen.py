"""What the terminal shows: counts in words that agree with their number."""

from __future__ import annotations

import pytest

from digest.cli.screen import counted, shortened


@pytest.mark.parametrize(
    ("number", "words", "shown"),
    [
        pytest.param(0, ("mail",), "0 mails", id="none"),
        pytest.param(1, ("mail",), "1 mail", id="one"),
        pytest.param(2, ("mail",), "2 mails", id="two"),
        pytest.param(1, ("delivery", "deliveries"), "1 delivery", id="one of an irregular word"),
        pytest.param(3, ("delivery", "deliveries"), "3 deliveries", id="three of an irregular word"),
    ],
)
def test_one_mail_is_not_told_as_one_mails(number, words, shown):
    """The word follows the number."""
    assert counted(number, *words) == shown


@pytest.mark.parametrize(
    ("text", "most", "shown"),
    [
        pytest.param("250 taken", 9, "250 taken", id="fits"),
        pytest.param("550 no such mailbox here", 20, "550 no such mailbox…", id="a word is left out"),
        pytest.param("550 no such mailbox here", 18, "550 no such…", id="a word is not cut"),
        pytest.param("x" * 30, 10, "xxxxxxxxx…", id="one long word"),
    ],
)
def test_what_a_server_said_is_cut_at_a_word(text, most, shown):
    """And ends in a sign that there is more."""
    assert shortened(text, most) == shown
