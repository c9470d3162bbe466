"""Every shipped mail template renders, and spliced mail equals a document rendered as a whole."""

from __future__ import annotations

import sys

from digest.rendering.check import check_template
from digest.shipped import shipped_folder

folder = shipped_folder("templates") / "email"
wrong = [
    f"{mail.name}: {problem}" for mail in sorted(folder.iterdir()) if mail.is_dir() for problem in check_template(mail)
]
print("\n".join(wrong) or "templates: ok")
sys.exit(bool(wrong))
