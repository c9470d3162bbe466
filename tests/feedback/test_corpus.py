"""The floor on real reports, which are not part of the project; and no rule knows one of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.benchmarks.feedback import BARS, CORPUS, measure, wilson

needs_corpus = pytest.mark.skipif(
    not (CORPUS / "expected.json").is_file(), reason="the reports are data from elsewhere, and not here"
)
TABLES = sorted((Path(__file__).resolve().parents[2] / "digest" / "feedback").glob("*.toml"))


@needs_corpus
def test_real_reports_are_understood_as_well_as_is_promised():
    """Each figure meets its bar; without what only one kind of server says, most are still understood."""
    found = measure(CORPUS)

    assert {name: figure["share"] for name, figure in found["figures"].items() if not figure["met"]} == {}
    assert found["cross_validated"]["recognised"]["share"] >= BARS["recognised"]
    assert found["cross_validated"]["class_right"]["share"] >= 0.8


@needs_corpus
def test_no_rule_names_a_report_of_the_corpus():
    """Nor an address in one: rules that know their examples know nothing else."""
    rules = "\n".join(path.read_text("utf-8") for path in TABLES)
    names = {path.stem for path in (CORPUS / "messages").glob("*.eml")}

    assert [name for name in names if name in rules] == []
    assert [word for word in ("kijitora", "sironeko", "shironeko", "libsisimai", "nyaan") if word in rules] == []


@pytest.mark.parametrize(
    ("right", "of", "low", "high"), [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0)]
)
def test_an_interval_is_wilsons(right, of, low, high):
    """Values from his formula, worked out by hand."""
    assert wilson(right, of) == pytest.approx((low, high), abs=0.0005)
