"""CSV files as people and spreadsheets save them."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.pipeline.subscribers.csv_records import MAX_CELL, MAX_LINE, Record, read_lines, read_records
from digest.pipeline.subscribers.formulas import neutralised, restored


def records(content: bytes, chunk: int = 7) -> list[Record]:
    parts = (content[at : at + chunk] for at in range(0, len(content), chunk))
    return list(read_records(read_lines(parts)))


TEXT = "email,name\r\nkim@example.org,Jürgen\r\n"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(TEXT.encode(), id="UTF-8"),
        pytest.param(TEXT.encode("utf-8-sig"), id="UTF-8 with BOM"),
        pytest.param(TEXT.encode("utf-16"), id="UTF-16 with BOM"),
        pytest.param(TEXT.encode("utf-16-le"), id="UTF-16 little endian"),
        pytest.param(TEXT.encode("utf-16-be"), id="UTF-16 big endian"),
        pytest.param(TEXT.encode("latin-1"), id="Latin-1"),
        pytest.param(TEXT.replace("\r\n", "\n").encode(), id="LF"),
        pytest.param(TEXT.replace("\r\n", "\r").encode(), id="CR"),
        pytest.param(TEXT.replace("\r\n", "\n\n\r\n").encode(), id="empty lines between"),
        pytest.param(TEXT.replace(",", ";").encode(), id="semicolons"),
        pytest.param(TEXT.replace(",", "\t").encode(), id="tabs"),
        pytest.param(("sep=;\r\n" + TEXT.replace(",", ";")).encode(), id="spreadsheet's sep line"),
        pytest.param(TEXT.rstrip().encode(), id="no end of line at the end"),
    ],
)
def test_a_list_reads_the_same_however_it_was_saved(content: bytes):
    """Encoding, line ends and delimiter are the program's business, not the admin's."""
    assert [record.cells for record in records(content)] == [["email", "name"], ["kim@example.org", "Jürgen"]]


def test_a_bar_parts_columns_only_where_nothing_else_does():
    """A list from a database dump has bars; elsewhere they stand between topics."""
    bars = list(read_records(read_lines([b"email|name\na@example.org|Ann\n"])))
    topics = list(read_records(read_lines([b"email,trade|energy\n"])))

    assert [record.cells for record in bars] == [["email", "name"], ["a@example.org", "Ann"]]
    assert topics[0].cells == ["email", "trade|energy"]


def test_an_open_quotation_mark_costs_its_own_row_only():
    """The readers after it are imported all the same."""
    found = records(b'email,name\na@example.org,"Open\nb@example.org,B\nc@example.org,"C, the ""third"""\n')

    assert [(one.line, one.cells[:1], bool(one.problem)) for one in found] == [
        (1, ["email"], False),
        (2, [], True),
        (3, ["b@example.org"], False),
        (4, ["c@example.org"], False),
    ]
    assert found[3].cells[1] == 'C, the "third"'


def test_a_cell_may_have_several_lines():
    """The next record knows its own line."""
    found = records(b'email,note\na@example.org,"one\r\ntwo"\nb@example.org,x\n')

    assert found[1] == Record(2, ["a@example.org", "one\ntwo"])
    assert found[2].line == 4


@pytest.mark.parametrize("letter", [b"x", "é".encode(), b'"'])
def test_an_endless_line_is_one_problem_and_little_memory(letter: bytes):
    """A cell of gigabytes is cut off while it comes in."""
    content = b"email\n" + letter * (4 * MAX_LINE // len(letter)) + b"\nb@example.org\n"

    found = records(content, chunk=65_536)

    assert [bool(one.problem) for one in found] == [False, True, False]
    assert len(found[1].cells) == 0
    assert found[2].cells == ["b@example.org"]


def test_a_huge_quoted_cell_costs_its_own_row_only():
    """Whatever the library's own limit is."""
    found = records(b'email,name\na@example.org,"' + b"x" * 200_000 + b'"\nb@example.org,B\n', chunk=65_536)

    assert f"{MAX_CELL:,} characters" in found[1].problem
    assert found[2].cells == ["b@example.org", "B"]


def test_a_thousand_open_quotation_marks_do_not_stall_the_import():
    """Each costs a bounded look ahead."""
    found = records(b"email\n" + b'"open\nx\n' * 1_000, chunk=4_096)

    assert len(found) > 500


_cells = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r\n\0\ufeff"), max_size=12)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(_cells, min_size=2, max_size=4), min_size=1, max_size=5), st.integers(1, 40))
def test_what_the_standard_writer_writes_comes_back(rows: list[list[str]], chunk: int):
    """Law: any cells, any split into chunks."""
    out = io.StringIO()
    csv.writer(out).writerows([["email", "name"], *rows])
    found = [one.cells for one in records(out.getvalue().encode(), chunk)]

    assert found == [["email", "name"], *(row for row in rows if ",".join(row).strip())]


@settings(max_examples=200, deadline=None)
@given(st.text("'=+-@\t\rab＝＋－＠", max_size=6))
def test_a_neutralised_cell_is_harmless_and_can_be_restored(cell: str):
    """Law: nothing that a spreadsheet runs stands first, and nothing is lost."""
    assert neutralised(cell)[:1] not in tuple("=+-@\t\r＝＋－＠")
    assert restored(neutralised(cell)) == cell
