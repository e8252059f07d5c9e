"""`srgan serve`: what it refuses, and how it says so, by a real server and real clients."""

import http.client
import socket
import struct
import subprocess
import sys
import time
import zlib

import numpy as np
import pytest
import tifffile
from helpers import server_process
from helpers.server_process import code, png

from pyimagesearch.cli.main import main
from pyimagesearch.images import picture_io
from pyimagesearch.images.picture_io import TooManyPixels, UnreadablePicture, Upload
from pyimagesearch.serving import browser_runtime


@pytest.mark.parametrize("accept", ["text/html", "image/gif", "image/png;q=0"])
def test_no_format_that_is_acceptable_is_406(client, noise, accept):
    answer = client.post("/v1/upscale", content=png(noise(8, 8)), headers={"accept": accept})
    assert (answer.status_code, code(answer)) == (406, "not_acceptable")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", "bad_json"), ("{", "bad_json"), ("[]", "bad_json"), ('{"image": 1}', "bad_json"), ("{}", "bad_json"),
        ('{"image": "abc"}', "bad_data_url"), ('{"image": "data:image/png;base64,a*"}', "bad_base64"),
        ('{"image": "data:image/png;base64,"}', "no_picture"),
        ('{"image": "data:image/png;base64,aGFsbG8="}', "not_a_picture"),
        ('{"image": "data:image/png;base64,aGFsbG8=", "blend": 2}', "bad_json"),
        ('{"image": "data:image/png;base64,aGFsbG8=", "blend": NaN}', "bad_json"),
        ('{"image": "data:image/png;base64,aGFsbG8=", "clean": 0.5}', "no_mix"),
    ],
)  # fmt: skip
def test_wrong_json_is_422(client, body, expected):
    answer = client.post("/v1/upscale/base64", content=body)
    assert (answer.status_code, code(answer)) == (422, expected)


TRICKS = [
    "setup.cfg", "x.png", "", "..%2fsetup.cfg", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "%252e%252e%252fsetup.cfg",
    "..\\setup.cfg", "..%5csetup.cfg", "%2fetc%2fpasswd", "/etc/passwd", "../setup.cfg", "setup.cfg%00.png", "%ff.png",
    "C:%5cWindows%5cwin.ini", ".",
]  # fmt: skip


