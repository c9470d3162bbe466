"""The command `digest`: its tree of commands, and how errors leave the program.

Exit status: 0 done, 1 failed, 2 wrong usage. Heavy modules are imported inside commands: `--help` stays fast.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from copy import copy
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command_name

from digest import __version__
from digest.cli import (
    alerts,
    approvals,
    articles,
    attempts,
    deliveries,
    doctor,
    editions,
    events,
    feedback,
    lint,
    newsletters,
    notes,
    operate,
    send,
    simulate,
    subscribers,
    templates,
    thoughts,
    tokens,
    topics,
    users,
    warmup,
    webhooks,
)
from digest.cli.options import ExitError
from digest.cli.screen import complain, write_anything, write_no_more
from digest.errors import BadEnvFile, DigestError, SettingsError


class _Commands(TyperGroup):
    """The commands; a reader of our output (head, less) who has enough is no failure, as it is for Typer."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that the arguments name."""
        try:
            done = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            write_no_more()
            raise ExitError(0) from None
        except KeyboardInterrupt:  # Typer would end without a word
            complain("interrupted; what was done is on record, and running it again goes on from there")
            raise ExitError(130) from None
        return done


# Plain help: the boxes of rich would cost half a second of imports each time.
app = typer.Typer(
    name="digest",
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Newsletter and notification digests: the right articles for each reader, once, at the reader's hour.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"digest {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[  # its callback does it
        bool, typer.Option("--version", help="Print the version and end.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    pass


operate.add_to(app)
app.add_typer(articles.app, name="articles", help="Add, read, list, show, pin and withdraw articles.")
app.add_typer(newsletters.app, name="newsletters", help="Apply and list newsletters, streams, topics and sources.")
app.add_typer(subscribers.app, name="subscribers", help="Import, export, show, correct and erase subscribers.")
app.add_typer(events.app, name="events", help="Add, cancel, list and follow events for notification streams.")
app.add_typer(thoughts.app, name="thoughts", help="List, publish and decline what readers think of articles.")
app.add_typer(templates.app, name="templates", help="Versions of mail templates: list, export, import, publish.")
app.add_typer(topics.app, name="topics", help="Rank articles for topics.")
app.add_typer(tokens.app, name="tokens", help="Keys of programs that use the API.")
app.add_typer(users.app, name="users", help="Accounts for the pages under /staff.")
app.add_typer(webhooks.app, name="webhooks", help="Other programs that are told what happens.")
send.add_to(app)
simulate.add_to(app)
editions.add_to(app)
app.add_typer(approvals.app, name="editions", help="List, show and approve editions.")
notes.add_to(app)
deliveries.add_to(app)
attempts.add_to(app)
app.add_typer(alerts.app, name="alerts", help="What is wrong: list it, put aside what you have seen.")
app.add_typer(feedback.app, name="feedback", help="Read and hear bounces, complaints and mails to leave.")
lint.add_to(app)
doctor.add_to(app)
warmup.add_to(app)


def app_for(words: Sequence[str]) -> typer.Typer:
    """Return the program with no command but the one that *words* begin with; with all when they begin with none.

    Typer reads the parameters of every command it has before it runs one, which takes a tenth of a second.
    """
    narrow = copy(app)
    narrow.registered_groups = [each for each in app.registered_groups if each.name in words[:1]]
    narrow.registered_commands = [
        each
        for each in app.registered_commands
        if (each.name or (each.callback and get_command_name(each.callback.__name__))) in words[:1]
    ]
    return narrow if narrow.registered_groups or narrow.registered_commands else app


def run() -> None:
    """Run the command line; an error we check for is told in one line on stderr."""
    write_anything()
    try:
        app_for(sys.argv[1:])()
    except SettingsError as error:
        for problem in error.problems:
            complain(problem)
        sys.exit(2 if isinstance(error, BadEnvFile) else 1)
    except ExitError as ended:
        sys.exit(ended.status)
    except DigestError as error:
        for line in str(error).splitlines():  # a file with several mistakes has a line for each
            complain(line)
        sys.exit(1)
    except OSError as error:
        # A path that somebody gave us, or a disk that is full; our own doors translate theirs.
        complain(": ".join(str(part) for part in (error.filename, error.strerror or error) if part))
        sys.exit(1)
