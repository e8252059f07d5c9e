"""Upscaling in bfloat16 is as good as in float32, and is chosen where the processor is fast at it."""

from pathlib import Path

import numpy as np
import pytest
import skimage

from pyimagesearch.errors import InputError
from pyimagesearch.images import resize
from pyimagesearch.inference import precision, upscaler
from pyimagesearch.inference.mixture import load_mixture
from pyimagesearch.inference.upscaler import load_upscaler
from pyimagesearch.models.loading import SHIPPED


def pictures() -> list[np.ndarray]:
    """Photographs at a quarter of their size, and gradients that hardly rise: rounding shows as steps there."""
    photographs = [getattr(skimage.data, name)() for name in ("astronaut", "chelsea", "coffee", "rocket")]
    small = [resize.downscale(resize.crop_to_multiple(photograph, 4), 4) for photograph in photographs]
    ramps = [np.linspace(*ends, 120)[None, :, None] for ends in ((0, 255), (100, 130), (250, 255))]
    return [*small, *(np.round(np.tile(ramp, (24, 1, 3))).astype(np.uint8) for ramp in ramps)]


@pytest.mark.parametrize(
    "name", ["photo-gan", *(pytest.param(name, marks=pytest.mark.slow) for name in SHIPPED if name != "photo-gan")]
)
def test_bfloat16_differs_by_at_most_two_levels_and_is_at_work(name):
    exact, fast = load_upscaler(name, "float32"), load_upscaler(name, "bfloat16")
    differences = [np.abs(exact(lr).astype(int) - fast(lr)) for lr in pictures()]
    assert max(each.max() for each in differences) <= 2
    assert any(each.any() for each in differences)


def test_tiles_equal_the_whole_in_bfloat16(noise):
    whole, tiled = load_upscaler("light", "bfloat16"), load_upscaler("light", "bfloat16")
    tiled.tile = 40
    lr = noise(97, 70)
    np.testing.assert_array_equal(tiled(lr), whole(lr))


def test_a_mix_computes_in_the_precision_that_it_is_asked_for(noise):
    lr = noise(20, 20)
    results = {wanted: load_mixture(0.5, 0.5, wanted)(lr) for wanted in ("float32", "bfloat16")}
    assert (results["float32"] != results["bfloat16"]).any()


def test_a_model_in_another_precision_is_another_one():
    exact, fast = (load_upscaler("light", wanted).identity() for wanted in ("float32", "bfloat16"))
    assert exact != fast


@pytest.mark.parametrize(("flags", "chosen"), [("avx512f avx512_bf16", "bfloat16"), ("amx_bf16", "bfloat16"),
                                               ("avx512f fma", "float32"), (None, "float32")])  # fmt: skip
def test_auto_is_bfloat16_where_the_processor_has_it(flags, chosen, monkeypatch):
    def cpuinfo(path):
        assert str(path) == "/proc/cpuinfo"
        if flags is None:
            raise FileNotFoundError(path)
        return f"processor : 0\nflags : {flags}\n"

    monkeypatch.setattr(Path, "read_text", cpuinfo)
    assert precision.for_inference("auto") == chosen
    assert precision.for_inference("float32") == "float32"


def test_another_precision_is_refused():
    with pytest.raises(InputError, match="`precision` must be auto, float32 or bfloat16, received half"):
        upscaler.load_upscaler("light", "half")
