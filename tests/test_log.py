"""What a line of the log must never hold."""

from __future__ import annotations

import pytest

from digest.log import configure, get_logger


@pytest.mark.parametrize("as_json", [True, False], ids=["for programs", "on a terminal"])
def test_a_traceback_in_the_log_names_no_values(as_json: bool, capsys: pytest.CaptureFixture[str]):
    """An address or a password is among the variables of nearly every step."""
    configure(json=as_json)
    try:
        password = "hunter" + "2"
        raise ValueError(str(len(password)))
    except ValueError:
        get_logger().exception("reading_failed", place="a page")

    said = capsys.readouterr().err
    assert "reading_failed" in said
    assert "ValueError: 7" in said
    assert "hunter2" not in said
