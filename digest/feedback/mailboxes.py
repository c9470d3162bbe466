"""The mailboxes that DIGEST_BOUNCE_MAILBOX names; its form was checked when the settings were read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class ImapFolder:
    """A folder on an IMAP server, taken apart from its URL; the password never shows in a repr."""

    host: str
    port: int
    tls: bool
    username: str
    password: SecretStr
    folder: str = "INBOX"

    @property
    def name(self) -> str:
        """How it is named to people."""
        return f"{self.username}@{self.host}/{self.folder}"


def mailboxes_of(urls: SecretStr) -> tuple[ImapFolder | Path, ...]:
    """Return the mailboxes that a DIGEST_BOUNCE_MAILBOX names; ports default to 993 (imaps) and 143 (imap)."""
    return tuple(_mailbox_of(url) for url in urls.get_secret_value().split())


def _mailbox_of(url: str) -> ImapFolder | Path:
    if url.startswith("maildir:"):
        return Path(url.removeprefix("maildir:"))
    parts = urlsplit(url)
    tls = parts.scheme == "imaps"
    return ImapFolder(
        host=parts.hostname or "",
        port=parts.port or (993 if tls else 143),
        tls=tls,
        username=unquote(parts.username or ""),
        password=SecretStr(unquote(parts.password or "")),
        folder=unquote(parts.path.strip("/")) or "INBOX",
    )
