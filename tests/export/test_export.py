"""`srgan export`: files that give the Keras model's pictures where they run, or no files at all."""

import dataclasses
import itertools
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from helpers.optional_extras import need_export

from pyimagesearch.cli.main import main
from pyimagesearch.config_groups import SCALES
from pyimagesearch.export import exporter, parity
from pyimagesearch.export.formats import FORMATS, register_format
from pyimagesearch.export.network import LR
from pyimagesearch.models import GENERATORS
from pyimagesearch.system import files

need_export()

SUFFIX = {"savedmodel": "", "onnx": ".onnx", "tflite": ".tflite"}


@pytest.fixture
def srgan(save_generator, tmp_path, capsys):
    """srgan(format) exports a tiny generator into tmp_path/out: exit code, stdout, stderr."""

    def run(name, *flags, model=None, output=None):
        model = model or save_generator("light", 4)[0]
        output = output or tmp_path / f"out/model{SUFFIX[name]}"
        capsys.readouterr()
        code = main(["export", str(model), "--format", name, "-o", str(output), *flags])
        return code, *capsys.readouterr()

    return run


def left(folder):
    return sorted(path.name for path in folder.glob("*")) if folder.exists() else []


def _exports() -> list:
    """Every two of generator, scale and format come together; one of each format is fast."""
    fast = [("light", 4, "savedmodel"), ("light", 4, "onnx"), ("edsr", 3, "tflite")]
    formats = itertools.cycle(SUFFIX)
    pairs = [
        (kind, scale, name)
        for kind in GENERATORS
        for scale, name in zip(SCALES, itertools.islice(formats, len(SCALES)), strict=True)
    ]
    slow = [pytest.param(*case, marks=pytest.mark.slow) for case in pairs if case not in fast]
    return [pytest.param(*case) for case in fast] + slow


@pytest.mark.parametrize(("kind", "scale", "name"), _exports())
def test_every_generator_is_exported_to_every_format(srgan, save_generator, tmp_path, kind, scale, name):
    code, out, err = srgan(name, model=save_generator(kind, scale)[0])
    assert (code, err) == (0, "")
    for runtime in FORMATS[name].runtimes:
        assert re.search(rf"^{runtime} [\d.]+: at most [01] level", out, re.MULTILINE)
    assert f"sr: float32 (batch, {scale}*height, {scale}*width, 3)" in out
    assert left(tmp_path / "out") == [f"model{SUFFIX[name]}"]


def test_what_the_file_gives_stays_in_the_range_of_pictures(srgan, save_generator, tmp_path, noise):
    import onnxruntime

    path, model = save_generator("edsr", 2)
    lr = noise(24, 31)[None].astype("float32")
    unbounded = np.array(model(lr))
    assert unbounded.min() < -1
    assert unbounded.max() > 256
    assert srgan("onnx", model=path)[0] == 0
    (sr,) = onnxruntime.InferenceSession(tmp_path / "out/model.onnx").run(["sr"], {"lr": lr})
    np.testing.assert_allclose(sr, unbounded.clip(0, 255), atol=0.01)


def test_a_file_says_what_goes_in_and_comes_out(srgan, tmp_path):
    import onnx
    from ai_edge_litert.interpreter import Interpreter

    assert srgan("onnx")[0] == srgan("tflite")[0] == 0
    model = onnx.load(tmp_path / "out/model.onnx")
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert metadata["scale"] == "4"
    assert metadata["input"] == "lr: float32 (batch, height, width, 3), RGB in [0, 255]"
    shape = model.graph.input[0].type.tensor_type.shape
    assert [side.dim_param or side.dim_value for side in shape.dim] == ["batch", "height", "width", 3]
    path = tmp_path / "out/model.tflite"
    assert metadata["output"].encode() in path.read_bytes()
    assert Interpreter(str(path)).get_signature_list() == {"serving_default": {"inputs": ["lr"], "outputs": ["sr"]}}


def _perturbed(write):
    """A writer of files whose output is 3 levels brighter."""

    def write_brighter(network, path):
        forward = network.forward
        network.forward = tf.function(lambda lr: {"sr": forward(lr)["sr"] + 3.0}, input_signature=[LR])
        write(network, path)

    return write_brighter


@pytest.mark.parametrize(("name", "runtime"), [("onnx", "onnxruntime"), ("tflite", "LiteRT")])
def test_a_file_that_differs_is_refused_and_what_was_there_stays(srgan, tmp_path, name, runtime):
    (tmp_path / "out").mkdir()
    (tmp_path / f"out/model.{name}").write_text("precious")
    target = FORMATS[name]
    FORMATS.register(name)(dataclasses.replace(target, write=_perturbed(target.write)))
    try:
        code, _, err = srgan(name, "--overwrite")
    finally:
        FORMATS.register(name)(target)
    assert code == 1
    assert err.count("\n") == 1
    assert f"model.{name}: not written" in err
    assert re.search(rf"{runtime} [\d.]+: at most [34] level", err)
    assert left(tmp_path / "out") == [f"model.{name}"]
    assert (tmp_path / f"out/model.{name}").read_text() == "precious"


