"""Whatever is sent, an answer of the contract comes back: requests that schemathesis makes of the OpenAPI document, and
broken pictures, which go through `srgan upscale` too."""

import io
import random
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from helpers import server_process
from PIL import Image

SUFFIXES = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp", "TIFF": ".tif", "BMP": ".bmp", "GIF": ".gif"}


def schemathesis(server, *flags):
    command = [Path(sys.executable).parent / "schemathesis", "run", f"{server.url}/openapi.json", "--no-color", *flags]
    return subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, timeout=500)


CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def test_what_the_openapi_document_allows_and_forbids_gets_an_answer_that_it_describes(server):
    done = schemathesis(
        server, "--checks", CHECKS, "--max-examples", "15", "--seed", "1", "--phases", "examples,coverage,fuzzing"
    )
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.slow
def test_more_of_it(server):
    done = schemathesis(server, "--checks", CHECKS, "--max-examples", "300", "--seed", "2")
    assert done.returncode == 0, done.stdout[-3000:]


def whole(chance):
    """The file of a small picture in any format and mode, and its suffix."""
    name = chance.choice(list(SUFFIXES))
    mode = chance.choice({"JPEG": ["L", "RGB", "CMYK"], "WEBP": ["RGB", "RGBA"]}.get(name, ["L", "RGB", "P"]))
    size = (chance.randrange(1, 40), chance.randrange(1, 40))
    samples = np.random.default_rng(chance.randrange(10**6)).integers(0, 256, (*size, 4), dtype=np.uint8)
    file = io.BytesIO()
    picture = Image.fromarray(samples).convert("RGB").convert(mode)
    settings = {"compression": chance.choice(["raw", "tiff_lzw", "tiff_adobe_deflate"])} if name == "TIFF" else {}
    picture.save(file, format=name, **settings)
    return bytearray(file.getvalue()), SUFFIXES[name]


def mutated(chance):
    """A broken picture, and a suffix that may be another's."""
    data, suffix = whole(chance)
    kind = chance.randrange(5)
    if kind == 0:
        del data[chance.randrange(len(data)) :]
    elif kind == 1:
        for _ in range(chance.randrange(1, 20)):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    elif kind == 2:
        suffix = chance.choice(list(SUFFIXES.values()))
    elif kind == 3:
        start = chance.randrange(min(64, len(data)))
        data[start : start + 4] = struct.pack(">I", chance.choice([0, 2**16, 2**31 - 1, 2**32 - 1]))
    else:
        data = bytearray() if chance.random() < 0.3 else huge(chance)
    return bytes(data), suffix


def huge(chance):
    """A PNG whose header, checksum and all, says far more than there is."""
    sides = chance.choice([(60000, 60000), (2**31 - 1, 1), (1, 2**31 - 1), (20000, 4000), (0, 5)])
    header = b"IHDR" + struct.pack(">IIBBBBB", *sides, 8, chance.choice([0, 2, 4, 6]), 0, 0, 0)
    head = b"\x89PNG\r\n\x1a\n\0\0\0\x0d" + header + struct.pack(">I", zlib.crc32(header))
    return bytearray(head + struct.pack(">I", 200) + b"IDAT" + bytes(204))


@pytest.fixture(scope="module")
def mutants():
    chance = random.Random(0)
    return [mutated(chance) for _ in range(200)]


def test_200_broken_pictures_through_the_server(server, mutants):
    statuses = []
    with server.client() as client:
        for data, suffix in mutants:
            answer = client.post("/v1/upscale", files={"image": (f"a{suffix}", data)})
            statuses.append(answer.status_code)
            if answer.status_code != 200:
                assert set(answer.json()["error"]) == {"code", "message"}
    assert set(statuses) == {200, 413, 422}
    assert min(map(statuses.count, (200, 413, 422))) > 10


@pytest.mark.slow
def test_200_broken_pictures_through_the_command_line(mutants, models, tmp_path):
    (tmp_path / "in").mkdir()
    for number, (data, suffix) in enumerate(mutants):
        if data[16:24] != struct.pack(">II", 20000, 4000):  # 80 megapixels are much, but no fault
            (tmp_path / f"in/{number}{suffix}").write_bytes(data)
    command = [sys.executable, "-m", "pyimagesearch", "upscale", "in", "-o", "out", "--model", models[0]]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env={"PYTHONPATH": str(server_process.ROOT)}, check=False
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert f"{len(set(written) - {'.srgan-results.jsonl'})} of" in done.stdout
    assert not [name for name in written if name.endswith(".part")]
    assert {path.name for path in tmp_path.iterdir()} == {"in", "out"}
