"""Pictures on a bucket: read, upscaled and scored through TensorFlow's own client, from an emulator on this machine."""

import io
import json
import urllib.parse

import pytest
from helpers.command_session import CommandSession
from helpers.entry_points import run_command
from helpers.gcs_emulator import LocalGCS
from helpers.result_folders import files
from PIL import Image

pytestmark = pytest.mark.slow

UPSCALE = ("upscale", "--model", "bicubic", "--scale", "2")
BROKEN = "gs://shots/photos/broken.png: corrupt or truncated picture"


def start(gcs) -> CommandSession:
    """Tests change objects sooner than after the 5 s for which TensorFlow believes what it knows of them."""
    return CommandSession(gcs.child(GCS_STAT_CACHE_MAX_AGE="0"))


@pytest.fixture(scope="module")
def gcs(tmp_path_factory):
    with LocalGCS(tmp_path_factory.mktemp("gcs")) as service:
        yield service


@pytest.fixture(scope="module")
def session(gcs):
    with start(gcs) as commands:
        yield commands


@pytest.fixture
def photos(tmp_path, noise):
    """A local folder of pictures of every kind: still, animated, without a suffix, hidden, broken, in a folder."""
    folder = tmp_path / "photos"
    (folder / "deeper").mkdir(parents=True)
    stills = [Image.fromarray(noise(9, 12, number)) for number in range(5)]
    stills[0].save(folder / "a.png")
    stills[1].save(folder / "b.jpg")
    stills[2].save(folder / "deeper" / "c.png")
    stills[3].save(folder / "scan", "PNG")
    stills[4].save(folder / ".hidden.png")
    stills[0].save(folder / "moves.gif", save_all=True, append_images=stills[1:3], duration=100)
    (folder / "broken.png").write_bytes((folder / "a.png").read_bytes()[:200])
    (folder / "notes.txt").write_text("no picture")
    return folder


@pytest.fixture
def bucket(gcs, photos):
    """The bucket `shots` with the photos, and nothing else."""
    gcs.forward("DELETE", "/storage/v1/b/shots?force=true")
    gcs.make_bucket("shots")
    for name in gcs.names("shots"):
        gcs.forward("DELETE", f"/storage/v1/b/shots/o/{urllib.parse.quote(name, '')}")
    for path in photos.rglob("*"):
        if path.is_file():
            gcs.put("shots", f"photos/{path.relative_to(photos)}", path.read_bytes())
    yield gcs
    gcs.asked = lambda *_: None


def results(gcs, folder="out"):
    """The results in a folder of the bucket and their bytes, without the records."""
    names = [name for name in gcs.names("shots") if name.startswith(f"{folder}/") and "/." not in name]
    return {name[len(folder) + 1 :]: gcs.read("shots", name) for name in names}


@pytest.fixture
def expected(photos, tmp_path, capsys):
    """What the command makes of the same pictures in local folders."""
    local = tmp_path / "local"
    code, out, _ = run_command(capsys, *UPSCALE, photos, "-r", "-o", local)
    assert (code, "5 of 6 picture(s) upscaled" in out) == (1, True)
    return {name: (local / name).read_bytes() for name in files(local)}


def upload_of(name):
    """Whether a request begins the upload of an object."""
    ending = f"name={urllib.parse.quote(name, '')}"
    return lambda method, path: method == "POST" and "/upload/" in path and ending in path


