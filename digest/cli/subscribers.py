"""`digest subscribers`: import, export, show, erase."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.options import ExitError, Json, the_database, the_installation
from digest.cli.screen import complain, counted, print_json, progress_bar, say

if TYPE_CHECKING:
    from sqlalchemy import Engine

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

_SHOWN = 20


@app.command(name="import")
def import_subscribers(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, metavar="FILE", help="A CSV file; see subscribers/README.md.")
    ],
    newsletter: Annotated[str, typer.Option(metavar="SLUG", help="The newsletter they subscribe to.")],
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write every problem to FILE (line, column, reason).")
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Let the file win over what readers chose on their preferences page."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Import subscribers from a CSV file; safe to repeat.

    Bad rows are told with line, column and reason, and the rest goes on. Topics, hour, zone and language that
    readers chose for themselves stay as they are, unless --overwrite is given.
    """
    from contextlib import ExitStack

    from digest.pipeline.subscribers.import_subscribers import ProblemReport, import_file

    house = the_installation()
    with ExitStack() as closing:
        writer = closing.enter_context(ProblemReport(report)) if report is not None else None
        advance = closing.enter_context(progress_bar(f"Importing {file.name}"))
        before = {"reading": 0, "writing": 0}

        def show(stage: str, done: int, total: int) -> None:
            if stage == "writing":
                advance(done - before[stage], total)
                before[stage] = done

        done = import_file(
            house.engine,
            file,
            newsletter=newsletter,
            now=house.clock.now(),
            secret=house.secret,
            previous_secret=house.previous_secret,
            overwrite=overwrite,
            progress=show,
            on_problem=writer,
        )
    counts = {
        name: getattr(done, name)
        for name in ("added", "updated", "unchanged", "repeated", "refused", "suppressed", "ended", "corrected")
    }
    if as_json:
        problems = [each._asdict() for each in done.problems]
        print_json({**counts, "kept": done.kept, "problems": problems, "notices": list(done.notices)})
    else:
        for notice in done.notices:
            complain(notice, prefix="note: ")
        for problem in done.problems[:_SHOWN]:
            where = f"{file.name}: line {problem.line}, {problem.column or 'row'}"
            complain(f"{where}: {problem.reason}", prefix="")
        if len(done.problems) > _SHOWN:
            where = f"all of them are in {report}" if report else "write all of them to a file with --report FILE"
            typer.echo(f"… and more; {where}", err=True)
        typer.echo(", ".join(f"{count} {name}" for name, count in counts.items() if count) or "The file has no rows.")
        if done.kept:
            typer.echo(f"kept: {counted(done.kept, 'reader')} chose for themselves (--overwrite takes the file's)")
    if done.refused:
        raise ExitError(1)


@app.command()
def export(
    newsletter: Annotated[str, typer.Option(metavar="SLUG", help="Whose subscribers.")],
    as_json: Json = False,
) -> None:
    """Print the subscribers of a newsletter as CSV.

    With --json one object a line.
    """
    from digest.pipeline.subscribers.export_subscribers import export_subscribers

    export_subscribers(the_database(), sys.stdout, newsletter=newsletter, as_json=as_json)


@app.command()
def show(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The address.")],
    evidence: Annotated[
        bool, typer.Option("--evidence", help="What proves consent, withdrawal, and the disclaimers that were shown.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show everything that is stored about one subscriber.

    Subscriptions, consent and the last mails; --json has every mail and each try of it.
    """
    from digest.errors import NotFound

    if evidence:
        _show_evidence(email, as_json)
        return
    from digest.pipeline.subscribers.show_subscriber import subscriber_as_json

    engine = the_database()
    try:
        found = subscriber_as_json(engine, email)
    except NotFound:
        _tell_corrected(engine, email)
        raise
    if as_json:
        print_json(found)
        return
    from digest.cli.cards import subscriber_card

    say(subscriber_card(found))


@app.command()
def correct(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The address as it is stored.")],
    to: Annotated[str, typer.Argument(metavar="NEW", help="The address as it should be.")],
) -> None:
    """Correct a subscriber's address.

    `digest deliveries --retry` then sends what was refused.
    """
    from digest.pipeline.subscribers.correct_address import correct_address

    house = the_installation()
    address = correct_address(
        house.engine,
        email,
        to,
        secret=house.secret,
        previous_secret=house.previous_secret,
        now=house.clock.now(),
    )
    say(f"Corrected to {address}. To send what was refused: digest deliveries --retry --address {email}")


@app.command()
def erase(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The address.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase a subscriber for good.

    Only a keyed hash of the address stays, so that no import brings it back.
    """
    from digest.pipeline.subscribers.erase_subscriber import erase_subscriber

    house = the_installation()
    if not yes and not typer.confirm(f"Erase {email} for good?", err=True):
        if not sys.stdin.isatty():
            typer.echo(err=True)  # no key ended the line of the question
        complain("nothing was erased")
        raise ExitError(1)
    done = erase_subscriber(
        house.engine,
        email,
        secret=house.secret,
        previous_secret=house.previous_secret,
        now=house.clock.now(),
    )
    kept = counted(done.deliveries, "delivery", "deliveries")
    typer.echo(f"Erased. Kept in the log without address and name: {kept}.")
    if not done.cleared:
        typer.echo("Another process was using the database: run this once more to clear its free pages.", err=True)


def _show_evidence(email: str, as_json: bool) -> None:
    from digest.pipeline.subscribers.evidence import evidence_of

    found = evidence_of(the_installation(), email)
    if as_json:
        print_json(found)
        return
    from digest.cli.evidence_card import evidence_card

    say(evidence_card(found))


def _tell_corrected(engine: Engine, email: str) -> None:
    """Raise NotFound that says how to find who had *email* before it was corrected; return when nobody had it."""
    from digest.errors import NotFound
    from digest.pipeline.addresses import address_hash, read_address
    from digest.settings import read_settings
    from digest.store.engine import reading
    from digest.store.former_addresses import former_owners

    settings = read_settings()
    secrets = [each.get_secret_value() for each in (settings.secret_key, settings.secret_key_previous) if each]
    hashes = [address_hash(secret, read_address(email).key) for secret in secrets]
    with reading(engine) as connection:
        if former_owners(connection, hashes):
            raise NotFound(
                f"nobody has {email} any more: it was corrected; its mails: digest deliveries --address {email}"
            )