def test_a_format_is_a_function_and_its_registration(save_generator, tmp_path):
    @register_format("toy", title="Toy", suffix=".toy")
    def write_toy(network, path):
        Path(path).write_text(f"x{network.scale}")

    network, parities = exporter.export_model(str(save_generator("light", 4)[0]), "toy", str(tmp_path / "model.toy"))
    assert (network.scale, parities) == (4, [])
    assert (tmp_path / "model.toy").read_text() == "x4"
    program = (
        "import sys; from pathlib import Path; from pyimagesearch.cli import main, export; "
        "from pyimagesearch.export.formats import register_format; "
        "register_format('toy', title='Toy', suffix='.toy')(print); "
        "main.main(['export', '--help'])"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "{savedmodel,onnx,tflite,toy}" in ended.stdout
    assert "OUT.onnx, OUT.tflite, OUT.toy; savedmodel: a folder" in " ".join(ended.stdout.split())


RUNTIME = """
import os, sys, numpy as np
given = np.load(sys.argv[3])
srs = [given[name].repeat(4, axis=1).repeat(4, axis=2) for name in given.files]
{}
np.savez(sys.argv[4], *srs)
print("1.0")
"""


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("", r"OpenCV 1\.0: at most 2 level"),
        ("srs[1][0, 5, 5, 1] = np.nan", "samples that are no numbers"),
        ("srs[2] = srs[2][:, 1:]", r"pictures of \(2, 159, 244, 3\) in place of \(2, 160, 244, 3\)"),
        ("os.kill(os.getpid(), 11)", r"OpenCV crashed on it \(SIGSEGV\)"),
        ("raise ValueError('no such layer:' + chr(10) + '> Resize')", "cannot run it .*no such layer: > Resize"),
    ],
    ids=["differs", "nan", "shape", "crash", "error"],
)
def test_a_runtime_that_fails_is_one_line(tmp_path, monkeypatch, does, said):
    script = tmp_path / "runtimes.py"
    script.write_text(RUNTIME.format(does))
    monkeypatch.setattr(parity.runtimes, "__file__", str(script))
    lrs = parity.pictures()
    known = [np.uint8(lr).repeat(4, axis=1).repeat(4, axis=2) for lr in lrs]
    if not does:
        assert parity.compare("m.onnx", "OpenCV", lrs, known).levels == 0
        known[-1][0, -1, -1, 2] ^= 2  # a single sample
    with pytest.raises(parity.RunError) as refused:
        parity.compare("m.onnx", "OpenCV", lrs, known)
    assert re.search(said, str(refused.value))
    assert "\n" not in str(refused.value)


def test_the_photographs_of_the_check_are_of_several_sizes_and_some_are_odd():
    shapes = [lr.shape for lr in parity.pictures()]
    assert len(set(shapes)) == len(shapes) >= 4
    assert any(height % 2 and width % 2 for _, height, width, _ in shapes)
    assert {shape[0] for shape in shapes} == {1, 2}


@pytest.mark.parametrize(
    ("name", "output", "said"),
    [
        ("onnx", "model.tflite", "ONNX is a file that ends in .onnx"),
        ("tflite", "model", "TFLite is a file that ends in .tflite"),
        ("savedmodel", "model.onnx", "SavedModel is a folder"),
        ("savedmodel", "model.keras/", "SavedModel is a folder"),
        ("onnx", "gs://bucket/model.onnx", "is no local file"),
    ],
)
def test_an_output_that_does_not_fit_the_format_is_refused(srgan, tmp_path, name, output, said):
    code, _, err = srgan(name, output=output if output[:2] == "gs" else tmp_path / output)
    assert (code, err.count("\n")) == (2, 1)
    assert said in err
    assert left(tmp_path) == []


@pytest.mark.parametrize(("model", "said"), [("none.keras", "no such model"), ("bicubic", "bicubic is no network")])
def test_a_model_that_is_none_is_refused(srgan, tmp_path, model, said):
    code, _, err = srgan("onnx", model=model)
    assert (code, err.count("\n")) == (2, 1)
    assert said in err
    assert left(tmp_path / "out") == []


def test_nothing_is_overwritten_without_the_flag_and_no_folder_but_a_savedmodel(srgan, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.png").write_text("precious")
    assert "photos: exists already; --overwrite" in srgan("savedmodel", output=folder)[2]
    code, _, err = srgan("savedmodel", "--overwrite", output=folder)
    assert code == 2
    assert "exists and is no SavedModel" in err
    assert left(folder) == ["a.png"]
    assert "is no ONNX" in srgan("onnx", "--overwrite", output=_folder(tmp_path / "model.onnx"))[2]


def _folder(path):
    path.mkdir()
    return path


def test_a_missing_extra_is_one_line(srgan, tmp_path, monkeypatch):
    monkeypatch.setattr(exporter, "find_spec", lambda name: None if name in ("tf2onnx", "ai_edge_litert") else name)
    for name, missing in (("onnx", "tf2onnx"), ("tflite", "ai_edge_litert")):
        code, _, err = srgan(name)
        assert (code, err.count("\n")) == (2, 1)
        assert f'needs {missing}: pip install -e ".[export]"' in err
    assert left(tmp_path / "out") == []


def test_a_full_disk_is_one_line(srgan, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(files.shutil, "disk_usage", lambda _: usage._replace(free=1000))
    code, _, err = srgan("onnx")
    assert (code, err.count("\n")) == (2, 1)
    assert "only 1.0 kB are free" in err
    assert left(tmp_path / "out") == []


def test_a_folder_appears_whole_and_in_place_of_the_old_one(tmp_path):
    target = tmp_path / "model"
    for content in ("first", "second"):
        with files.appearing_folder(f"{target}/") as beside:
            (Path(beside) / content).write_text(content)
            assert left(target) == (["first"] if content == "second" else [])
        assert left(target) == [content]
    with pytest.raises(FileNotFoundError), files.appearing_folder(str(target)) as beside:
        (Path(beside) / "no folder/third").write_text("")
    assert left(target) == ["second"]
    assert left(tmp_path) == ["model"]
