"""The same reports read by flufl.bounce (GNU Mailman's), for comparison; not a dependency: pip install flufl.bounce."""

from __future__ import annotations

import json
from email import message_from_bytes
from pathlib import Path
from typing import Any

from digest.model.feedback import ReportClass

MISSING = "flufl.bounce is not installed here (pip install flufl.bounce)"


def read_by_flufl(corpus: Path) -> dict[str, Any] | str:
    """Return what flufl.bounce finds among the bounces of *corpus*, or that it is not here.

    It knows addresses that failed for good and those that failed for now. Here the first counts as hard and the
    second as soft, which is what a sender would make of them who has nothing else.
    """
    try:
        from flufl.bounce import all_failures  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return MISSING
    bounces = (ReportClass.HARD, ReportClass.SOFT, ReportClass.BLOCK)
    found = mails = permanent = permanent_and_hard = hard = soft = soft_called_permanent = 0
    for name, entries in json.loads((corpus / "expected.json").read_text("utf-8")).items():
        wanted = {each["class"] for each in entries}
        if not wanted <= set(bounces):
            continue
        temporary, for_good = all_failures(message_from_bytes((corpus / "messages" / name).read_bytes()))
        mails += 1
        found += bool(temporary or for_good)
        is_permanent = bool(for_good)
        permanent += is_permanent
        permanent_and_hard += is_permanent and ReportClass.HARD in wanted
        hard += ReportClass.HARD in wanted
        soft += wanted == {ReportClass.SOFT}
        soft_called_permanent += is_permanent and wanted == {ReportClass.SOFT}
    return {
        "recognised": share(found, mails),
        "hard_recall": share(permanent_and_hard, hard),
        "hard_precision": share(permanent_and_hard, permanent),
        "soft_called_permanent": share(soft_called_permanent, soft),
    }


def share(right: int, of: int) -> dict[str, Any]:
    """Return a count and its share."""
    return {"right": right, "of": of, "share": round(right / of, 4) if of else None}
