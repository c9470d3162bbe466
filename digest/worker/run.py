"""Running jobs (door): Procrastinate's worker, one job at a time, until the process is told to end."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from psycopg import OperationalError

from digest.log import get_logger
from digest.pipeline.delivering.dispatch import Sending, Stop
from digest.pipeline.installation import Installation
from digest.store.jobs import QUEUE, TASK
from digest.worker.send_job import send_some

_PATIENCE = 30.0  # seconds that a message under way may take when the process is told to end
_HEARTBEAT = 10.0  # seconds
_LOOK = 1.0  # seconds between two looks for a job whose time has come; of a new one the database tells
_AGAIN = 5.0  # seconds until the engine is started again after it could not reach the database


def run_jobs(house: Installation, sending: Sending) -> None:
    """Work on jobs until SIGINT or SIGTERM; the messages under way then get their answers, the rest stays due.

    A second signal ends the process at once. Call it on the main thread.
    """
    # It tells of each job; what failed is told by us, once.
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    asyncio.run(_run(house, sending))


async def _run(house: Installation, sending: Sending) -> None:
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _end, ending, number)
    told = asyncio.create_task(ending.wait())
    while not ending.is_set():
        working = asyncio.create_task(_work(house, sending, ending.is_set))
        await asyncio.wait({working, told}, return_when=asyncio.FIRST_COMPLETED)
        # The engine then waits for the job it has, whose sending has heard of the end as well.
        working.cancel()
        (problem,) = await asyncio.gather(working, return_exceptions=True)
        if ending.is_set():
            return
        if problem is not None and not isinstance(problem, (ConnectorException, OperationalError)):
            raise problem
        # The database was away, or others struck it off; a job that it had under way has come to its end by now.
        get_logger().warning("engine_ended", again_in=_AGAIN, problem=repr(problem) if problem else "")
        await asyncio.wait({told}, timeout=_AGAIN)


def _end(ending: asyncio.Event, number: int) -> None:
    if ending.is_set():
        os._exit(128 + number)
    ending.set()


async def _work(house: Installation, sending: Sending, ending: Stop) -> None:
    app = make_app(house, lambda edition_id: _send(house, sending, edition_id, ending))
    async with app.open_async():
        await app.run_worker_async(
            queues=[QUEUE],
            concurrency=1,
            delete_jobs="always",  # the delivery log is the record
            install_signal_handlers=False,
            shutdown_graceful_timeout=_PATIENCE,
            update_heartbeat_interval=_HEARTBEAT,
            fetch_job_polling_interval=_LOOK,
        )


def make_app(house: Installation, send: Callable[[int], object]) -> App:
    """Return the engine's application, with the one task there is: *send* called with an edition's id."""
    where = house.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    app = App(connector=PsycopgConnector(conninfo=where, min_size=1, max_size=4))

    # A plain function runs in a thread of its own: the engine's heartbeat goes on, whatever rendering takes.
    @app.task(name=TASK, queue=QUEUE)
    def run(edition_id: int) -> None:
        send(edition_id)

    return app


def _send(house: Installation, sending: Sending, edition_id: int, ending: Stop) -> None:
    try:
        send_some(house, sending, edition_id, ending=ending)
    except Exception:  # noqa: BLE001 - told with its traceback; the rows are still due, and the sweep finds them
        get_logger().exception("job_failed", edition=edition_id)
