"""Content and addresses as they go onto the wire."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.delivery.content import is_mailbox, wire_content

LINES = st.lists(
    st.sampled_from([b".", b"..", b"..x", b".x", b"", b"hello", b".\t.", b"x."]) | st.binary(max_size=9), max_size=12
)


def unstuffed(wire: bytes) -> bytes:
    """What a server keeps of the wire content (RFC 5321 §4.5.2)."""
    assert wire.endswith(b".\r\n")
    lines = wire.removesuffix(b".\r\n").split(b"\r\n")
    assert b"." not in lines  # or the message would end there
    return b"\r\n".join(line[1:] if line.startswith(b".") else line for line in lines)


@given(LINES)
def test_dots_survive_the_wire(lines):
    """The server keeps what the reader shall see, also lines that are a dot."""
    content = b"".join(re.sub(rb"[\r\n\0]", b"", line) + b"\r\n" for line in lines)

    assert unstuffed(wire_content(content)) == content


@given(st.lists(st.sampled_from([b"\r", b"\n", b".", b"\0", b"x", b"\r\n.\r\n", b"\n.\n"]), max_size=20))
def test_no_article_can_end_its_message_early(pieces):
    """No bare CR, bare LF or NUL, and one end of data only (SMTP smuggling, CVE-2023-51764)."""
    wire = wire_content(b"".join(pieces))

    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\0", wire)
    assert (b"\r\n" + wire).count(b"\r\n.\r\n") == 1


def test_the_last_line_is_always_ended():
    """A final dot on a line with something before it would be content."""
    assert wire_content(b"hello") == b"hello\r\n.\r\n"


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("reader@example.net", True),
        ("o'neil+news=x@mail.example.net", True),
        ("a..b.@example.net", True),
        ('"a b"@example.net', True),
        ("zoë@example.net", True),
        ("reader@[192.0.2.1]", True),
        ("reader@[IPv6:2001:db8::1]", True),
        ("local@@x", False),
        ("reader", False),
        ("@example.net", False),
        ("reader@", False),
        ("reader@exa mple.net", False),
        ("reader@example.net>\r\nRCPT TO:<other@example.org", False),
        ("reader@example.net> SIZE=1", False),
        ('"a\r\nb"@example.net', False),
        ("a" * 65 + "@example.net", False),
        ("a@" + "b" * 260, False),
        ("é" * 33 + "@example.net", False),
        ("\ud800@example.net", False),
        ("reader@exämple.net", False),
        ("", False),
    ],
)
def test_which_addresses_can_stand_in_a_command(address, good):
    """What could end the command or add to it is refused here, before any server sees it."""
    assert is_mailbox(address) is good