@pytest.mark.parametrize("folder", ["download", "page"])
@pytest.mark.parametrize("trick", TRICKS)
def test_no_file_can_be_asked_for(server, folder, trick):
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:  # clients tidy such paths up
        connection.sendall(f"GET /{folder}/{trick} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = connection.makefile("rb").read()
    assert answer.split(b"\r\n")[0] == b"HTTP/1.1 404 Not Found"
    assert b'{"error":{"code":' in answer
    assert b"secret" not in answer


@pytest.mark.parametrize(
    ("request_", "status", "expected"),
    [
        (("GET", "/nothing"), 404, "not_found"),
        (("GET", "/v1/upscale"), 405, "method_not_allowed"),
        (("PUT", "/generate"), 405, "method_not_allowed"),
        (("POST", "/v1/upscale?blend=1.5"), 422, "bad_parameter"),
        (("POST", "/v1/upscale?blend=nan"), 422, "bad_parameter"),
        (("POST", "/v1/upscale?crisp=much"), 422, "bad_parameter"),
        (("POST", "/v1/upscale?clean=0.5"), 422, "no_mix"),
        (("POST", "/v1/upscale"), 422, "no_picture"),
        (("POST", "/generate"), 422, "no_picture"),
        (("POST", "/v1/upscale?scale=5"), 422, "bad_parameter"),
        (("POST", "/v1/upscale?scale=two"), 422, "bad_parameter"),
        (("POST", "/v1/upscale?model=best"), 422, "bad_parameter"),
        (("POST", "/v1/upscale?model=light_x4_0&crisp=1"), 422, "bad_parameter"),
        (("POST", "/v1/upscale?format=gif"), 422, "bad_parameter"),
        (("POST", "/v1/upscale?quality=80"), 422, "bad_parameter"),
        (("POST", "/v1/upscale?format=png&quality=80"), 422, "bad_parameter"),
        (("POST", "/v1/upscale?format=jpeg&quality=0"), 422, "bad_parameter"),
    ],
)
def test_errors_have_one_shape(client, request_, status, expected):
    answer = client.request(*request_)
    assert (answer.status_code, code(answer)) == (status, expected)


PARAMETERS = "blend, clean, crisp, format, model, quality, scale"


@pytest.mark.parametrize(
    ("method", "path", "takes"),
    [
        ("POST", "/v1/upscale", PARAMETERS), ("POST", "/v1/jobs", PARAMETERS), ("POST", "/v1/upscale/base64", "none"),
        ("POST", "/generate", "none"), ("GET", "/download/a.png", "none"), ("GET", "/healthz", "none"),
        ("GET", "/v1/jobs/a", "none"), ("GET", "/v1/jobs/a/events", "none"), ("DELETE", "/v1/jobs/a", "none"),
        ("GET", "/v1/jobs/a/result", "format, quality, width"),
        ("GET", "/v1/jobs/a/pictures/0/result", "format, quality, width"),
        ("GET", "/docs", "none"), ("GET", "/openapi.json", "none"),
    ],
)  # fmt: skip
def test_a_parameter_that_an_endpoint_does_not_have_is_refused_by_name(client, method, path, takes):
    answer = client.request(method, f"{path}?size=2")
    assert (answer.status_code, code(answer)) == (422, "unknown_parameter")
    assert answer.json()["error"]["message"] == f"{path} has no parameter 'size'; it takes {takes}"


def test_the_page_opens_whatever_other_programs_append_to_its_address(client):
    assert client.get("/?utm_source=letter").status_code == 200
    assert client.get("/page/app.js?v=2").status_code == 200


@pytest.mark.parametrize(
    ("data", "status", "said"),
    [
        (b"text", 422, "my holiday.jpg is no picture of a kind that is read here, or it is damaged"),
        (png(np.zeros((40, 40), np.uint8))[:60], 422, "my holiday.jpg is damaged, or a part of it is missing"),
        (b"%PDF-1.7", 422, "my holiday.jpg: PDF, which is not read; draw its pages to PNG first"),
        (png(np.zeros((1000, 501), np.uint8)), 413, "my holiday.jpg has 0.501 megapixels (501x1000), and at most 0.5"),
        (bytes(server_process.MOST_BYTES + 1), 413, "my holiday.jpg is too large a file: at most 300.0 kB are taken"),
        (b"", 422, "my holiday.jpg is empty; send a picture's file"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_name_in_a_persons_words(client, data, status, said):
    for path in ("/v1/upscale", "/v1/jobs", "/generate"):
        answer = client.post(path, files={"image": ("my holiday.jpg", data)})
        message = answer.json()["error"]["message"]
        assert (answer.status_code, message[: len(said)]) == (status, said)
        assert "Pillow" not in message
        assert "OpenCV" not in message


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"files": {"picture": b"abc"}}, "no_picture"),
        ({"files": {"image": (None, "text")}}, "no_picture"),
        ({"files": [("image", b"a"), ("image", b"b")]}, "bad_form"),
        ({"files": {"image": b"a"}, "data": {"blend": "1"}}, "bad_form"),
        ({"content": b"abc", "headers": {"content-type": "multipart/form-data"}}, "bad_form"),
        ({"content": b"abc", "headers": {"content-type": "multipart/form-data; boundary=x"}}, "no_picture"),
        ({"content": b"GIF89a"}, "not_a_picture"),
        ({"content": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"}, "not_a_picture"),
        ({"content": b"<svg xmlns='http://www.w3.org/2000/svg'/>"}, "not_a_picture"),
    ],
)
def test_no_picture_is_422(client, body, expected):
    answer = client.post("/v1/upscale", **body)
    assert (answer.status_code, code(answer)) in {(422, expected), (422, "bad_form"), (422, "no_picture")}
    assert answer.status_code == 422


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(width, height, data):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", data) + chunk(b"IEND", b"")


HUGE = {
    "png": png_of(60000, 60000, zlib.compress(bytes(1000))),
    "png of gigabytes": png_of(30000, 30000, zlib.compress(bytes(30_000_000), 9)),
    "just above": png(np.zeros((1000, 501), np.uint8)),
    "bmp": b"BM"
    + struct.pack("<IHHIIiiHHIIiiII", 2000, 0, 0, 54, 40, 20000, 20000, 1, 24, 0, 0, 0, 0, 0, 0)
    + bytes(900),
    "ppm": b"P6 60000 60000 255\n" + bytes(100),
    "pfm, by OpenCV": b"PF\n20000 20000\n-1.0\n" + bytes(1000),
}


@pytest.mark.parametrize("name", HUGE)
def test_too_many_pixels_are_refused_by_the_header(client, server, name):
    before, began = server.memory(), time.monotonic()
    answer = client.post("/v1/upscale", content=HUGE[name])
    assert (answer.status_code, code(answer)) == (413, "too_many_pixels")
    assert server.memory() < before + 50_000_000
    assert time.monotonic() - began < 10


def tiff_of_floats(path, side):
    """A TIFF of three 32-bit floats a pixel, which Pillow does not know: a header without pixels."""
    tifffile.imwrite(path, np.zeros((8, 8, 3), np.float32), photometric="rgb")
    with tifffile.TiffFile(path, mode="r+b") as tiff:
        for name in ("ImageWidth", "ImageLength", "RowsPerStrip"):
            tiff.pages[0].tags[name].overwrite(side)
    return path.read_bytes()


def test_a_tiff_that_pillow_does_not_know_is_read_and_its_bomb_is_refused(client, tmp_path):
    assert client.post("/v1/upscale", content=tiff_of_floats(tmp_path / "a.tif", 8)).status_code == 200
    answer = client.post("/v1/upscale", content=tiff_of_floats(tmp_path / "b.tif", 20000))
    assert (answer.status_code, code(answer)) == (413, "too_many_pixels")


def test_data_that_inflates_without_end_is_cut_off_at_the_pictures_size(client, server):
    before = server.memory()
    answer = client.post("/v1/upscale", content=png_of(8, 8, zlib.compress(bytes(250_000_000), 9)))  # 243 kB
    assert answer.status_code in (200, 422)
    assert server.memory() < before + 50_000_000


@pytest.mark.parametrize("path", ["/v1/upscale", "/generate", "/v1/upscale/base64"])
def test_too_many_bytes_are_413_whether_announced_or_not(client, path):
    def parts():
        for _ in range(100):
            yield bytes(10_000)

    for body in ({"content": bytes(1_000_000)}, {"content": parts()}, {"files": {"image": bytes(450_000)}}):
        answer = client.post(path, **body)
        assert (answer.status_code, code(answer)) == (413, "too_many_bytes")


def test_who_sends_far_too_much_hears_why(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("POST", "/v1/upscale", bytes(30_000_000))  # fails where the server hangs up meanwhile
    assert connection.getresponse().status == 413
    connection.close()


def test_a_client_that_asks_first_need_not_send_what_is_too_much(server):
    head = "POST /v1/upscale HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000000\r\nExpect: 100-continue\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(head.encode())
        assert connection.recv(20).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    ("flags", "wrong"),
    [
        (["--max-pixels", "0"], "--max-pixels must be above 0, received 0"),
        (["--max-seconds", "nan"], "--max-seconds must be above 0, received nan"),
        (["--queue", "-1"], "--queue must be above 0, received -1"),
        (["--model", "none.keras"], "none.keras: no such model"),
        (["--weights", "random"], "--weights belongs to --art, which is missing"),
        (["--fast-models", "folder"], "--fast-models belongs to --art, which is missing"),
        (["--art", "--fast-models", "none"], "--fast-models none: no such folder"),
        (["--art", "--weights", "none.h5"], "--weights: no such file none.h5"),
        (["--model", "bicubic", "--gan-model", "bicubic"], "bicubic is none"),
        (
            ["--model", "bicubic", "--host", "no.such.host.invalid"],
            "--host no.such.host.invalid --port 0 cannot be used",
        ),
        (["--model", "bicubic", "--port", "70000"], "--port must be at least 0 and at most 65535, received 70000"),
    ],
)
def test_wrong_flags_are_one_line(flags, wrong, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENCV_IO_MAX_IMAGE_PIXELS", "1000000000")  # put back what the command sets
    assert main(["serve", "--port", "0", *flags]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert wrong in lines[0]


def test_a_port_in_use_is_one_line(server, capsys, monkeypatch):
    monkeypatch.setenv("OPENCV_IO_MAX_IMAGE_PIXELS", "1000000000")  # put back what the command sets
    assert main(["serve", "--model", "bicubic", "--port", str(server.port)]) == 2
    assert f"--port {server.port} cannot be used (Address already in use)" in capsys.readouterr().err


def test_without_its_packages_it_names_the_extra():
    program = (
        "import sys; sys.modules['uvicorn'] = None; from pyimagesearch.cli.main import main; sys.exit(main(['serve']))"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=server_process.ROOT)
    assert ended.returncode == 2
    assert ended.stderr == 'srgan: srgan serve needs uvicorn, which is missing: pip install -e ".[serve]"\n'


def test_what_tifffile_alone_reads_is_bounded_too(tmp_path):
    grey_with_alpha = np.random.default_rng(0).random((50, 40, 2), dtype=np.float32)
    extra = {"photometric": "minisblack", "extrasamples": ["unassalpha"], "planarconfig": "contig"}
    for name, settings in (("plain", {}), ("packed", {"compression": "zlib"})):
        tifffile.imwrite(tmp_path / name, grey_with_alpha, **extra, **settings)
        assert picture_io.read(tmp_path / name).samples.shape == (50, 40, 2)
    plain, packed = (Upload((tmp_path / name).read_bytes()) for name in ("plain", "packed"))
    assert picture_io.read(plain, 2000).samples.shape == (50, 40, 2)
    with pytest.raises(TooManyPixels):
        picture_io.read(plain, 1999)
    with pytest.raises(UnreadablePicture, match="save it as PNG"):
        picture_io.read(packed, 2000)  # tifffile inflates without end


def test_a_server_that_was_not_told_to_gives_browsers_no_network(client):
    assert client.get("/healthz").json()["browser"] is None
    for path in ("/browser/model", f"/browser/{browser_runtime.VERSION}/ort.wasm.min.mjs"):
        answer = client.get(path)
        assert (answer.status_code, code(answer)) == (404, "not_offered")
