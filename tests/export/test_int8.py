"""`srgan export --int8`: convolutions in 8 bits, all else in float32, and no file that loses too much."""

import numpy as np
import pytest
from helpers.entry_points import run_command
from helpers.optional_extras import need_export
from helpers.score_pictures import smooth
from PIL import Image

from pyimagesearch.evaluation.folders import folder_pairs
from pyimagesearch.evaluation.scores import psnr_y
from pyimagesearch.export import exporter, int8, runtimes
from pyimagesearch.export.int8_pictures import read_pictures
from pyimagesearch.export.int8_ranges import Ranges
from pyimagesearch.images import resize
from pyimagesearch.inference.upscaler import load_upscaler

need_export()
pytest.importorskip("ai_edge_quantizer", reason='ai-edge-quantizer is not installed: pip install -e ".[export]"')

RUNTIME = {"onnx": "onnxruntime", "tflite": "LiteRT"}


@pytest.fixture
def export(save_generator, tmp_path, capsys):
    """export(format, *flags, model) exports a tiny generator to tmp_path/out: exit code, stdout, lines of stderr."""

    def run(name, *flags, model=None):
        output = tmp_path / "out" / ("model" if name == "savedmodel" else f"model.{name}")
        model = model or save_generator("light", 4)[0]
        return run_command(capsys, "export", model, "--format", name, "-o", output, *flags)

    return run


def photographs(folder, count):
    """`count` pictures in a new folder."""
    folder.mkdir()
    for number in range(count):
        Image.fromarray(smooth(96, 112, number)).save(folder / f"{number:02d}.png")
    return folder


@pytest.mark.parametrize("name", ["tflite", "onnx"])
def test_convolutions_become_8_bits_and_the_picture_stays_the_models(export, save_generator, tmp_path, name):
    code, out, err = export(name, "--int8", "--images", photographs(tmp_path / "photos", 8))
    assert (code, err) == (0, [])
    assert "calibrated on 5 pictures" in out
    assert "on 3 held-out pictures of" in out
    assert "sr: float32 (batch, 4*height, 4*width, 3)" in out
    path = tmp_path / f"out/model.{name}"
    kinds = KINDS[name](path)
    assert kinds["8 bits"] >= 1
    assert kinds["interpolation"] == "float32"
    assert kinds["sum"] == "float32"
    _, forward = runtimes.RUNTIMES[RUNTIME[name]](str(path))
    for height, width in ((40, 31), (24, 56)):  # neither is a size that it was calibrated on
        lr = resize.downscale(smooth(4 * height, 4 * width, 5), 4)[None].astype(np.float32)
        lr = np.concatenate([lr, lr[:, ::-1]])
        model = np.array(save_generator("light", 4)[1](lr)).clip(0, 255)
        sr = forward(lr)
        assert (sr.shape, sr.dtype) == (model.shape, np.float32)
        assert 0 <= sr.min() <= sr.max() <= 255
        assert 0 < np.sqrt(np.mean((sr - model) ** 2)) < 1.5


def _tflite_kinds(path):
    """How many convolutions are in 8 bits, and in what the interpolation and the last sum are computed."""
    from ai_edge_litert.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model(str(path))
    graph = model.subgraphs[0]
    assert list(graph.tensors[graph.inputs[0]].shape) == [1, 1, 1, 3]  # as without --int8
    types = {0: "float32", 9: "8 bits"}
    computed = {
        (graph.tensors[op.outputs[0]].name.decode(), kind): types[graph.tensors[op.inputs[1]].type]
        for op in graph.operators
        if (kind := flatbuffer_utils.opcode_to_name(model, op.opcodeIndex)) in ("CONV_2D", "ADD")
    }
    return _kinds({name: kind for (name, _), kind in computed.items()})


def _onnx_kinds(path):
    import onnx

    model = onnx.load(path)
    assert {entry.key for entry in model.metadata_props} >= {"input", "output", "scale"}
    made_by = {name: node.op_type for node in model.graph.node for name in node.output}
    computed = {
        node.name: "8 bits" if {made_by.get(name) for name in node.input[:2]} == {"DequantizeLinear"} else "float32"
        for node in model.graph.node
        if node.op_type in ("Conv", "Add")
    }
    return _kinds(computed)


def _kinds(computed):
    (interpolation,) = [kind for name, kind in computed.items() if "bicubic" in name]
    (total,) = [kind for name, kind in computed.items() if "/sr" in name]
    return {"8 bits": list(computed.values()).count("8 bits"), "interpolation": interpolation, "sum": total}


KINDS = {"tflite": _tflite_kinds, "onnx": _onnx_kinds}


