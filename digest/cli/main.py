"""The command `digest`: its tree of commands, and how errors leave the program.

Exit status: 0 done, 1 failed, 2 wrong usage. Heavy modules are imported inside commands: `--help` stays fast.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from digest import __version__
from digest.cli import articles, deliveries, newsletters, operate, send, subscribers
from digest.cli.options import ExitError
from digest.errors import DigestError, SettingsError

app = typer.Typer(
    name="digest",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Newsletter and notification digests: the right articles for each reader, once, at the reader's hour.",
)


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.", is_eager=True)] = False,
) -> None:
    if version:
        typer.echo(f"digest {__version__}")
        raise typer.Exit


operate.add_to(app)
app.add_typer(articles.app, name="articles", help="Add, read, list and show articles.")
app.add_typer(newsletters.app, name="newsletters", help="Apply and list newsletters, topics and sources.")
app.add_typer(subscribers.app, name="subscribers", help="Import, export, show and erase subscribers.")
send.add_to(app)
deliveries.add_to(app)


def run() -> None:
    """Run the command line; an error we check for is told in one line on stderr."""
    try:
        app()
    except SettingsError as error:
        for problem in error.problems:
            typer.echo(f"digest: {problem}", err=True)
        sys.exit(1)
    except ExitError as ended:
        sys.exit(ended.status)
    except DigestError as error:
        typer.echo(f"digest: {error}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        # The reader of our output (head, less) has enough; that is no failure of ours.
        sys.stderr.close()
        sys.exit(0)
