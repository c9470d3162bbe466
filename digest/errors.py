"""Every error this program raises on purpose.

DigestError
├── SettingsError          the environment or .env is wrong; nothing was started
│   └── BadEnvFile         a line of .env is no setting at all
├── BadInput               a file, a row or an option is wrong; says which and what to do
│   ├── BadArticle
│   ├── BadNewsletter
│   └── BadTemplate
├── FetchRefused           an address we will not or could not fetch
├── NotFound               an id, a slug or an address that is not in the database
├── DeliveryError          a mail server did not take the message
├── DatabaseBusy           another process of ours holds what we need
├── DatabaseRestored       the database is older than the mail that was sent from it
└── DatabaseFailed         the database file is not there, not ours, not whole, or the disk is full

An error's text is one line that a person can act on. Facts are attributes.
"""

from __future__ import annotations


class DigestError(Exception):
    """Something this program checks for went wrong; the text says what to do next."""


class SettingsError(DigestError):
    """One or more settings are wrong or missing; all of them are listed."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


class BadEnvFile(SettingsError):
    """Lines of a file with settings that nobody can read; all of them are listed."""


class BadInput(DigestError, ValueError):
    """What was handed in cannot be used."""


class BadArticle(BadInput):
    """A file or page that is not an article we can read."""


class BadNewsletter(BadInput):
    """A newsletter file that must not be applied."""


class BadTemplate(BadInput):
    """A template that would break the mail."""


class FetchRefused(DigestError):
    """An address that was not fetched: forbidden, too large, too slow or unreachable.

    `rest` is how many seconds its server wishes to be left alone, 0 when it said nothing of that.
    """

    def __init__(self, message: str, *, rest: float = 0) -> None:
        super().__init__(message)
        self.rest = rest


class NotFound(DigestError, LookupError):
    """No such row."""


class DeliveryError(DigestError):
    """A message could not be handed over."""


class DatabaseBusy(DigestError):
    """Another process is at work on this database."""


class DatabaseRestored(DigestError):
    """A backup was put back, and a person must say so before anything is sent."""


class DatabaseFailed(DigestError):
    """The file of the database cannot be used; the text says why."""
