"""`digest init`, `digest serve`, `digest worker` and `digest demo`."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.options import Json, the_installation, whole_number
from digest.cli.screen import complain, counted, print_json, say
from digest.errors import BadInput

if TYPE_CHECKING:
    import uvicorn

_PATIENCE = 30.0  # seconds that a message under way may take when the process is told to end
_PROOFS_EVERY = 5.0  # seconds

_WELCOME = "Serving http://{}:{}, and sending every mail when it is due; Ctrl-C to stop."

_FIRST = "No account yet. The first admin is made at {}/staff with this word: {}"


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(init)
    app.command()(serve)
    app.command()(worker)
    app.command()(recover)
    app.command()(demo)


def init() -> None:
    """Make the database, or bring it to this release's schema.

    Run it once after installing and after each upgrade.
    """
    from digest.settings import SENDING, read_settings
    from digest.store.engine import open_engine
    from digest.store.migrate import migrate

    settings = read_settings(needs=SENDING)
    revision = migrate(open_engine(settings.database_url))
    typer.echo(f"The database is ready (revision {revision}). Next: digest newsletters apply FILE.toml")


def serve(
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(parser=whole_number(0, 65535), metavar="N", help="The port to listen on; 0: any.")
    ] = 8000,
    every: Annotated[
        float, typer.Option(min=0.5, metavar="SECONDS", help="Seconds between two looks at what is due.")
    ] = 5.0,
    sender: Annotated[
        bool, typer.Option("--sender/--no-sender", help="Send too, or leave that to `digest worker` (PostgreSQL).")
    ] = True,
) -> None:
    """Run everything: pages, scheduler and sender.

    One process, which ends at Ctrl-C or SIGTERM: it begins no more mails and waits for the server's answers to
    those under way, for half a minute at most. The rest goes out after the next start. On PostgreSQL any number
    of them may run, and of `digest worker` beside them. What comes back is heard every minute
    (DIGEST_BOUNCE_MAILBOX).
    """
    from digest import log
    from digest.app import open_installation, sending
    from digest.cli.jobs import jobs_of
    from digest.pipeline.staff.accounts import first_word
    from digest.scheduling.ticker import ticking
    from digest.settings import SENDING, read_settings

    try:
        import uvicorn
    except ImportError:
        raise BadInput("digest serve needs the extra `web`: pip install 'digest-sender[web]'") from None

    log.configure()
    settings = read_settings(needs=SENDING)
    house = open_installation(settings)
    if not sender and house.engine.dialect.name == "sqlite":
        raise BadInput("on SQLite nobody else sends: leave out --no-sender, or use PostgreSQL and `digest worker`")
    how = sending(settings)
    # Named, not imported: the pages are another face, and an optional one. No access log: paths hold tokens.
    pages = uvicorn.Config(
        "digest.web.site:create",
        factory=True,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(pages)
    jobs = jobs_of(house, settings, how if sender else None, every=every, stop=lambda: server.should_exit)
    # A second `digest serve` by mistake must not get as far as sending.
    with _listening(host, port) as listener, _ending_calmly(server):
        with ticking(jobs, patience=_PATIENCE) as under_way:
            log.get_logger().info("serving", address="{}:{}".format(*listener.getsockname()[:2]))
            if sys.stderr.isatty():
                complain(_WELCOME.format(*listener.getsockname()[:2]), prefix="")
                if word := first_word(house):
                    complain(_FIRST.format(house.base_url, word), prefix="")
            server.run(sockets=[listener])
            server.should_exit = True  # for the sender, also when the pages ended by themselves
        log.get_logger().info("ended", unfinished=under_way.unfinished)
    if under_way.unfinished:
        # The journal knows what was on the wire, and the next start goes on from there; threads would hold us up.
        sys.stdout.flush()
        os._exit(0)


def worker() -> None:
    """Send what is due, beside any number of others (PostgreSQL).

    It ends at Ctrl-C or SIGTERM as `digest serve` does, and leaves the rest to the others.
    """
    from digest import log
    from digest.app import open_installation, sending
    from digest.garbage import search_less
    from digest.pipeline.delivering.sweep import EVERY, sweep
    from digest.pipeline.previewing.proofs import send_waiting_proofs
    from digest.pipeline.staff.watch import EVERY as WATCH_EVERY
    from digest.pipeline.staff.watch import watch
    from digest.scheduling.ticker import Job, ticking
    from digest.settings import SENDING, read_settings

    log.configure()
    settings = read_settings(needs=SENDING)
    house = open_installation(settings)
    if house.engine.dialect.name == "sqlite":
        raise BadInput("on SQLite `digest serve` sends; for workers let DIGEST_DATABASE_URL name a PostgreSQL database")
    from digest.worker.run import run_jobs

    how = sending(settings)
    jobs = [
        Job("sweep", EVERY, lambda: sweep(house)),
        Job("proofs", _PROOFS_EVERY, lambda: send_waiting_proofs(house, how)),
        Job("watch", WATCH_EVERY, lambda: watch(house, how, settings.alerts_to.split())),
    ]
    search_less()
    with ticking(jobs, patience=_PATIENCE):
        log.get_logger().info("working")
        run_jobs(house, how)
    log.get_logger().info("ended")


def recover(
    after_restore: Annotated[
        bool,
        typer.Option("--after-restore", help="A backup was put back: hold all that may have gone out since."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Settle what a sender that died left behind.

    Each sending does so by itself, but for this: after a backup was put back nobody knows what went out since. With
    --after-restore every mail that waits, and those of the slots that came since, is put in doubt and held, and its
    stories count as shown. Run it before anything else is started.
    """
    from digest.pipeline.delivering.restore import recover_now

    done = recover_now(the_installation(), after_restore=after_restore)
    if as_json:
        print_json({"settled": done.settled, "held": done.held})
        return
    say(f"{counted(done.settled, 'delivery', 'deliveries')} of senders that died settled.")
    if after_restore:
        say(f"{counted(done.held, 'delivery', 'deliveries')} held, with the reason `restored`.")
        say("Those that did not go out: digest deliveries --edition EDITION --state in_doubt --retry")


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        # Python adds the address to the system's words, which we have already named.
        why = (error.strerror or str(error)).partition(" (")[0]
        raise BadInput(f"cannot listen on {host}:{port} ({why}); choose another with --host and --port") from None


@contextmanager
def _ending_calmly(server: uvicorn.Server) -> Iterator[None]:
    """Let SIGINT and SIGTERM end *server* without ending the process; a second one does that.

    The server takes signals itself while it runs, and then raises them again for whoever started it.
    """
    seen: list[int] = []

    def note(number: int, _frame: object) -> None:
        seen.append(number)
        server.should_exit = True
        if len(seen) > 1:
            os._exit(128 + number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def demo(
    once: Annotated[bool, typer.Option("--once", help="Write the mails to a folder and end.")] = False,
    folder: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where to write the mails as caught (default: a temporary folder)."),
    ] = None,
    port: Annotated[
        int,
        typer.Option(parser=whole_number(0, 65535), metavar="N", help="The port of the pages; 0 takes a free one."),
    ] = 0,
) -> None:
    """Show it all with sample articles and readers.

    Today's edition is sent over SMTP to a built-in mail catcher; nothing leaves this machine.
    """
    from digest.cli.demo.run import run_demo

    run_demo(once=once, folder=folder, port=port)
