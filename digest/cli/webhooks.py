"""`digest webhooks`: other programs that are told what happens."""

from __future__ import annotations

from typing import Annotated

import typer

from digest.cli.options import Json, one_of, the_database, the_installation, whole_number
from digest.cli.screen import complain, print_json, print_table
from digest.model.webhook import Event

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

_EVENTS = ", ".join(Event)
Id = Annotated[int, typer.Argument(parser=whole_number(1), metavar="ID", help="As `digest webhooks list` prints it.")]


@app.command()
def add(
    url: Annotated[str, typer.Argument(metavar="URL", help="An https address that takes POST.")],
    event: Annotated[
        list[Event] | None,
        typer.Option(
            parser=one_of(Event), metavar="EVENT", help=f"Of what; several times (default: all). {', '.join(Event)}."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell an address what happens from now on.

    Prints the secret that it knows us by. `digest serve` sends the messages, signed as Standard Webhooks has it;
    docs/api.md has their shape.
    """
    from digest.pipeline.staff.webhooks import add_webhook
    from digest.settings import read_settings

    private = read_settings().webhook_private_addresses
    number, secret = add_webhook(the_installation(), url, event or (), allow_private=private)
    if as_json:
        print_json({"id": number, "secret": secret})
        return
    typer.echo(secret)
    typer.echo(f"This is webhook {number}. Try it with: digest webhooks test {number}", err=True)


@app.command(name="list")
def list_command(as_json: Json = False) -> None:
    """List the webhooks, and whether each is well."""
    from digest.store.engine import reading
    from digest.store.webhooks import count_waiting, list_webhooks

    with reading(the_database()) as connection:
        found, waiting = list_webhooks(connection), count_waiting(connection)
    if as_json:
        print_json(
            [
                {
                    "id": each.webhook_id,
                    "url": each.url,
                    "events": sorted(each.events),
                    "waiting": waiting.get(each.webhook_id, 0),
                    "failing_since": each.failing_since.isoformat() if each.failing_since else None,
                    "last_error": each.last_error,
                    "disabled_because": each.disabled_because,
                }
                for each in found
            ]
        )
        return
    print_table(
        ["id", "url", "events", "waiting", "state"],
        [
            [
                str(each.webhook_id),
                each.url,
                "all" if each.events == frozenset(Event) else " ".join(sorted(each.events)),
                str(waiting.get(each.webhook_id, 0)),
                "disabled" if each.disabled_because else "failing" if each.failing_since else "well",
            ]
            for each in found
        ],
        empty="No webhooks yet. Add one with: digest webhooks add https://example.org/hook",
    )
    for each in found:
        if why := each.disabled_because or each.last_error:
            complain(
                f"webhook {each.webhook_id}: {why}. When it is mended: digest webhooks test {each.webhook_id}",
                prefix="note: ",
            )


@app.command()
def test(webhook_id: Id) -> None:
    """Send a message of the type `test`.

    A webhook that was disabled is told again once it takes one.
    """
    from digest.pipeline.staff.webhooks import poster, try_webhook
    from digest.settings import read_settings

    send = poster(allow_private=read_settings().webhook_private_addresses)
    status = try_webhook(the_installation(), webhook_id, send)
    typer.echo(f"It answered {status}.")


@app.command()
def remove(webhook_id: Id) -> None:
    """Tell an address nothing more."""
    from digest.store.webhooks import remove_webhook

    with the_database().begin() as connection:
        remove_webhook(connection, webhook_id)
    typer.echo(f"Webhook {webhook_id} is gone.")
