"""What a line of the log must never hold."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import signature

import pytest
import structlog

from digest.log import configure, get_logger


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Leave the log to later tests as it was."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def sign_in(password: str) -> None:
    raise ValueError(str(len(password)))


@pytest.mark.parametrize("as_json", [True, False], ids=["for programs", "on a terminal"])
def test_a_traceback_in_the_log_names_no_values(as_json: bool, capsys: pytest.CaptureFixture[str]):
    """An address or a password is among the variables of nearly every step."""
    password = f"hunter-{len(signature(sign_in).parameters)}"
    configure(json=as_json)
    try:
        sign_in(password)
    except ValueError:
        get_logger().exception("reading_failed", place="a page")

    said = capsys.readouterr().err
    assert "reading_failed" in said
    assert "ValueError: 8" in said
    assert "hunter-1" not in said
