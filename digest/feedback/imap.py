"""The door to an IMAP folder (RFC 3501): mails since the last time, of each the first megabyte.

The folder is opened to look only (EXAMINE), so nothing is deleted, moved or marked as read. A position is
UIDVALIDITY and the last UID; a folder that was made anew is read from its beginning.
"""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from digest.errors import FetchRefused
from digest.feedback.mail import MAX_BYTES
from digest.feedback.mailboxes import ImapFolder

_PATIENCE = 60.0  # seconds for each answer


def read_new(mailbox: ImapFolder, position: str, *, at_most: int = 1_000) -> Iterator[tuple[str, bytes]]:
    """Give (position after it, mail) of the mails past *position* ("" for all), oldest first, *at_most* so many.

    Raises FetchRefused when the server cannot be reached, does not let us in, or has no such folder.
    """
    with _opened(mailbox) as server:
        validity, last = _uid_validity(server), 0
        before, _, number = position.partition(":")
        if before == validity and number.isdecimal():
            last = int(number)
        found = _said(server.uid("SEARCH", f"UID {last + 1}:*"), mailbox)
        # "*" is the last mail even where it is not past the position (RFC 3501 §6.4.8).
        uids = sorted(uid for each in (found[0] or b"").split() if (uid := int(each)) > last)
        for uid in uids[:at_most]:
            parts = _said(server.uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{MAX_BYTES}>)"), mailbox)
            # A mail that somebody deleted meanwhile has no literal.
            data = next((each[1] for each in parts if isinstance(each, tuple)), b"")
            yield f"{validity}:{uid}", bytes(data)


@contextmanager
def _opened(mailbox: ImapFolder) -> Iterator[imaplib.IMAP4]:
    try:
        with _connected(mailbox) as server:
            server.login(mailbox.username, mailbox.password.get_secret_value())
            _said(server.select(f'"{mailbox.folder}"', readonly=True), mailbox)
            yield server
    except imaplib.IMAP4.error as error:
        # What the library quotes is the server's answer, never what we sent.
        raise FetchRefused(f"{mailbox.name}: {_words(error)}; check DIGEST_BOUNCE_MAILBOX") from None
    except OSError as error:
        raise FetchRefused(f"{mailbox.name} cannot be reached: {error.strerror or error}") from None


def _connected(mailbox: ImapFolder) -> imaplib.IMAP4:
    if mailbox.tls:
        context = ssl.create_default_context()
        return imaplib.IMAP4_SSL(mailbox.host, mailbox.port, ssl_context=context, timeout=_PATIENCE)
    return imaplib.IMAP4(mailbox.host, mailbox.port, timeout=_PATIENCE)


def _uid_validity(server: imaplib.IMAP4) -> str:
    _, told = server.response("UIDVALIDITY")
    return (told[0] or b"").decode("ascii", "replace") if told else ""


def _said(answer: tuple[str, list[Any]], mailbox: ImapFolder) -> list[Any]:
    status, data = answer
    if status != "OK":
        raise FetchRefused(f"{mailbox.name}: {_words(data[0] if data else status)}; check DIGEST_BOUNCE_MAILBOX")
    return data


def _words(told: object) -> str:
    first = told.args[0] if isinstance(told, Exception) and told.args else told
    text = first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)
    return " ".join(text.split())[:200]
