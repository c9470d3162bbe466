"""What the splicer calls ready for the wire needs no second look at its bytes."""

from __future__ import annotations

import re
from binascii import a2b_qp
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.delivery.content import wire_content
from digest.rendering.encode import quoted_printable
from digest.rendering.splice import Splicer
from digest.rendering.views import CardView

CARD = CardView(title="Rain", url="https://press.example.org/rain", summary="It rains.")
NAMES = ["Ann", ".hidden", "..", ".", "." * 200, ". Ä", "a\n.b", "", ".\u2028.", "x" * 199 + "."]


@pytest.mark.parametrize("locale", ["en", "ko"])
@pytest.mark.parametrize("name", NAMES)
def test_a_message_that_is_wire_ready_is_what_the_careful_way_would_send(desk, reader, locale, name):
    """The fast path must send the same bytes as dot-stuffing and mending line ends would."""
    splicer = desk(locale).splicer([CARD])

    message = splicer.splice(reader(name=name))

    assert splicer.is_wire_ready
    assert wire_content(message) == message + b".\r\n"
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\0", message)


def test_a_name_that_starts_with_a_dot_arrives_whole(desk, reader):
    """Spelling the dot otherwise changes nothing for the reader."""
    message = desk("en").splicer([CARD]).splice(reader(name=".net fan"))

    parts = list(message_from_bytes(message, policy=policy.default).iter_parts())

    assert len(parts) == 2
    assert all(".net fan" in part.get_content() for part in parts)


def test_a_piece_with_a_dotted_line_is_sent_the_careful_way(desk):
    """Nobody has to trust that encoders never begin a line with a dot."""
    at = desk("en")
    composed = at.compose([CARD])
    pieces = {name: b".at the start=\r\n" + piece for name, piece in composed.pieces.items()}

    assert not Splicer(composed.layout, pieces, at.headers(composed)).is_wire_ready


@given(st.text(alphabet=".a= \nä", max_size=400))
def test_no_encoded_line_begins_with_a_dot_or_is_too_long(text):
    """A sender that need not stuff dots, and lines that every server takes (RFC 2045 §6.7)."""
    data = text.replace("\n", "\r\n").encode()

    encoded = quoted_printable(data)

    assert a2b_qp(encoded) == data
    assert all(len(line) <= 76 and not line.startswith(b".") for line in encoded.split(b"\r\n"))