def test_a_folder_on_a_bucket_becomes_what_a_local_one_becomes_and_is_not_made_again(session, bucket, expected, noise):
    command = (*UPSCALE, "gs://shots/photos", "-r", "-o", "gs://shots/out")
    code, out, err = session(*command)
    assert (code, len(err)) == (1, 2)
    assert err[0].startswith(BROKEN)
    assert "5 of 6 picture(s) upscaled, 1 failed" in out
    assert results(bucket) == expected
    assert {"moves.webp", "scan.png", "deeper/c.png"} < set(expected)

    written = len([1 for method, *_ in bucket.requests if method == "POST"])
    code, out, err = session(*command)
    assert (code, len(err)) == (1, 2)
    assert "0 of 6 picture(s) upscaled, 5 done before, 1 failed" in out
    assert len([1 for method, *_ in bucket.requests if method == "POST"]) == written, "something was uploaded again"

    other = io.BytesIO()
    Image.fromarray(noise(7, 8, 9)).save(other, "PNG")
    bucket.put("shots", "photos/a.png", other.getvalue())
    bucket.put("shots", "out/b.jpg", b"somebody changed it")
    code, out, err = session(*command)
    assert "0 of 6 picture(s) upscaled, 3 done before, 3 failed" in out
    assert "gs://shots/out/a.png: exists already, made of another state of its picture; --overwrite" in err[0]
    assert "gs://shots/out/b.jpg: exists already, changed since it was made; --overwrite" in err[1]
    assert "2 of 6 picture(s) upscaled, 3 done before, 1 failed" in session(*command, "--overwrite")[1]
    assert results(bucket)["b.jpg"] == expected["b.jpg"]
    with Image.open(io.BytesIO(results(bucket)["a.png"])) as again:
        assert again.size == (16, 14)


def test_single_files_and_local_folders_go_both_ways(session, bucket, photos, tmp_path, expected):
    assert session(*UPSCALE, "gs://shots/photos/b.jpg", "-o", tmp_path / "b.jpg")[0] == 0
    assert (tmp_path / "b.jpg").read_bytes() == expected["b.jpg"]
    assert session(*UPSCALE, photos / "b.jpg", "-o", "gs://shots/x2/b.jpg")[0] == 0
    assert results(bucket, "x2") == {"b.jpg": expected["b.jpg"]}
    code, _, err = session(*UPSCALE, photos / "b.jpg", "-o", "gs://shots/x2/b.jpg")
    assert (code, err) == (1, ["srgan: gs://shots/x2/b.jpg: exists already; --overwrite replaces it"])
    assert "2 of 2" in session(*UPSCALE, photos / "deeper", "gs://shots/photos/a.png", "-o", "gs://shots/mixed")[1]
    assert results(bucket, "mixed") == {"a.png": expected["a.png"], "c.png": expected["deeper/c.png"]}


def test_a_call_that_is_killed_goes_on_and_leaves_no_half_file(gcs, session, bucket, expected):
    command = (*UPSCALE, "gs://shots/photos", "-r", "-o", "gs://shots/out")
    is_last = upload_of("out/deeper/c.png")
    with start(gcs) as doomed:
        gcs.asked = lambda *request: doomed.process.kill() if is_last(*request) else None
        assert doomed(*command)[0] is None
    gcs.asked = lambda *_: None
    done = results(bucket)
    assert done == {name: expected[name] for name in ("a.png", "b.jpg")}
    assert "3 of 6 picture(s) upscaled, 2 done before, 1 failed" in session(*command)[1]
    assert results(bucket) == expected


@pytest.mark.parametrize(
    ("status", "said"), [(403, "gs://shots: no permission (HTTP 403"), (503, "gs://shots: cannot be reached after 2")]
)
def test_a_bucket_that_fails_in_the_middle_is_one_line_and_the_same_call_goes_on(session, bucket, status, said):
    command = (*UPSCALE, "gs://shots/photos", "-o", "gs://shots/out")
    is_second = upload_of("out/b.jpg")
    bucket.asked = lambda *request: status if is_second(*request) else None
    code, _, err = session(*command)
    assert (code, len(err)) == (1, 1)
    assert said in err[0]
    assert err[0].endswith("; the results before this one are done")
    assert set(results(bucket)) == {"a.png"}
    bucket.asked = lambda *_: None
    assert "3 of 5 picture(s) upscaled, 1 done before, 1 failed" in session(*command)[1]


