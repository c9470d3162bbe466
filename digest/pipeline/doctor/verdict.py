"""What a check says: one line each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from threading import Thread
from time import monotonic

from digest.errors import DigestError


class Verdict(StrEnum):
    """How it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at: what, how it is, what was seen, what to do about it ("" when nothing)."""

    check: str
    verdict: Verdict
    says: str
    remedy: str = ""

    def as_json(self) -> dict[str, str]:
        """Return its four values."""
        return {name: str(value) for name, value in asdict(self).items()}


def ok(check: str, says: str) -> Line:
    """Return a line on what is right."""
    return Line(check, Verdict.OK, says)


def warn(check: str, says: str, remedy: str) -> Line:
    """Return a line on what is worth a look, or could not be looked at."""
    return Line(check, Verdict.WARN, says, remedy)


def fail(check: str, says: str, remedy: str) -> Line:
    """Return a line on what must be mended."""
    return Line(check, Verdict.FAIL, says, remedy)


Check = Callable[[], Iterable[Line]]


def guarded(name: str, check: Check) -> list[Line]:
    """Return the lines of *check*; when it cannot be done, what it had to say by then and a line that says so."""
    lines: list[Line] = []
    try:
        lines.extend(check())
    except DigestError as error:
        lines.append(warn(name, f"cannot be looked at: {error}", "mend that, and run this again"))
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one thing, the others are looked at
        what = f"cannot be looked at: {type(error).__name__}: {error}"
        lines.append(warn(name, what, "look at the others first; if it stays, please report it"))
    return lines


def together(checks: Iterable[tuple[str, Check]], seconds: float) -> Iterator[Line]:
    """Give the lines of checks that wait for others, all begun at once, in order.

    What has not ended *seconds* after it was begun is left behind, with a line that says so.
    """
    under_way: list[tuple[str, Thread, list[Line]]] = []
    for name, check in checks:
        found: list[Line] = []
        thread = Thread(target=_into, args=(found, name, check), name=f"doctor {name}", daemon=True)
        thread.start()
        under_way.append((name, thread, found))
    until = monotonic() + seconds
    for name, thread, found in under_way:
        thread.join(max(0.0, until - monotonic()))
        if thread.is_alive():
            yield warn(name, f"no answer within {seconds:g} s", "see whether this machine reaches the network")
        else:
            yield from found


def _into(found: list[Line], name: str, check: Check) -> None:
    found.extend(guarded(name, check))
