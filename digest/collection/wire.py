"""The wire under `fetch`: connects to checked addresses only, and to nothing after the deadline.

httpcore (the lower half of httpx) lets us give it the connection, so that Host and TLS name stay the ones of the
address while the socket goes where the check allowed.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

from digest.collection.addresses import why_forbidden
from digest.collection.fetched import Resolve, Target
from digest.errors import FetchRefused


class Guard(httpcore.NetworkBackend):
    """Connects to checked addresses only; every connection of it ends by the deadline (`time.monotonic`)."""

    def __init__(self, connect: float, deadline: float, resolve: Resolve, *, allow_private: bool) -> None:
        self.connect = connect
        self.deadline = deadline
        self.resolve = resolve
        self.allow_private = allow_private

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline decides
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Return a connection to a checked address of *host*; FetchRefused when any of its addresses is forbidden."""
        addresses = self._checked(host.strip("[]"), port)
        failure: Exception | None = None
        for address in addresses[:4]:
            try:
                stream = httpcore.SyncBackend().connect_tcp(
                    address, port, min(self.connect, _left(self.deadline)), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as wrong:
                failure = wrong
            else:
                return Timed(stream, self.deadline)
        raise failure or httpcore.ConnectError("no address")

    def _checked(self, host: str, port: int) -> Sequence[str]:
        try:
            addresses = [host] if _is_number(host) else list(self.resolve(host, port))
        except (OSError, UnicodeError):
            raise FetchRefused(f"{host} has no network address; check the name") from None
        for address in addresses:
            reason = why_forbidden(address, allow_private=self.allow_private)
            if reason:
                raise FetchRefused(f"{host} is not fetched: {address} {reason}")
        return addresses

    def connect_unix_socket(self, *_args: object, **_options: object) -> httpcore.NetworkStream:
        """Refuse: only web addresses are fetched."""
        raise FetchRefused("only web addresses are fetched")

    def sleep(self, seconds: float) -> None:
        """Wait, but not beyond the deadline."""
        time.sleep(min(seconds, _left(self.deadline)))


class Timed(httpcore.NetworkStream):
    """A connection whose every read and write ends by the deadline, however slowly the server drips."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self.stream = stream
        self.deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - the deadline decides
        """Return what came in, waiting no longer than the deadline."""
        return self.stream.read(max_bytes, _left(self.deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - the deadline decides
        """Send *buffer*, waiting no longer than the deadline."""
        self.stream.write(buffer, _left(self.deadline))

    def close(self) -> None:
        """Close the connection."""
        self.stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - the deadline decides
    ) -> httpcore.NetworkStream:
        """Return the connection under TLS, the name of the server checked."""
        return Timed(self.stream.start_tls(ssl_context, server_hostname, _left(self.deadline)), self.deadline)

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore asks about the socket."""
        return self.stream.get_extra_info(info)


def _is_number(host: str) -> bool:
    return ":" in host or host.rpartition(".")[2].isdecimal()


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the time is up")
    return left


@contextmanager
def answer(
    target: Target,
    backend: httpcore.NetworkBackend,
    headers: list[tuple[bytes, bytes]],
    *,
    method: str = "GET",
    content: bytes = b"",
) -> Iterator[httpcore.Response]:
    """Return the answer of *target*, its body not yet read; the connection is closed afterwards."""
    context = _tls() if target.secure else None
    url = httpcore.URL(
        scheme=b"https" if target.secure else b"http",
        host=target.host.encode("ascii"),
        port=target.port,
        target=target.path.encode("ascii"),
    )
    with (
        httpcore.ConnectionPool(ssl_context=context, network_backend=backend, max_connections=1) as pool,
        pool.stream(method, url, headers=headers, content=content or None) as response,
    ):
        yield response


def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


@contextmanager
def in_words(url: str) -> Iterator[None]:
    """Turn what goes wrong on the wire into FetchRefused that names *url*."""
    try:
        yield
    except (httpcore.ConnectTimeout, httpcore.ReadTimeout, httpcore.WriteTimeout, httpcore.PoolTimeout):
        raise FetchRefused(f"{url} took too long to answer") from None
    except ssl.SSLError as wrong:
        raise FetchRefused(f"{url} has a certificate or TLS that cannot be trusted: {wrong.reason}") from None
    except (
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpcore.UnsupportedProtocol,
        OSError,
        ValueError,
    ) as wrong:
        raise FetchRefused(f"{url} could not be read: {str(wrong)[:150] or type(wrong).__name__}") from None
