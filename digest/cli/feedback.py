"""`digest feedback`: what came back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.options import ExitError, Json, the_installation, whole_number
from digest.cli.screen import as_json as json_text
from digest.cli.screen import complain, counted, print_json, print_table, say
from digest.model.feedback import Effect

if TYPE_CHECKING:
    from digest.feedback.mailbox import Found
    from digest.model.feedback import Report

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Places = Annotated[
    list[str], typer.Argument(metavar="PATH...", help="Mails, folders of mails, mbox files or Maildirs.")
]

_EFFECTS = {
    Effect.SUPPRESSED: "suppressed",
    Effect.LEFT: "left",
    Effect.COUNTED: "counted, not enough alone",
    Effect.NOTHING: "of no effect",
}


@app.callback()
def _root() -> None:
    pass


@app.command()
def read(places: Places, as_json: Json = False) -> None:
    """Show what bounces and complaints say; nothing is stored.

    With --json one object a line, one for each recipient.
    """
    problems: list[str] = []
    if as_json:
        for found, report in _reports(places, problems):
            typer.echo(json_text(_facts(found, report)))
    else:
        print_table(
            ["mail", "kind", "class", "status", "reply", "recipient", "cause"],
            (
                [
                    str(found.path) if found.number == 1 else f"{found.path} ({found.number})",
                    each.kind,
                    each.report_class,
                    each.status,
                    each.reply_code,
                    each.recipient,
                    each.cause,
                ]
                for found, each in _reports(places, problems)
            ),
            empty="No mail was found. Give mails, folders of mails, mbox files or Maildirs.",
        )
    for problem in problems:
        complain(problem)
    if problems:
        raise ExitError(1)


@app.command()
def hear(places: Places, as_json: Json = False) -> None:
    """Take down what bounces, complaints and mails to leave say.

    Dead addresses and readers who complain are mailed no more, and who asks to leave has left. A mail that is heard
    again changes nothing, nor does one that cannot be proved to be about a mail of ours. `digest serve` does this by
    itself with DIGEST_BOUNCE_MAILBOX.
    """
    from digest.feedback.mailbox import find_mails
    from digest.pipeline.hearing.hear import hear as hear_mails

    problems: list[str] = []
    house = the_installation()
    heard = hear_mails(house, (found.data for place in places for found in find_mails(place, problems)))
    if as_json:
        effects = {each.value: heard.effects[each] for each in Effect}
        print_json({"mails": heard.mails, "known": heard.known, **effects, "paused": list(heard.paused)})
    else:
        told = [f"{heard.effects[each]} {words}" for each, words in _EFFECTS.items() if heard.effects[each]]
        told += [f"{heard.known} heard before"] if heard.known else []
        typer.echo(f"{counted(heard.mails, 'mail')}: {', '.join(told) or 'nothing to change'}.")
    for each in (*problems, *heard.paused):
        complain(each)
    if problems:
        raise ExitError(1)


@app.command()
def listen(
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(parser=whole_number(0, 65535), metavar="N", help="The port to listen on; 0: any.")
    ] = 2526,
    lmtp: Annotated[bool, typer.Option("--lmtp", help="Speak LMTP (RFC 2033) instead of SMTP.")] = False,
) -> None:
    """Take what comes back from a mail server, until Ctrl-C.

    Bounces, complaints and mails to leave, over SMTP or LMTP. It takes mail to the return path and to the
    newsletters' addresses only, and hears it as `digest feedback hear` does before it says yes. Let your mail server
    hand these addresses on; docs/feedback.md shows how.
    """
    import asyncio
    import signal

    from digest.feedback.listener import Listening
    from digest.pipeline.hearing.hear_listener import hear_listening

    house = the_installation()
    where = Listening(host, port, lmtp)

    async def run() -> None:
        stop = asyncio.Event()
        for each in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(each, stop.set)
        await hear_listening(house, where, stop, on_ready=ready)

    def ready(at: int) -> None:
        say(f"Listening for {'LMTP' if lmtp else 'SMTP'} at {host}:{at}; Ctrl-C to stop.")

    asyncio.run(run())


def _reports(places: list[str], problems: list[str]) -> Iterator[tuple[Found, Report]]:
    from digest.feedback.mailbox import find_mails
    from digest.feedback.read import read_report

    for place in places:
        for found in find_mails(place, problems):
            for report in read_report(found.data):
                yield found, report


def _facts(found: Found, report: Report) -> dict[str, Any]:
    return {
        "path": str(found.path),
        "number": found.number,
        "kind": report.kind,
        "class": report.report_class,
        "status": report.status,
        "reply_code": report.reply_code,
        "recipient": report.recipient,
        "cause": report.cause,
        "sender_fault": report.is_sender_fault,
        "feedback_type": report.feedback_type,
    }
