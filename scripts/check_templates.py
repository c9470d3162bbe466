"""Every shipped mail template renders, and spliced mail equals a document rendered as a whole."""

from __future__ import annotations

import sys

from digest.rendering.check import check_template
from digest.shipped import shipped_folder

folder = shipped_folder("templates") / "email"
names = sorted(mail.name for mail in folder.iterdir() if mail.is_dir())
wrong = [
    f"{name}: {problem}"
    for name in names
    for problem in check_template(folder, name, notes=not name.startswith("letter-"))  # editors say nothing in those
]
print("\n".join(wrong) or f"templates: ok ({', '.join(names)})")
sys.exit(bool(wrong))
