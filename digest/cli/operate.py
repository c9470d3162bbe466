"""`digest init`, `digest serve` and `digest demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(init)
    app.command()(serve)
    app.command()(demo)


def init() -> None:
    """Bring the database to this release's schema; run it once after installing and after each upgrade."""
    from digest.settings import SENDING, read_settings
    from digest.store.engine import open_engine
    from digest.store.migrate import migrate

    settings = read_settings(needs=SENDING)
    revision = migrate(open_engine(settings.database_url))
    typer.echo(f"The database is ready (revision {revision}). Next: digest newsletters apply FILE.toml")


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on.")] = 8000,
    every: Annotated[float, typer.Option(min=0.5, help="Seconds between two looks at what is due.")] = 5.0,
) -> None:
    """Run everything in one process: the pages that mails link to, the scheduler and the sender."""
    from digest import log
    from digest.app import open_installation, sending
    from digest.errors import BadInput
    from digest.pipeline.tick import plan_and_send, visit_sources
    from digest.scheduling.ticker import Job, ticking
    from digest.settings import SENDING, read_settings

    try:
        import uvicorn
    except ImportError:
        raise BadInput("digest serve needs the extra `web`: pip install 'digest-sender[web]'") from None

    log.configure()
    settings = read_settings(needs=SENDING)
    house = open_installation(settings)
    how = sending(settings)
    jobs = [
        Job("sources", every, lambda: visit_sources(house, allow_private=settings.fetch_private_addresses)),
        Job("plan_and_send", every, lambda: plan_and_send(house, how)),
    ]
    # Named, not imported: the pages are another face, and an optional one.
    server = uvicorn.Server(uvicorn.Config("digest.web.site:create", factory=True, host=host, port=port))
    with ticking(jobs):
        server.run()


def demo(
    once: Annotated[bool, typer.Option("--once", help="Write the mails to a folder and end.")] = False,
    folder: Annotated[
        Path | None, typer.Option(help="Where to write the mails as caught (default: a temporary folder).")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port of the pages; 0 takes a free one.")] = 0,
) -> None:
    """Show it all: sample articles and readers, today's edition sent to a built-in mail catcher."""
    from digest.cli.demo.run import run_demo

    run_demo(once=once, folder=folder, port=port)
