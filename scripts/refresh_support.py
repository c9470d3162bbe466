"""Take what mail programs know from caniemail's data: scripts/refresh_support [FILE]

FILE is `data/caniemail.json` of the npm package caniemail (MIT); without it the package is fetched with npm into a
temporary folder. Written is digest/rendering/lint/support.json: for each feature its title and one letter for each of
nine clients, as of the newest version that was tested (y yes, a almost, n no, u unknown), and the package's licence
beside it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[1] / "digest" / "rendering" / "lint"
#: family, platform -> how we call it
CLIENTS = {
    ("gmail", "desktop-webmail"): "Gmail",
    ("gmail", "ios"): "Gmail on iOS",
    ("gmail", "android"): "Gmail on Android",
    ("apple-mail", "macos"): "Apple Mail",
    ("apple-mail", "ios"): "Apple Mail on iOS",
    ("outlook", "windows"): "Outlook on Windows",
    ("outlook", "outlook-com"): "Outlook.com",
    ("outlook", "macos"): "Outlook on macOS",
    ("yahoo", "desktop-webmail"): "Yahoo",
}


def main() -> None:
    """Read, shorten, write."""
    if len(sys.argv) > 2:
        sys.exit(__doc__)
    if len(sys.argv) == 2:
        write(Path(sys.argv[1]))
        return
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("npm is not installed; name the file data/caniemail.json of its package caniemail")
    with tempfile.TemporaryDirectory() as folder:
        install = [
            npm,
            "install",
            "--silent",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--prefix",
            folder,
            "caniemail",
        ]
        subprocess.run(install, check=True)
        write(Path(folder) / "node_modules" / "caniemail" / "data" / "caniemail.json")


def write(source: Path) -> None:
    """Write the table made of *source* and the licence of its package."""
    data = json.loads(source.read_text("utf-8"))
    package = source.parents[1]
    licence = next(package.glob("LICENSE*"), None)
    table = {
        "from": f"https://www.caniemail.com as of {data['last_update_date'][:10]} (MIT; support.LICENSE)",
        "clients": list(CLIENTS.values()),
        "features": {each["slug"]: [each["title"], letters(each["stats"])] for each in data["data"]},
    }
    lines = (
        json.dumps(table, ensure_ascii=False, indent=1, separators=(",", ":"))
        .replace('[\n   "', '["')
        .replace('",\n   "', '","')
    )
    (HERE / "support.json").write_text(lines.replace('"\n  ]', '"]') + "\n", "utf-8")
    if licence:
        ours = (
            "support.json is taken from the data of https://www.caniemail.com (Rémi Parmentier and contributors).\n\n"
        )
        (HERE / "support.LICENSE").write_text(ours + licence.read_text("utf-8"), "utf-8")
    print(f"{len(table['features'])} features; {table['from']}")


def letters(stats: dict[str, Any]) -> str:
    """Return a letter for each client."""
    return "".join(newest(stats.get(family, {}).get(platform)) for family, platform in CLIENTS)


def newest(versions: dict[str, str] | None) -> str:
    """Return the letter of the version that was tested last, "u" where none was; they stand from old to new."""
    return list(versions.values())[-1][:1] if versions else "u"


if __name__ == "__main__":
    main()
