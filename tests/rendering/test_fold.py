"""The text part is folded where a reader of that script expects a line to end."""

from __future__ import annotations

from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.rendering.fold import WIDTH, columns, wrap

URL = "https://example.org/" + "x" * 90
JAPANESE = "日本と韓国は、輸出の手続きを簡単にすると発表した。「ようやくだ」と、ソウルの業者は話す。" * 3
CHINESE = "两国宣布简化出口手续。“终于等到了”，首尔的一家公司说（这家公司有三百名员工），并表示欢迎。" * 3
KOREAN = "두 나라는 수출 절차를 간소화한다고 밝혔다. 서울의 한 업체는 환영한다고 말했다. " * 3


def test_text_is_folded_at_seventy_two_columns_and_never_inside_an_address():
    """Wide characters take two columns."""
    assert wrap(f"see {URL} now").split("\n") == ["see", URL, "now"]
    assert all(len(line) <= 72 for line in wrap("word " * 100).split("\n"))
    assert wrap("港 " * 30).split("\n")[0] == "港 " * 23 + "港"


@pytest.mark.parametrize(
    "text",
    [pytest.param(JAPANESE, id="Japanese"), pytest.param(CHINESE, id="Chinese"), pytest.param(KOREAN, id="Korean")],
)
def test_no_line_of_an_east_asian_text_is_too_long_and_none_is_short_without_need(text: str):
    """Nothing is lost, and lines are filled to within a few characters."""
    lines = wrap(text).split("\n")

    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(columns(line) <= WIDTH for line in lines)
    assert all(columns(line) > WIDTH - 12 for line in lines[:-1])


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        pytest.param("一二三四五。六", ["一二三四", "五。六"], id="a full stop starts no line"),
        pytest.param("一二三四「五六」", ["一二三四", "「五六」"], id="an opening bracket ends no line"),
        pytest.param("一二三「五」。六", ["一二三", "「五」。六"], id="closing marks stay together"),
        pytest.param("一二三四スーパー", ["一二三四", "スーパー"], id="a sign of lengthening stays with its kana"),
        pytest.param("一二三四きょう", ["一二三四", "きょう"], id="a small kana starts no line"),
        pytest.param("一二三Digest五", ["一二三", "Digest五"], id="a Latin word stays whole"),
        pytest.param("가나다 라마바", ["가나다", "라마바"], id="a Korean word stays whole"),
        pytest.param("가나다라마바사", ["가나다라마", "바사"], id="a Korean word that is wider than a line does not"),
        pytest.param("👩‍👩‍👧‍👦👩‍👩‍👧‍👦", ["👩‍👩‍👧‍👦👩‍👩‍👧‍👦"], id="a picture of several people stays together"),
        pytest.param(
            "一二三https://example.org/四五六。七",
            ["一二三", "https://example.org/四五六。", "七"],
            id="an address among characters stays whole",
        ),
    ],
)
def test_a_line_ends_where_a_reader_expects_it(text: str, lines: list[str]):
    """In ten columns."""
    assert wrap(text, 10).split("\n") == lines


@given(st.text(st.sampled_from("ab 一二、。「」ーっ가나.,é🙂(\u0301"), max_size=60), st.integers(8, 30))
def test_folding_loses_and_adds_no_character(text: str, width: int):
    """Only white space becomes line ends; and no line starts with what may not start one."""
    lines = wrap(text, width).split("\n")

    assert "".join("".join(lines).split()) == "".join(text.split())
    assert wrap("\n".join(lines), 10_000).replace(" ", "") == text.replace(" ", "")


def test_the_first_line_of_the_text_part_is_folded_too(desk, reader):
    """The preheader is one line in the list of mails, and may be a whole sentence."""
    message = message_from_bytes(desk("ja").splicer((), preheader=JAPANESE).splice(reader()), policy=policy.default)
    text = message.get_body(("plain",)).get_content().replace("\r\n", "\n")

    assert text.startswith(wrap(JAPANESE) + "\n")
