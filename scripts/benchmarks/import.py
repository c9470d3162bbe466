"""Import of subscribers: seconds, and the resident memory of a small list against that of a large one."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from material import write_csv

ONE_IMPORT = """
import resource, sys, time
from pathlib import Path
from material import fill, open_house
from digest.clock import SystemClock
from digest.pipeline.import_subscribers import import_file
folder, file = Path(sys.argv[1]), Path(sys.argv[2])
house = open_house(folder, SystemClock(), file.stem + ".db")
fill(house, 0)
started = time.perf_counter()
done = import_file(house.engine, file, newsletter="bench", now=house.clock.now(), secret=house.secret)
print(done.added, time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def one(folder: Path, rows: int) -> dict[str, float]:
    """Import *rows* rows in a process of its own."""
    file = folder / f"readers{rows}.csv"
    write_csv(file, rows, 1_000)
    here = Path(__file__).parent
    said = subprocess.run(
        [sys.executable, "-c", ONE_IMPORT, str(folder), str(file)], cwd=here, check=True, capture_output=True, text=True
    ).stdout.split()
    return {"rows": int(said[0]), "seconds": round(float(said[1]), 2), "peak_rss_mb": int(said[2])}


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
