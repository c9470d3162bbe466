"""`digest articles pin`, `exclude`, `embargo` and `expire`: what editors decide about one article."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.options import Json, moment, the_database, whole_number
from digest.cli.screen import counted, print_json, say

if TYPE_CHECKING:
    from digest.model.ruling import Ruling

Id = Annotated[
    int,
    typer.Argument(parser=whole_number(1), metavar="ID", help="An id, as `digest articles list` prints it."),
]
Letter = Annotated[str, typer.Option("--newsletter", metavar="SLUG", help="Only in this newsletter (default: all).")]
Until = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Until then; without it, until --clear.")]
Clear = Annotated[bool, typer.Option("--clear", help="Take it back.")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who decides (default: you, as the system knows you).")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(pin)
    app.command()(exclude)
    app.command()(embargo)
    app.command()(expire)


def pin(
    article_id: Id,
    newsletter: Letter = "",
    until: Until = None,
    clear: Clear = False,
    by: By = "",
    as_json: Json = False,
) -> None:
    """Let an article lead every digest, whatever its reader follows.

    Once for each reader, and not for who muted its topic or does not read its language. Mails that were planned
    before stay as they are.
    """
    _rule("pin", article_id, newsletter, until, clear=clear, by=by, as_json=as_json)


def exclude(
    article_id: Id,
    newsletter: Letter = "",
    until: Until = None,
    clear: Clear = False,
    by: By = "",
    as_json: Json = False,
) -> None:
    """Keep an article out of every digest.

    Mails that wait with it are planned anew.
    """
    _rule("exclude", article_id, newsletter, until, clear=clear, by=by, as_json=as_json)


def embargo(
    article_id: Id,
    newsletter: Letter = "",
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="Until then; needed.")] = None,
    clear: Clear = False,
    by: By = "",
    as_json: Json = False,
) -> None:
    """Keep an article back until a time.

    Mails that wait with it are planned anew.
    """
    if until is None and not clear:
        raise typer.BadParameter("an embargo needs its end; write --until TIME, or use: digest articles exclude")
    _rule("embargo", article_id, newsletter, until, clear=clear, by=by, as_json=as_json)


def expire(
    article_id: Id,
    newsletter: Letter = "",
    at: Annotated[
        str | None, typer.Option("--at", "--until", metavar="TIME", help="From then on (default: now).")
    ] = None,
    clear: Clear = False,
    by: By = "",
    as_json: Json = False,
) -> None:
    """Let no digest have an article any more, from a time on.

    Mails that wait with it then are planned anew.
    """
    _rule("expire", article_id, newsletter, at, clear=clear, by=by, as_json=as_json)


def ruling_as_json(ruling: Ruling) -> dict[str, Any]:
    """Return a ruling as plain values; times in ISO 8601."""
    return {
        "ruling": ruling.kind,
        "newsletter": ruling.newsletter or None,
        "until": ruling.until.isoformat() if ruling.until else None,
        "by": ruling.by,
        "at": ruling.at.isoformat(),
    }


def ruling_line(ruling: Ruling) -> str:
    """Return a ruling as a person reads it."""
    where = f" in {ruling.newsletter}" if ruling.newsletter else ""
    word = "from" if ruling.kind == "expire" else "until"
    when = f" {word} {ruling.until:%Y-%m-%d %H:%M} UTC" if ruling.until else ""
    return f"{ruling.kind}{where}{when} (by {ruling.by}, {ruling.at:%Y-%m-%d %H:%M} UTC)"


def _rule(
    kind: str, article_id: int, newsletter: str, until: str | None, *, clear: bool, by: str, as_json: bool
) -> None:
    from datetime import UTC, datetime

    from digest.cli.options import the_user
    from digest.model.ruling import Ruling, RulingKind
    from digest.store.rulings import lift_ruling, rulings_of, save_ruling

    word, now, waiting = RulingKind(kind), datetime.now(UTC), 0
    end = moment(until) if until is not None else (now if word is RulingKind.EXPIRE else None)
    if clear and until is not None:
        raise typer.BadParameter("--clear takes a decision back whole; leave out the time")
    if end is not None and end <= now and word is not RulingKind.EXPIRE:
        raise typer.BadParameter(f"{until!r} is past; name a time that is still to come")
    with the_database().begin() as connection:
        if clear:
            if not lift_ruling(connection, article_id, newsletter, word, now=now, by=by or the_user()):
                raise typer.BadParameter(f"there is no such {kind} of article {article_id}; see: digest articles show")
        else:
            ruling = Ruling(article_id, word, newsletter, end, by or the_user(), now)
            waiting = save_ruling(connection, ruling)
        found = rulings_of(connection, article_id)
    if as_json:
        print_json({"id": article_id, "rulings": [ruling_as_json(each) for each in found], "replanned": waiting})
        return
    for each in found:
        say(f"Article {article_id}: {ruling_line(each)}")
    if not found:
        say(f"Article {article_id}: nothing is decided about it any more.")
    if waiting:
        say(f"{counted(waiting, 'waiting mail')} will be planned anew.")
