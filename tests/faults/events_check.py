"""Holds what came against what was handed in.

python tests/faults/events_check.py EVENTS.jsonl MAILS.txt reads these two files and nothing else, and nothing of the program. A line of the second is a mail that the server
took: recipient, Message-ID, hash of its bytes, and the keys of the events in it. 1 when something is wrong.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Findings:
    """What the two files say: counts, and keys of what must not be."""

    events: int = 0
    mails: int = 0
    repeated: int = 0  #: mails that came once more, with the same Message-ID and bytes
    fates: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def check(given: Path, record: Path) -> Findings:
    """Hold what came against what was handed in: each event in one mail to its reader, or in none and why."""
    found = Findings()
    came: dict[str, tuple[str, str]] = {}
    mails: dict[tuple[str, str], str] = {}
    with record.open(encoding="ascii") as lines:
        for line in lines:
            recipient, message_id, digest, *keys = line.split()
            if (recipient, message_id) in mails:
                found.repeated += 1
                if mails[recipient, message_id] != digest:
                    found.wrong.append(f"{message_id}: other bytes")
                continue
            mails[recipient, message_id] = digest
            for key in keys:
                if key in came:
                    found.wrong.append(f"{key}: in two mails")
                came[key] = recipient, message_id
    found.mails = len(mails)
    _compare(given, came, found)
    return found


def _compare(given: Path, came: dict[str, tuple[str, str]], found: Findings) -> None:
    with given.open(encoding="ascii") as lines:
        every = [json.loads(line) for line in lines]
    cancelled = {each["cancel"] for each in every if "cancel" in each}
    for each in every:
        if "cancel" in each:
            continue
        found.events += 1
        key, to = each["dedupe_key"], each["recipient"]
        if to.startswith("left"):
            fate = "suppressed: unsubscribed"
        elif "actor" in each:
            fate = "suppressed: own"
        elif "expires_at" in each:
            fate = "expired"
        else:
            fate = "cancelled" if key in cancelled else "sent"
        arrived = came.pop(key, None)
        # What was cancelled may have left before the line that cancels it was read.
        if fate == "cancelled" and arrived is not None:
            fate = "sent"
        if (fate == "sent") != (arrived is not None) or (arrived is not None and arrived[0] != to):
            found.wrong.append(f"{key}: {fate}, and came to {arrived[0] if arrived else 'nobody'}")
        found.fates[fate] += 1
    found.wrong += [f"{key}: nobody sent it" for key in came]


if __name__ == "__main__":
    told = check(*map(Path, sys.argv[1:3]))
    print(json.dumps(vars(told), indent=2))
    sys.exit(bool(told.wrong))