@pytest.mark.slow
def test_a_file_that_loses_too_much_is_refused_and_what_was_there_stays(export, tmp_path):
    from skimage import data

    photos = photographs(tmp_path / "photos", 9)
    for number in (1, 4, 7):  # the held-out ones are sharp, those that it is calibrated on are not
        Image.fromarray(data.astronaut()[20 * number :][:128, 150:278]).save(photos / f"{number:02d}.png")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/model.tflite").write_text("precious")
    code, _, err = export("tflite", "--int8", "--images", photos, "--overwrite", model="light")
    assert (code, len(err)) == (1, 1)
    assert "model.tflite: not written" in err[0]
    assert "dB lost" in err[0]
    assert "0.15 dB are accepted: calibrate on more photographs" in err[0]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["model.tflite"]
    assert (tmp_path / "out/model.tflite").read_text() == "precious"


def test_pictures_that_cannot_be_used_are_named_and_the_others_serve(export, tmp_path):
    photos = photographs(tmp_path / "photos", 9)
    (photos / "00.png").write_bytes((photos / "00.png").read_bytes()[:400])
    Image.fromarray(smooth(40, 200)).save(photos / "05.png")
    code, _, err = export("tflite", "--int8", "--images", photos)
    assert (code, len(err)) == (2, 1)
    assert "--images" in err[0]
    assert "7 of its pictures can be used" in err[0]
    assert "00.png" in err[0]
    assert "at least 8" in err[0]
    Image.fromarray(smooth(96, 96)).save(photos / "05.png")
    pictures = read_pictures(str(photos), 4)
    assert [pair.name for pair in pictures.held_out] == ["02.png", "05.png", "08.png"]
    assert [pair.name for pair in pictures.calibration] == ["01.png", "03.png", "04.png", "06.png", "07.png"]


@pytest.mark.parametrize(
    ("name", "flags", "said"),
    [
        ("savedmodel", ["--int8", "--images", "."], "SavedModel has no convolutions in 8 bits; choose --format"),
        ("onnx", ["--int8"], "--int8 needs --images"),
        ("onnx", ["--images", "."], "only --int8 uses photographs"),
        ("onnx", ["--int8", "--images", "none"], "none: no such folder"),
        ("onnx", ["--int8", "--images", "empty"], "empty: holds no picture"),
    ],
)  # fmt: skip
def test_flags_that_do_not_fit_are_one_line(export, tmp_path, monkeypatch, name, flags, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    code, _, err = export(name, *flags)
    assert (code, len(err)) == (2, 1)
    assert said in err[0]
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_a_missing_quantizer_is_one_line(export, tmp_path, monkeypatch):
    monkeypatch.setattr(exporter, "find_spec", lambda name: None if name == "ai_edge_quantizer" else name)
    code, _, err = export("tflite", "--int8", "--images", tmp_path)
    assert (code, len(err)) == (2, 1)
    assert 'TFLite needs ai_edge_quantizer: pip install -e ".[export]"' in err[0]


def test_convolutions_that_lose_the_most_for_their_work_stay_float():
    losses = {"first": 0.06, "large": 0.04, "small": 0.005, "last": 0.05}
    work = {"first": 1, "large": 100, "small": 10, "last": 5}
    assert int8.staying_float(losses, work) == {"first", "last"}  # the others lose 0.045 of BUDGET's 0.05 dB
    assert int8.staying_float({"a": 0.01, "b": 0.02}, {"a": 1, "b": 1}) == set()


def test_one_picture_in_ten_does_not_widen_a_range():
    ranges = Ranges()
    for number in range(30):
        ranges.add("x", np.array([0.5, 2.0 if number else 90.0]))
    assert ranges.range("x") == (0.0, 2.0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tflite", "onnx"])
def test_light_keeps_its_scores_on_set14(export, test_data, tmp_path, name):
    code, out, err = export(name, "--int8", "--images", test_data / "photos", model="light")
    assert (code, err) == (0, [])
    assert "calibrated on 24 pictures" in out
    _, forward = runtimes.RUNTIMES[RUNTIME[name]](str(tmp_path / f"out/model.{name}"))
    upscaler, lost = load_upscaler("light"), []
    for pair in folder_pairs(str(test_data / "benchmarks/Set14/HR"), None, 4):
        (sr,) = resize.to_whole(forward(pair.lr[None].astype(np.float32)), np.dtype(np.uint8))
        lost.append(psnr_y(upscaler(pair.lr), pair, 4) - psnr_y(sr, pair, 4))
    assert np.mean(lost) < 0.15
