"""What scripts/soak runs: histories by the thousand; JSON at the end."""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings

from tests.faults.simulation.histories import Failure, histories


def main() -> int:
    """Play them; return 1 when a law was broken."""
    asked = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    asked.add_argument("--seeds", type=int, default=10_000, help="how many histories (default 10,000)")
    asked.add_argument("--first", type=int, default=0, help="the seed of the first (default 0)")
    asked.add_argument("--seed", type=int, help="play this one alone, and tell its story on standard error")
    options = asked.parse_args()
    seeds = range(options.first, options.first + options.seeds)
    if options.seed is not None:
        seeds = range(options.seed, options.seed + 1)
    failures: list[Failure] = []
    began = time.monotonic()
    warnings.simplefilter("error")
    with histories() as player:
        for seed in seeds:
            failure, story = player.play(seed)
            if options.seed is not None:
                print("\n".join(story), file=sys.stderr)
            if failure is not None:
                failures.append(failure)
                print(f"seed {seed}: {failure.law}", file=sys.stderr)
    seconds = round(time.monotonic() - began, 1)
    found = [{"seed": each.seed, "law": each.law} for each in failures]
    print(json.dumps({"seeds": len(seeds), "seconds": seconds, "failures": found}, indent=2))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
