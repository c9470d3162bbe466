"""What a mail server says: bytes in, whole replies out (RFC 5321 §4.2, RFC 2034, RFC 3463).

A reply is one or more lines with the same three-digit code; only the last has no hyphen after it. Whatever
is not a reply (a line of chat, a code that changes half-way, more than 64 KB) ends the reading: after that
nothing the server says can be matched to what we asked.
"""

from __future__ import annotations

import re

from digest.model.delivery import Reply

MAX_REPLY_BYTES = 64 * 1024  # a server that talks more than this is broken or hostile
MAX_TEXT_CHARS = 512

_SINGLE_LINES = re.compile(rb"(?:[2-5][0-9][0-9] [^\r\n]*\r\n)+")
_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])([^\n]*?))?\r?\n")
# What nearly every server says: one line, in ASCII, with words after the codes.
_PLAIN_REPLY = re.compile(
    rb"([2-5][0-9][0-9]) (?:([245]\.[0-9]{1,3}\.[0-9]{1,3}) +)?(?![0-9.]*[ \r])([!-~](?:[ -~]{0,500}[!-~])?)\r\n"
)
_ENHANCED = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?:\s+|$)")
_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff0-\uffff\ud800-\udfff]"
)

NO_REPLY = Reply(0, "", "")


class ReplyReader:
    """Collects bytes into whole replies.

    `junk` is empty until the server sends something that is not a reply; from then on it says what, and
    nothing more is read.
    """

    __slots__ = ("_buffer", "_code", "_searched", "junk")

    def __init__(self) -> None:
        self._buffer = b""
        self._searched = 0  # bytes of the buffer already taken as whole lines of an unfinished reply
        self._code = b""
        self.junk = ""

    @property
    def is_between_replies(self) -> bool:
        """True when no part of a reply is waiting for its end."""
        return not self._buffer

    def feed(self, data: bytes) -> list[bytes]:
        """Return the replies that *data* completes, each as its bytes with line ends, in order."""
        if self.junk:
            return []
        if not self._buffer and len(data) <= MAX_REPLY_BYTES and _SINGLE_LINES.fullmatch(data):
            return data.splitlines(keepends=True)
        self._buffer += data
        replies = self._take_lines() if b"\n" in data else []
        if not self.junk and len(self._buffer) > MAX_REPLY_BYTES:
            self._refuse(f"a reply of more than {MAX_REPLY_BYTES} bytes")
        return replies

    def _take_lines(self) -> list[bytes]:
        replies: list[bytes] = []
        start = 0
        while line := _LINE.match(self._buffer, self._searched):
            if self._code and line[1] != self._code:
                self._refuse(f"a reply that changes its code: {_printable(line[0])}")
                return replies
            self._searched = line.end()
            if self._searched - start > MAX_REPLY_BYTES:
                self._refuse(f"a reply of more than {MAX_REPLY_BYTES} bytes")
                return replies
            if line[2] == b"-":
                self._code = line[1]
                continue
            replies.append(self._buffer[start : self._searched])
            start = self._searched
            self._code = b""
        self._buffer = self._buffer[start:]
        self._searched -= start
        if self._buffer.find(b"\n", self._searched) >= 0:  # a whole line, and yet no line of a reply
            self._refuse(f"not a reply: {_printable(self._buffer[self._searched :])}")
        return replies

    def _refuse(self, why: str) -> None:
        self.junk = why
        self._buffer = b""


def code_of(raw: bytes) -> int:
    """Return the three-digit code of a whole reply."""
    return int(raw[:3])


def parse_reply(raw: bytes) -> Reply:
    """Return a whole reply as code, enhanced code and text.

    The text is that of all lines, joined by one space, without the enhanced code; control characters and
    bytes that are not UTF-8 are escaped, and it is cut at 512 characters. An enhanced code counts only when
    the first line has it.
    """
    if plain := _PLAIN_REPLY.fullmatch(raw):
        return Reply(int(plain[1]), (plain[2] or b"").decode("ascii"), plain[3].decode("ascii"))
    first, *more = raw[: MAX_TEXT_CHARS * 8].split(b"\n", 1)
    text = _words(first)
    enhanced = ""
    if found := _ENHANCED.match(text):
        enhanced = found[1]
        text = text[found.end() :]
    if more and more[0]:
        lines = [_words(line).removeprefix(enhanced).lstrip() for line in more[0].split(b"\n")]
        text = " ".join(filter(None, [text, *lines]))
    return Reply(int(raw[:3]), enhanced, clean_text(text))


def _words(line: bytes) -> str:
    """Return the text of one reply line, after code and separator."""
    return line[4:].strip().decode("utf-8", "backslashreplace")


def clean_text(text: str) -> str:
    """Return *text* fit for a log and a page: control characters escaped, at most 512 characters.

    Characters that turn the direction of writing are escaped too: they make a log line lie.
    """
    if not (text.isascii() and text.isprintable()):
        text = _UNPRINTABLE.sub(_escape, text)
    return text[:MAX_TEXT_CHARS]


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


def _printable(raw: bytes) -> str:
    return clean_text(raw[:80].decode("utf-8", "backslashreplace").strip())
