"""ONNX files of mixes: what a page runs is what the server computes."""

import numpy as np
import pytest
from helpers.optional_extras import need_export

from pyimagesearch.errors import RunError
from pyimagesearch.export.onnx_graph import OnnxGraph
from pyimagesearch.inference.mixture import Mixture, Single
from pyimagesearch.models.loading import load_generator

need_export()


def run(file: bytes, lr: np.ndarray) -> np.ndarray:
    """What ONNX Runtime makes of a uint8 picture (H, W, 3), rounded."""
    import onnxruntime

    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    return np.rint(session.run(["sr"], {"lr": lr[None].astype(np.float32)})[0][0])


def test_one_conversion_serves_every_mix(models, noise):
    mixture, lr = Mixture([(models[0], models[1])], "float32"), noise(20, 30)
    graph = OnnxGraph(load_generator(models[1]), 4, 4)
    results = {crisp: run(graph.file(mixture.weights(crisp=crisp)), lr) for crisp in (0.0, 0.4, 1.0)}
    for crisp, sr in results.items():
        assert np.abs(sr - mixture.at(crisp=crisp)(lr)).max() <= 1
    assert np.abs(results[0.0] - results[1.0]).max() > 10


def test_weights_of_a_mix_leave_the_network_as_it_is(models, noise):
    mixture, lr = Mixture([(models[0], models[1])]), noise(8, 9)
    upscaler = mixture.at(crisp=1.0)
    before = upscaler(lr)
    mixture.weights(crisp=0.0)
    assert np.array_equal(upscaler(lr), before)


@pytest.mark.parametrize(
    ("kind", "scale"), [("light", 2), *(pytest.param(kind, 3, marks=pytest.mark.slow) for kind in ("srresnet", "edsr"))]
)
def test_smaller_scales_are_those_of_the_upscaler(save_generator, noise, kind, scale):
    path, network = save_generator(kind, 4)
    single, lr = Single(str(path), "float32"), noise(20, 30)
    sr = run(OnnxGraph(network, 4, scale).file(single.weights()), lr)
    assert np.abs(sr - single.at().at_scale(scale)(lr)).max() <= 1


def test_a_network_that_cannot_be_converted_is_told_in_one_line(save_generator, monkeypatch):
    import tf2onnx

    def fail(*_, **__):
        raise ValueError("no such operation\nat all")

    monkeypatch.setattr(tf2onnx.convert, "from_function", fail)  # all networks here can be
    with pytest.raises(RunError, match=r"light cannot be converted to ONNX .*no such operation") as caught:
        OnnxGraph(save_generator("light", 4)[1], 4, 4)
    assert "\n" not in str(caught.value)
