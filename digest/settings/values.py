"""What a setting may be: each check returns the value as it is used, or raises ValueError in words."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from digest.settings.urls import LOOPBACK, taken_apart

_MAILBOX_FORM = "must look like imaps://user:password@host/INBOX or maildir:/path; blanks stand between several"
_BASE_FORM = "must be the address readers reach, like https://news.example.org"
# These go into SMTP commands and links as they are: no blank, no line end, nothing but the plain form.
_OUR_NAME = re.compile(r"[0-9a-z](?:[0-9a-z.-]{0,251}[0-9a-z])?|\[[0-9a-z:.]+\]", re.IGNORECASE | re.ASCII)
_MAILBOX = re.compile(r"[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f]+@[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f]+")
_LABEL = "[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?"
_LABELS = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
_PEM = re.compile(r"-----BEGIN [A-Z ]+-----\s.+\s-----END [A-Z ]+-----", re.DOTALL)
_TAG_HEADER = re.compile(r"[Xx]-[A-Za-z0-9-]{1,60}")
_PLAIN = re.compile(r"[\x21-\x7e]*")


def check_base_url(url: str) -> str:
    """Return the address of this installation, without a slash at its end."""
    parts = taken_apart(url, _BASE_FORM)
    if parts.scheme not in ("http", "https") or parts.query or "@" in parts.netloc or not _PLAIN.fullmatch(url):
        raise ValueError(_BASE_FORM)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("must be https:// (RFC 8058 needs it); http:// is only for localhost")
    return url.rstrip("/")


def check_secret(secret: SecretStr) -> SecretStr:
    """Return the secret when it is long enough."""
    if len(secret.get_secret_value()) < 32:
        raise ValueError("must have at least 32 characters; make one with: openssl rand -hex 32")
    return secret


def check_database_url(url: str) -> str:
    """Return *url* when it names a database that outlasts the process."""
    if url.startswith(("postgresql://", "postgresql+psycopg://")):
        # The host may be missing: a socket's folder stands in ?host=
        if not re.fullmatch(r"/[^/]+", urlsplit(url).path):
            raise ValueError("must name a database, like postgresql+psycopg://user:password@localhost/digest")
        return url
    path = url.removeprefix("sqlite:///")
    # Without a file everything would be kept in memory, and gone with the process.
    if path == url or not path or path.startswith((":memory:", "?")):
        raise ValueError("must be sqlite:///path/to/file.db or postgresql+psycopg://user:password@host/database")
    return url


def check_return_path(address: str) -> str:
    """Return *address* when it is a plain one, or none."""
    if address and not _MAILBOX.fullmatch(address):
        raise ValueError("must be one plain address, like bounces@news.example.org")
    return address


def check_addresses(addresses: str) -> str:
    """Return *addresses* when they are plain ones with blanks between them."""
    if not all(_MAILBOX.fullmatch(each) for each in addresses.split()):
        raise ValueError("must be plain addresses with blanks between them, like ops@example.org")
    return addresses


def check_tag_header(name: str) -> str:
    """Return *name* when it is one of a header of our own, or none."""
    if name and not _TAG_HEADER.fullmatch(name):
        raise ValueError("must be the name of a header that begins with X-, like X-PM-Metadata-mail")
    return name


def check_mailboxes(urls: SecretStr) -> SecretStr:
    """Return *urls* when each names a mailbox that can be read."""
    for url in urls.get_secret_value().split():
        if url.startswith("maildir:"):
            if not url.removeprefix("maildir:"):
                raise ValueError(_MAILBOX_FORM)
            continue
        parts = taken_apart(url, _MAILBOX_FORM)
        if parts.scheme not in ("imap", "imaps") or parts.query or not (parts.username and parts.password):
            raise ValueError(_MAILBOX_FORM)
        if parts.scheme == "imap" and parts.hostname not in LOOPBACK:
            raise ValueError("must be imaps://; imap:// is only for a server on this machine (localhost)")
        if not _PLAIN.fullmatch(unquote(parts.path).replace(" ", "")) or '"' in unquote(parts.path):
            raise ValueError("a folder's name must be plain letters and digits; " + _MAILBOX_FORM)
    return urls


def check_helo_name(name: str) -> str:
    """Return *name* when EHLO can carry it (RFC 5321 §4.1.1.1), or none."""
    if name and not _OUR_NAME.fullmatch(name):
        raise ValueError("must be this machine's host name, like mail.example.org, or an address like [192.0.2.1]")
    return name


def check_labels(name: str) -> str:
    """Return *name* when DNS can carry it, or none."""
    if name and not _LABELS.fullmatch(name):
        raise ValueError("must be letters, digits, hyphens and dots, like d2026 or news.example.org")
    return name


def check_key(key: SecretStr) -> SecretStr:
    """Return a private key with its line ends, or none."""
    # Where a setting can be one line only, line ends are spelled.
    text = key.get_secret_value().replace("\\n", "\n").strip()
    if text and not _PEM.fullmatch(text):
        raise ValueError(
            "must be a private key in PEM, from -----BEGIN to its END line, line ends spelled \\n;"
            " for the name of a file there is the setting that ends in _KEY_FILE"
        )
    return SecretStr(text)


def check_summary_url(url: str) -> str:
    """Return the base URL of a language model, without a slash at its end, or none."""
    if not url:
        return url
    form = "must be the base URL of an OpenAI-compatible server, like https://llm.example.org/v1"
    parts = taken_apart(url, form)
    if parts.scheme not in ("http", "https") or parts.query or "@" in parts.netloc or not _PLAIN.fullmatch(url):
        raise ValueError(form)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("must be https://; http:// is only for a server on this machine (localhost)")
    return url.rstrip("/")


def check_templates(folder: Path) -> Path:
    """Return *folder* when templates lie in it."""
    if not (folder / "email").is_dir() or not (folder / "web").is_dir():
        raise ValueError(f"must be a folder with the folders email and web in it; {folder} is not")
    return folder
