"""Import of subscribers: seconds, and the resident memory of a small list against that of a large one."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from scripts.benchmarks.material import write_csv
from scripts.benchmarks.once import once


def one(folder: Path, rows: int) -> dict[str, float]:
    """Import *rows* rows in a process of its own."""
    file = folder / f"readers{rows}.csv"
    write_csv(file, rows, 1_000)
    return once("import_readers", folder=str(folder), url=f"sqlite:///{folder}/{file.stem}.db", file=str(file))


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="digest-bench-") as folder:
        results = [one(Path(folder), rows) for rows in given.rows]
    print(
        json.dumps(
            {
                "what": "import of subscribers from CSV",
                "imports": results,
                "rss_ratio": round(results[-1]["peak_rss_mb"] / results[0]["peak_rss_mb"], 3),
                "bar": "100,000 rows in 20 s; rss_ratio within 0.8 to 1.2",
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
