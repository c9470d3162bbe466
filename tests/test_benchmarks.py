"""The benchmarks explain themselves, print what they promise, and measure what they say; on a handful of readers."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path

import pytest

from scripts.benchmarks import once, plan
from scripts.benchmarks.sinks import late_sink, milliseconds_to_answer
from scripts.benchmarks.stand_ins import WITHOUT, stand_ins

ROOT = Path(__file__).resolve().parents[1]
NAMES = re.search(r'^names="(.+)"$', (ROOT / "scripts" / "bench").read_text(), re.MULTILINE)[1].split()


def in_this_process(do, **order):
    """Measure without the second that another Python takes to begin."""
    return getattr(once, do)(**order)


@pytest.mark.parametrize("name", NAMES)
def test_a_bench_says_what_it_compares(name, monkeypatch, capsys):
    """`scripts/bench NAME --help` begins with the module's own words."""
    bench = importlib.import_module(f"scripts.benchmarks.{name}")
    monkeypatch.setattr("sys.argv", [name, "--help"])

    with pytest.raises(SystemExit) as ended:
        bench.main()

    assert ended.value.code == 0
    assert bench.__doc__.split()[:5] == capsys.readouterr().out.partition("\n\n")[2].split()[:5]


def test_a_bench_prints_its_result_as_json(monkeypatch, capsys):
    """Two hundred readers are enough to see every key, and progress goes to standard error."""
    monkeypatch.setattr(plan, "once", in_this_process)
    monkeypatch.setattr("sys.argv", ["plan", "--readers=200", "--profiles=2", "--articles=4", "--runs=1"])

    plan.main()

    said = capsys.readouterr()
    result = json.loads(said.out)
    assert list(result) == ["what", "parameters", "medians", "bars", "met"]
    assert result["parameters"]["readers"] == 200
    assert set(result["medians"]["plan"]) == {"messages", "seconds", "cpu_us_per_message", "peak_rss_mb"}
    assert result["medians"]["insert_select"]["messages"] == 200
    assert result["bars"]["peak_rss_mb"]["bar"] == "<= 300"
    assert result["met"] is all(each["met"] for each in result["bars"].values())
    assert "run 1 of 1" in said.err


@pytest.mark.parametrize("without", WITHOUT)
def test_every_mail_goes_out_without_journal_or_ledger_too(house, sink, without):
    """What is compared is the same sending; only what was replaced leaves no trace."""
    house.readers([{"email": f"r{n}@example.org", "topics": "trade"} for n in range(12)])
    house.article("trade")
    house.plan()
    journals = []
    sink.on_mail = lambda _mail: journals.extend(house.installation.state_folder.glob("*.journal"))

    with stand_ins(house.installation, WITHOUT[without]):
        house.dispatch(sink)

    attempts = house.rows("SELECT COUNT(*) FROM attempts")[0][0]
    assert len({mail.recipient for mail in sink.mails}) == len(sink.mails) == 12
    assert attempts == (0 if "ledger" in WITHOUT[without] else 12)
    assert bool(journals) is ("journal" not in WITHOUT[without])


def test_the_late_sink_is_as_late_as_it_says():
    """An answer to a whole message takes its time; how much longer, the machine's load decides."""
    with late_sink(20, every_reply=False) as sink:
        took = milliseconds_to_answer(sink.port, 40_000, count=5)

    assert took >= 19
