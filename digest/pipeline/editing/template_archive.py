"""The files of a mail template as editors carry them: names and sizes that may be, and a ZIP file there and back."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Mapping

from digest.errors import BadTemplate
from digest.rendering.sandbox import LONGEST_FILE

MOST_FILES = 30
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,40}\.(html|txt|css)")
# Python unpacks these piece by piece; of the others a kilobyte becomes a gigabyte before anybody can count.
_BOUNDED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_EPOCH = (2026, 1, 1, 0, 0, 0)  # the same files make the same bytes


def checked_files(files: Mapping[str, str]) -> dict[str, str]:
    """Return *files* with line feeds only; raises BadTemplate for a name or a size that cannot be, or none at all."""
    if not files:
        raise BadTemplate("a mail template needs at least one file; docs/templates.md lists them")
    if len(files) > MOST_FILES:
        raise BadTemplate(f"a mail template has at most {MOST_FILES} files")
    for name, text in files.items():
        if not _NAME.fullmatch(name):
            raise BadTemplate(f"{name[:60]!r} is no name of a template's file; name it like shell.html or note.txt")
        if len(text) > LONGEST_FILE:
            raise BadTemplate(f"{name} has {len(text):,} characters; at most {LONGEST_FILE:,} can be used")
        if "\0" in text:
            raise BadTemplate(f"{name} holds a zero byte; save it as text in UTF-8")
    return {name: text.replace("\r\n", "\n").replace("\r", "\n") for name, text in sorted(files.items())}


def pack_files(files: Mapping[str, str]) -> bytes:
    """Return *files* as a ZIP file, the same for the same files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in sorted(files.items()):
            # What stands in the entry counts, not what the archive was opened with.
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), text.encode(), compress_type=zipfile.ZIP_DEFLATED)
    return out.getvalue()


def unpack_files(content: bytes) -> dict[str, str]:
    """Return the files in a ZIP file, whatever folder they stand in; raises BadTemplate for what is none of ours."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            inside = [each for each in archive.infolist() if not each.is_dir()]
            if len(inside) > MOST_FILES:
                raise BadTemplate(f"a mail template has at most {MOST_FILES} files")
            if any(each.compress_type not in _BOUNDED for each in inside):
                raise BadTemplate("that ZIP file is packed in an unusual way; pack it with deflate, as most do")
            files = {each.filename.rpartition("/")[2]: _text(archive, each) for each in inside}
    except (
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
        ValueError,
        KeyError,
    ) as wrong:
        if isinstance(wrong, BadTemplate):
            raise
        raise BadTemplate("that is no ZIP file we can read; take one that was downloaded here") from None
    if len(files) < len(inside):
        raise BadTemplate("two files in it have the same name; put one mail's files into a ZIP file, and no others")
    return checked_files(files)


def _text(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> str:
    most = LONGEST_FILE * 4  # bytes of a character
    with archive.open(member) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise BadTemplate(f"{member.filename[:60]!r} is too large; a file has at most {LONGEST_FILE:,} characters")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadTemplate(f"{member.filename[:60]!r} is not UTF-8; save it as UTF-8") from None
