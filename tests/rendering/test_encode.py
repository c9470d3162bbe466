"""Pieces encoded alone join into one body."""

from __future__ import annotations

import base64
import quopri

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.rendering.encode import Transfer, arrange, base64_lines, crlf, piece_bytes, quoted_printable, run_bytes
from digest.rendering.layout import Run
from digest.rendering.marks import SlotRef

TEXT = st.text(alphabet=st.sampled_from("ab =.<>&é日👍\n\t-"), max_size=200)


@settings(max_examples=300)
@given(st.lists(TEXT, max_size=6))
def test_quoted_printable_pieces_join(texts: list[str]) -> None:
    """Whatever the pieces, what is joined decodes to what was meant, in lines of at most 76."""
    body = b"".join(quoted_printable(crlf(text)) for text in texts)

    assert quopri.decodestring(body) == crlf("".join(texts))
    assert all(len(line) <= 76 for line in body.split(b"\r\n"))
    assert body.count(b"\r\n") == body.count(b"\n") == body.count(b"\r")


@pytest.mark.parametrize("length", range(70, 80))
def test_a_line_as_long_as_allowed_still_gets_its_soft_break(length: int) -> None:
    """The "=" of the soft break counts."""
    for data in (b"a" * length, b"a" * (length - 3) + b"=", "é".encode() * length):
        body = quoted_printable(data)

        assert quopri.decodestring(body) == data
        assert all(len(line) <= 76 for line in body.split(b"\r\n"))


@settings(max_examples=300)
@given(
    st.lists(st.one_of(TEXT, st.just(SlotRef("name")), st.just("<p>日</p>")), max_size=8), st.text("ab日", max_size=9)
)
def test_base64_pieces_and_runs_join(atoms: list[str | SlotRef], name: str) -> None:
    """Only spaces before line ends are added, at most two to a piece."""
    encoded = []
    for item in arrange(atoms, Transfer.BASE64, html=False):
        if isinstance(item, Run):
            said = "".join(name if isinstance(part, SlotRef) else part for part in item.parts)
            encoded.append(run_bytes(crlf(said), item.before_end))
        else:
            encoded.append(base64_lines(piece_bytes(item, html=False)))
    body = b"".join(encoded)
    meant = "".join(name if isinstance(atom, SlotRef) else atom for atom in atoms)
    decoded = base64.b64decode(body, validate=False).decode().replace("\r\n", "\n")

    assert [line.rstrip() for line in decoded.split("\n")] == [line.rstrip() for line in meant.split("\n")]
    assert all(len(line) <= 76 for line in body.split(b"\r\n"))
    assert not any(b"=" in line for line in b"".join(encoded[:-1]).split(b"\r\n"))
