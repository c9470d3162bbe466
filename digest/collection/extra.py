"""What to say when a reader's library is not installed."""

from __future__ import annotations

from digest.errors import BadInput


def missing_extra(what: str) -> BadInput:
    """Return the error for reading *what* ("feeds") without the libraries that read it."""
    return BadInput(f"reading {what} needs the extra: pip install 'digest-sender[ingest]'")
