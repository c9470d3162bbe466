"""Where the files that ship with the program are: templates/, subscribers/.

In a wheel they lie inside the package; in a checkout (and so in an editable install) they lie
beside it, because `templates/` and `subscribers/` are top-level folders that people edit.
"""

from __future__ import annotations

from pathlib import Path


def shipped_folder(name: str) -> Path:
    """Return the folder *name* ("templates" or "subscribers").

    Raises FileNotFoundError when the installation is incomplete.
    """
    package = Path(__file__).resolve().parent
    inside = package / name
    if inside.is_dir():
        return inside
    beside = package.parent / name
    if beside.is_dir() and (package.parent / "pyproject.toml").is_file():
        return beside
    raise FileNotFoundError(f"the shipped folder {name!r} is missing; reinstall digest-sender")