def test_a_runner_of_beam_makes_the_same_of_a_bucket(session, bucket, expected):
    pytest.importorskip("apache_beam")
    command = (*UPSCALE, "gs://shots/photos", "-r", "-o", "gs://shots/out", "--runner", "direct")
    is_second = upload_of("out/b.jpg")
    bucket.asked = lambda *request: 403 if is_second(*request) else None
    code, _, err = session(*command)
    assert (code, len(err)) == (1, 1)
    assert "gs://shots: no permission (HTTP 403" in err[0]
    bucket.asked = lambda *_: None
    before = results(bucket)
    assert {"a.png": expected["a.png"]} == {name: data for name, data in before.items() if name < "b"}

    code, out, err = session(*command)
    assert (code, len(err)) == (1, 2)
    assert err[0].startswith(BROKEN)
    assert f"{5 - len(before)} of 6 picture(s) upscaled, {len(before)} done before, 1 failed" in out
    assert results(bucket) == expected
    assert [name for name in bucket.names("shots") if "/.srgan-run" in name] == []


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("gs://nowhere/photos", "-o", "x"), 2, "gs://nowhere: no such bucket (HTTP 404"),
        (("{photos}", "-o", "gs://nowhere/out"), 2, "gs://nowhere: no such bucket (HTTP 404"),
        (("gs://locked/photos", "-o", "x"), 2, "gs://locked: no permission (HTTP 403"),
        (("gs://down/photos", "-o", "x"), 1, "gs://down: cannot be reached after 2 retries"),
        (("gs://shots/none.png", "-o", "x"), 2, "gs://shots/none.png: no such object or folder"),
        (("gs://shots/photos/*.png", "-o", "x"), 2, "gs://shots/photos/*.png: no such object or folder; globs are for"),
        (("gs://shots/photos/film.mp4", "-o", "x"), 2, "films are read from and written to local files"),
        (("gs://shots/photos/a.png", "-o", "gs://shots/photos"), 2, "gs://shots/photos/a.png: would be replaced by"),
    ],
)
def test_what_cannot_be_used_is_one_line_before_anything_is_done(session, bucket, photos, args, code, said):
    bucket.make_bucket("locked")
    bucket.make_bucket("down")
    bucket.refused["locked"] = 403
    bucket.busy["down"] = 10**9
    bucket.put("shots", "photos/film.mp4", b"a film")
    before = bucket.names("shots")
    got, _, err = session(*UPSCALE, *(arg.format(photos=photos) for arg in args))
    assert (got, len(err)) == (code, 1), err
    assert said in err[0]
    assert bucket.names("shots") == before


def test_scores_of_pictures_on_a_bucket_are_those_of_local_ones(session, bucket, pictures, tmp_path, capsys):
    for path in pictures.rglob("*.png"):
        bucket.put("shots", str(path.relative_to(pictures)), path.read_bytes())
    bucket.put("shots", "hr/scan", (pictures / "hr" / "0000.png").read_bytes())  # a picture by its content
    bucket.put("shots", "lr/scanx4.png", (pictures / "lr" / "0000x4.png").read_bytes())
    bucket.put("shots", "hr/broken.png", b"no picture")
    bucket.put("shots", "lr/brokenx4.png", b"no picture")
    scores, local = tmp_path / "scores.json", tmp_path / "local.json"
    code, _, err = session(
        "evaluate", "--hr", "gs://shots/hr", "--lr", "gs://shots/lr", "--json", scores, "--page", "gs://shots/page"
    )
    assert (code, len(err)) == (1, 2)
    assert "gs://shots/hr/broken.png" in err[0]
    assert "1 of 6 picture(s) failed; the others are scored" in err[1]
    run_command(capsys, "evaluate", "--hr", pictures / "hr", "--lr", pictures / "lr", "--json", local)
    ours, theirs = (json.loads(path.read_text())["models"]["bicubic"]["pictures"] for path in (scores, local))
    assert set(ours) == {*theirs, "scan"}
    for name, row in theirs.items():
        assert {key: ours[name][key] for key in ("psnr_y", "ssim_y")} == {key: row[key] for key in ("psnr_y", "ssim_y")}
    assert ours["scan"]["psnr_y"] == ours["0000.png"]["psnr_y"]
    assert "page/index.html" in bucket.names("shots")
    code, _, err = session("evaluate", "--lr", "gs://shots/lr", "--page", tmp_path / "page")
    assert (code, len(err)) == (1, 2)
    assert (tmp_path / "page/index.html").is_file()
    code, _, err = session("evaluate", "--hr", "gs://nowhere/hr")
    assert (code, len(err)) == (2, 1)
    assert "gs://nowhere: no such bucket" in err[0]
