"""The files of ONNX Runtime Web, which run a network in a browser: fetched once by npm, checked at every start.

They are no part of this package, which holds nothing that its own programs did not make.
"""

import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from pyimagesearch.errors import InputError
from pyimagesearch.system.files import appearing_folder, sha256_of

PACKAGE = "onnxruntime-web"
VERSION = "1.30.0"
NAME = f"{PACKAGE}-{VERSION}"  # of the folder in the cache
FILES = {  # what a page asks for, and its SHA-256; the three of `asyncify` are for WebGPU
    "ort.wasm.min.mjs": "219e6a1fc8a9938268d18efca3c91d310bd2f4a59bbd13744df5b2b7fc6cee3b",
    "ort-wasm-simd-threaded.mjs": "e13f7f94fc51b4ca72b12faeb1ee95f4ace6dfbc8939bc718aabdc0a27c4299b",
    "ort-wasm-simd-threaded.wasm": "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
    "ort.webgpu.min.mjs": "3dffff71811bc13a3a3d9591c57ca5ee5735b8f5f3eaf789510b02bb040ae3a0",
    "ort-wasm-simd-threaded.asyncify.mjs": "3d1c85995364bb643302fc6fd877a0c3ba5ae72401815e0f24828a53d9191e28",
    "ort-wasm-simd-threaded.asyncify.wasm": "39f9f0894d478800487ed9f7dbe92618498db320cf55c8e3d89adff8dce658da",
}
TYPES = {".mjs": "text/javascript", ".wasm": "application/wasm"}
FETCH_SECONDS = 600
BY_HAND = f"or unpack {PACKAGE} {VERSION} yourself and name its folder by `browser`"


def find(folder: str | None = None) -> Path:
    """The folder with FILES, all of them as they have to be.

    folder: that of the unpacked npm package; None: a folder in the user's cache, which npm fills the first time.

    Raises InputError.
    """
    if folder is not None:
        inside = Path(folder) / "dist"
        return _checked(inside if inside.is_dir() else Path(folder))
    kept = cache() / NAME
    if not kept.is_dir():
        _fetch(kept)
    return _checked(kept)


def cache() -> Path:
    """Where this user's programs keep what can be fetched again (XDG Base Directory Specification)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "srgan"


def _checked(folder: Path) -> Path:
    for name, digest in FILES.items():
        path = folder / name
        if not path.is_file():
            raise InputError(f"`browser` {folder}: has no {name}; it is to hold {PACKAGE} {VERSION}")
        if sha256_of(path) != digest:
            raise InputError(f"`browser` {path}: is not that of {PACKAGE} {VERSION}; fetch the package again")
    return folder


def _fetch(target: Path) -> None:
    """Have npm download the package, from the registry that it is set up for, and keep FILES of it in `target`."""
    npm = shutil.which("npm")
    if not npm:
        raise InputError(f"`browser` needs npm once, to fetch {PACKAGE} {VERSION}; install it (Node.js), {BY_HAND}")
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", f"{PACKAGE}@{VERSION}", "--loglevel=error", "--pack-destination", folder]
        try:
            ended = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise InputError(
                f"npm did not fetch {PACKAGE} {VERSION} in {FETCH_SECONDS} s; try again, {BY_HAND}"
            ) from None
        packed = next(Path(folder).glob("*.tgz"), None)
        if ended.returncode or not packed:
            said = " ".join(ended.stderr.split())[:300] or "no reason given"
            raise InputError(f"npm cannot fetch {PACKAGE} {VERSION} ({said}); try again, {BY_HAND}")
        with appearing_folder(str(target)) as unpacked, tarfile.open(packed) as archive:
            for name in FILES:
                member = archive.extractfile(f"package/dist/{name}")
                assert member, name
                with member, open(os.path.join(unpacked, name), "wb") as file:
                    shutil.copyfileobj(member, file)
