"""A web server's refusal in words, and how long it wishes to be left alone (RFC 9110 sections 10.2.3 and 15)."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from digest.errors import FetchRefused

#: Seconds; who asks for more is asked again after a day, for the answer may have been a mistake.
LONGEST_REST = 24 * 3600.0
_MEANING = {
    401: "it asks for a login, which a source cannot have",
    403: "it does not let us read this",
    404: "there is nothing at this address",
    410: "what was there is gone for good; give the source another address, or take it out",
    429: "we come too often; raise the source's `every`",
}


def refused(url: str, status: int, retry_after: str, date: str) -> FetchRefused:
    """Return the error for the answer *status* (a code that is no success) of *url*.

    *retry_after* and *date* are the headers of those names, "" without one. A date in the one is held against the
    other, so the clocks of two machines are not compared.
    """
    meaning = _MEANING.get(status) or ("its server has a fault; nothing to do here" if status >= 500 else "")
    rest = min(max(_seconds(retry_after.strip(), date), 0.0), LONGEST_REST)
    return FetchRefused(f"{url} answered {status}" + (f": {meaning}" if meaning else ""), rest=rest)


def _seconds(retry_after: str, date: str) -> float:
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after[:12])
    try:
        until, now = (_in_utc(parsedate_to_datetime(each)) for each in (retry_after, date))
    except ValueError:
        return 0.0  # absent, or nothing that can be read
    return (until - now).total_seconds()


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
