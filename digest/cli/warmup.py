"""`digest warmup`: how a new sender's first weeks go."""

from __future__ import annotations

from datetime import UTC, date
from typing import TYPE_CHECKING, Any

import typer

from digest.cli.options import Json, the_installation
from digest.cli.screen import on_one_line, print_json, say

if TYPE_CHECKING:
    from digest.pipeline.delivering.warm_up import Share


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(warmup)


def warmup(as_json: Json = False) -> None:
    """Show how many mails each provider gets while a sender is new.

    DIGEST_WARM_UP_FROM is the first day; every sending keeps to it, whichever process does it. What is over a day's
    share waits for the next day, or comes with the reader's next digest. Without the setting: what the plan would be
    from today.
    """
    from digest.pipeline.delivering.warm_up import warm_up_shares
    from digest.settings import read_settings

    house = the_installation()
    start = read_settings().warm_up_from
    first = start or house.clock.now().astimezone(UTC).date()
    shares = warm_up_shares(house, first)
    if as_json:
        print_json(
            {"from": first.isoformat(), "is_set": start is not None, "providers": [_as_json(each) for each in shares]}
        )
        return
    _tell(first, is_set=start is not None, shares=shares)


def _tell(first: date, *, is_set: bool, shares: list[Share]) -> None:
    say(f"Warm-up from {first}." if is_set else f"No warm-up is set. With DIGEST_WARM_UP_FROM={first}:")
    if not shares:
        say("There are no readers yet.")
    for each in shares[:40]:
        most = "any number" if each.most is None else f"at most {each.most:,}"
        line = f"{each.group}: {each.readers:,} readers; today {most}, {each.tried:,} tried; all from {each.whole_from}"
        say(on_one_line(line))
    if len(shares) > 40:
        say(f"… and {len(shares) - 40:,} smaller domains (--json has all)")


def _as_json(share: Share) -> dict[str, Any]:
    return {
        "provider": share.group,
        "readers": share.readers,
        "tried_today": share.tried,
        "most_today": share.most,
        "all_from": share.whole_from.isoformat(),
    }
