"""Replies: what the server said, whole, bounded and harmless."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.delivery import replies
from digest.delivery.replies import MAX_REPLY_BYTES, ReplyReader, parse_reply
from digest.model.delivery import Reply


@pytest.mark.parametrize(
    ("raw", "reply"),
    [
        pytest.param(b"250 2.0.0 Ok: queued as 4F\r\n", Reply(250, "2.0.0", "Ok: queued as 4F"), id="plain"),
        pytest.param(b"250\r\n", Reply(250, "", ""), id="code only"),
        pytest.param(b"250 \r\n", Reply(250, "", ""), id="code and blank"),
        pytest.param(b"354 End data\n", Reply(354, "", "End data"), id="bare LF"),
        pytest.param(
            b"550-5.1.1 No such\r\n550 5.1.1 mailbox - gsmtp\r\n",
            Reply(550, "5.1.1", "No such mailbox - gsmtp"),
            id="many lines, the enhanced code on each",
        ),
        pytest.param(b"421-4.7.28 slow\r\n421 down\r\n", Reply(421, "4.7.28", "slow down"), id="code on the first"),
        pytest.param(b"550 4.7.1 odd\r\n", Reply(550, "4.7.1", "odd"), id="classes disagree"),
        pytest.param(b"550 5.7.x odd\r\n", Reply(550, "", "5.7.x odd"), id="no enhanced code"),
        pytest.param(b"550 5.7.1\r\n", Reply(550, "5.7.1", ""), id="nothing but codes"),
        pytest.param(b"550 a\x1b[31m\x00b\rc\r\n", Reply(550, "", "a\\x1b[31m\\x00b\\rc"), id="control characters"),
        pytest.param("550 größe\r\n".encode(), Reply(550, "", "größe"), id="UTF-8"),
        pytest.param(b"550 gr\xf6\xdfe\r\n", Reply(550, "", "gr\\xf6\\xdfe"), id="not UTF-8"),
        pytest.param("550 a\u202eb\r\n".encode(), Reply(550, "", "a\\u202eb"), id="direction turned"),
    ],
)
def test_a_reply_is_kept_as_code_enhanced_code_and_text(raw, reply):
    """The log shows what the server said, and nothing that could hurt a terminal or a page."""
    assert ReplyReader().feed(raw) == [raw]
    assert parse_reply(raw) == reply


def test_a_long_text_is_cut_for_the_log():
    """512 characters say enough."""
    assert len(parse_reply(b"550 " + b"x" * 5000 + b"\r\n").text) == 512


@pytest.mark.parametrize(
    "junk",
    [
        pytest.param(b"hello\r\n", id="chat"),
        pytest.param(b"\r\n", id="empty line"),
        pytest.param(b"99 low\r\n", id="two digits"),
        pytest.param(b"150 interim\r\n", id="1yz"),
        pytest.param(b"250x\r\n", id="no separator"),
        pytest.param(b"250-one\r\n550 two\r\n", id="the code changes"),
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n", id="another protocol"),
        pytest.param(b"250 " + b"x" * MAX_REPLY_BYTES + b"\r\n", id="one long line"),
        pytest.param(b"2" * (MAX_REPLY_BYTES + 1), id="a line without end"),
        pytest.param(b"250-x\r\n" * 10_000, id="ten thousand lines"),
    ],
)
def test_junk_ends_the_reading(junk):
    """After something that is no reply, nothing can be matched to what we asked."""
    reader = ReplyReader()

    assert reader.feed(b"220 hi\r\n" + junk)[:1] == [b"220 hi\r\n"]
    assert reader.junk
    assert reader.feed(b"250 ok\r\n") == []


REPLY = st.builds(
    lambda code, lines: b"".join(
        b"%d%s%s\r\n" % (code, b" " if n == len(lines) else b"-", line) for n, line in enumerate(lines, 1)
    ),
    st.integers(200, 559),
    st.lists(st.binary(max_size=20).map(lambda b: b.replace(b"\r", b"").replace(b"\n", b"")), min_size=1, max_size=4),
)


@given(st.lists(REPLY, max_size=5), st.data())
def test_replies_come_whole_however_the_bytes_arrive(replies, data):
    """TCP knows no lines."""
    stream = b"".join(replies)
    reader, found, at = ReplyReader(), [], 0
    while at < len(stream):
        size = data.draw(st.integers(1, 12))
        found += reader.feed(stream[at : at + size])
        at += size

    assert found == replies
    assert reader.is_between_replies
    assert not reader.junk


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_no_bytes_break_the_reader(pieces):
    """Whatever a server sends, each reply found can be parsed and shown."""
    reader = ReplyReader()
    for piece in pieces:
        for raw in reader.feed(piece):
            reply = parse_reply(raw)

            assert 200 <= reply.code <= 599
            assert all(ord(character) >= 32 for character in reply.text)


@given(
    st.text(st.sampled_from("250. -OkABtq\t\u00e9\r"), max_size=30), st.sampled_from(["", "2.0.0 ", "5.1.1  ", "2.0.0"])
)
def test_the_short_way_to_read_a_reply_says_what_the_long_way_says(words, enhanced):
    """Nearly every reply is one plain line; reading it at once must change nothing."""
    raw = f"250 {enhanced}{words}\r\n".encode()

    with pytest.MonkeyPatch.context() as without:
        without.setattr(replies, "_PLAIN_REPLY", re.compile(rb"(?!)"))
        long_way = parse_reply(raw)

    assert parse_reply(raw) == long_way
