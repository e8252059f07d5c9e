"""Unpacking strangers' zip files, in a process of `decode_worker`, whose time and memory are limited."""

import secrets
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Any

from pyimagesearch.errors import InputError

SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")  # of a file, of an empty one
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others may ask for gigabytes of memory
NO_PICTURES = ("__MACOSX", "Thumbs.db", "desktop.ini")  # what systems add to zip files by themselves
PIECE = 1 << 20  # bytes that are unpacked at once


class BadZip(InputError):
    """The file is no zip file, or a damaged one."""


def is_zip(head: bytes) -> bool:
    """Whether a file that begins with these bytes is a zip file."""
    return head.startswith(SIGNATURES)


def unpack(head: dict[str, Any]) -> list[dict[str, str]]:
    """Write the files of the zip file head["source"] into head["folder"], under random names.

    head: also `most_files`, and `most_bytes` of a file and `most_total` of all of them, which are counted while they
    are unpacked, whatever the zip file says of itself.

    Returns:
        {"name", "path"} for each file, or {"name", "code"} for one that cannot be unpacked: "encrypted", "bad_zip" or
        "too_many_bytes". Names are those in the zip file without their folders; nothing is written by them.

    Raises:
        BadZip: it is no zip file, has too many files, or unpacks to too many bytes.
    """
    members, left = [], head["most_total"]
    try:
        with zipfile.ZipFile(head["source"]) as packed:
            infos = [info for info in packed.infolist() if _is_wanted(info)]
            if len(infos) > head["most_files"]:
                raise BadZip(
                    f"the zip file holds {len(infos)} files, and at most {head['most_files']} are taken at once"
                )
            for info in infos:
                member = _unpack_one(packed, info, Path(head["folder"]), min(left, head["most_bytes"]))
                left -= Path(member["path"]).stat().st_size if "path" in member else 0
                if left <= 0:
                    raise BadZip(f"the zip file unpacks to more than {head['most_total']:,} bytes; send fewer pictures")
                members.append(member)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, UnicodeError):
        raise BadZip("the zip file is damaged; pack it anew") from None
    return members


def _is_wanted(info: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(info.filename.replace("\\", "/")).parts
    return bool(parts) and not info.is_dir() and parts[0] not in NO_PICTURES and parts[-1][0] != "." and (
        parts[-1] not in NO_PICTURES
    )  # fmt: skip


def _unpack_one(packed: zipfile.ZipFile, info: zipfile.ZipInfo, folder: Path, most: int) -> dict[str, str]:
    name = PurePosixPath(info.filename.replace("\\", "/")).name
    if info.flag_bits & 1:
        return {"name": name, "code": "encrypted"}
    if info.compress_type not in METHODS:
        return {"name": name, "code": "bad_zip"}
    path = folder / secrets.token_hex(16)
    try:
        with packed.open(info) as source, path.open("wb") as target:
            while piece := source.read(PIECE):
                if target.tell() + len(piece) > most:
                    path.unlink()
                    return {"name": name, "code": "too_many_bytes"}
                target.write(piece)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, ValueError):
        path.unlink(missing_ok=True)
        return {"name": name, "code": "bad_zip"}
    return {"name": name, "path": str(path)}
