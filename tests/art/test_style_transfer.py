"""Style transfer of arrays: the same steps as the cookbook's, its levels, masks, colours and kinds of pictures."""

import tracemalloc

import numpy as np
import pytest

from pyimagesearch.art.float_pictures import floats
from pyimagesearch.art.style_colours import KEEP_COLOURS, grey
from pyimagesearch.art.style_settings import OPTIMIZERS
from pyimagesearch.art.style_transfer import StyleTransferrer
from pyimagesearch.benchmarks.style import SourceTransfer
from pyimagesearch.errors import InputError
from pyimagesearch.images import resize

SMALL = {"epochs": 1, "steps_per_epoch": 3, "size": 64}


@pytest.fixture(scope="module")
def transferrer() -> StyleTransferrer:
    return StyleTransferrer(weights="random")


@pytest.fixture(scope="module")
def photograph() -> np.ndarray:
    from skimage import data

    return resize.resize_bicubic(data.astronaut(), 80, 64)


@pytest.fixture(scope="module")
def style() -> np.ndarray:
    from skimage import data

    return resize.resize_bicubic(data.coffee(), 64, 96)


def test_the_steps_are_those_of_a_transfer_as_the_cookbook_writes_it(transferrer, photograph, style):
    plan = transferrer.plan(style, photograph, size=80, epochs=1, steps_per_epoch=4)
    source = SourceTransfer(
        transferrer.extractor, floats(style, *resized(style, 80)), floats(photograph, 80, 64), plan.settings
    )
    # Adam's first steps go by the sign of the gradient, so that rounding moves samples whose gradient is about 0.
    for snapshot, tolerance in zip(plan.steps(), (1e-5, 5e-3, 5e-3, 5e-3), strict=True):
        assert snapshot.loss == pytest.approx(source.step(), rel=tolerance)
    difference = np.abs(snapshot.state.picture - source.picture)
    moved = np.abs(source.picture - floats(photograph, 80, 64))
    assert difference.mean() < 0.1 * moved.mean()


def resized(picture: np.ndarray, longest: int) -> tuple[int, int]:
    return tuple(round(side * longest / max(picture.shape[:2])) for side in picture.shape[:2])


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_same_call_gives_the_same_bits_and_a_stopped_one_goes_on_to_them(transferrer, photograph, style, optimizer):
    settings = {"epochs": 2, "steps_per_epoch": 4, "size": 96, "coarsest": 48, "optimizer": optimizer}
    expected = transferrer.transfer(style, photograph, **settings)
    np.testing.assert_array_equal(transferrer.transfer(style, photograph, **settings), expected)
    plan = transferrer.plan(style, photograph, **settings)
    snapshots = list(plan.steps())
    for stopped in (snapshots[2], snapshots[7], snapshots[8]):  # inside, at the end of a level, and in the next one
        *_, last = transferrer.plan(style, photograph, **settings).steps(stopped)
        np.testing.assert_array_equal(plan.picture(last), expected)


def test_larger_pictures_begin_small_and_each_level_takes_a_quarter_of_the_steps(transferrer, photograph, style):
    plan = transferrer.plan(style, photograph, size=200, coarsest=64, epochs=1, steps_per_epoch=10)
    assert plan.levels == [(50, 40), (100, 80), (200, 160)]
    assert (plan.counts, plan.total) == ([10, 3, 1], 14)
    assert transferrer.plan(style, photograph, size=None).levels == [(80, 64)]
    assert transferrer.plan(style, photograph).levels == [(512, 410)]


def test_a_large_picture_becomes_small_floats_in_bands_without_a_copy_of_it_in_floats(noise):
    large = noise(1500, 2000)
    tracemalloc.start()
    made = floats(large, 150, 200)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    whole = np.clip(resize.resized_rows(large, 150, 200, slice(None)) * np.float32(1 / 255), 0, 1)
    np.testing.assert_array_equal(made, whole)
    assert peak < large.nbytes * 4


def test_all_work_is_told_by_its_pixels_also_what_comes_before_the_first_step(transferrer, photograph, style):
    plan = transferrer.plan(style, photograph, size=160, coarsest=80, epochs=1, steps_per_epoch=4)
    told: list[int] = []
    first = next(plan.steps(on_pixels=told.append))
    assert (first.done, len(told)) == (1, 3)  # the content and the style were described
    told.clear()
    list(plan.steps(on_pixels=told.append))
    assert plan.pixels == plan.seen_pixels == sum(told)
    tiled = transferrer.plan(style, photograph, size=160, coarsest=80, epochs=1, steps_per_epoch=4, tile=128)
    assert tiled.seen_pixels > tiled.pixels == plan.pixels


def test_every_step_brings_the_picture_closer(transferrer, photograph, style):
    losses: list[float] = []
    transferrer.transfer(
        style, photograph, 1, 12, size=64, optimizer="lbfgs", on_step=lambda snapshot: losses.append(snapshot.loss)
    )
    assert min(losses) < 0.9 * losses[0]


def test_strength_0_leaves_the_picture_as_it_is(transferrer, photograph, style):
    same = transferrer.transfer(style, photograph, **{**SMALL, "size": 80}, strength=0.0)
    np.testing.assert_array_equal(same, photograph)


def test_what_is_black_in_the_mask_stays_as_it_is(transferrer, photograph, style):
    mask = np.zeros(photograph.shape[:2], np.uint8)
    mask[:, 32:] = 255
    for keep in KEEP_COLOURS:
        made = transferrer.transfer(style, photograph, 1, 3, size=80, mask=mask, keep_colours=keep)
        np.testing.assert_array_equal(made[:, :32], photograph[:, :32])
        assert np.abs(made[:, 32:].astype(int) - photograph[:, 32:]).mean() > 2


def test_two_styles_are_mixed_by_their_parts(transferrer, photograph, style):
    other = photograph[::-1]
    alone = transferrer.transfer(style, photograph, **SMALL)
    np.testing.assert_array_equal(transferrer.transfer([style, other], photograph, **SMALL, mix=(2, 0)), alone)
    mixed = transferrer.plan([style, other], photograph, **SMALL, mix=(1, 3))
    grams = [
        transferrer.plan(each, photograph, **SMALL)._target(0, mixed._content_at(0), None).grams
        for each in (style, other)
    ]
    found = mixed._target(0, mixed._content_at(0), None).grams
    for name, gram in found.items():
        np.testing.assert_allclose(gram, 0.25 * grams[0][name] + 0.75 * grams[1][name], rtol=1e-4)


def test_the_luminance_alone_changes_or_the_styles_colours_become_the_contents(photograph, style):
    content, colours = floats(photograph, 80, 64), floats(style, 64, 96)
    keep = KEEP_COLOURS["luminance"]
    made = keep.result(np.clip(content + 0.1, 0, 1), content)
    inside = (made > 0).all(axis=2) & (made < 1).all(axis=2)
    np.testing.assert_allclose((made - grey(made))[inside], (content - grey(content))[inside], atol=1e-6)
    assert np.abs(grey(made) - grey(content)).max() > 0.05
    learnt = keep.style(colours, content)
    assert learnt.mean() == pytest.approx(grey(content).mean(), abs=0.02)
    # Colours around the middle, which are not clipped, have exactly the mean and the covariance.
    soft = 0.5 + 0.2 * (content - 0.5)
    matched = KEEP_COLOURS["match"].style(0.5 + 0.2 * (colours - 0.5), soft).reshape(-1, 3)
    np.testing.assert_allclose(matched.mean(axis=0), soft.reshape(-1, 3).mean(axis=0), atol=1e-4)
    np.testing.assert_allclose(np.cov(matched.T), np.cov(soft.reshape(-1, 3).T), atol=2e-4)


def test_a_result_is_of_the_contents_kind(transferrer, photograph, style):
    alpha = np.arange(80 * 64).reshape(80, 64).astype(np.uint8)
    with_alpha = transferrer.transfer(style, np.dstack([photograph, alpha]), **{**SMALL, "size": 80})
    np.testing.assert_array_equal(with_alpha[:, :, 3], alpha)
    deep = transferrer.transfer(style, photograph.astype(np.uint16) * 257, **SMALL)
    assert deep.dtype == np.uint16
    assert len(np.unique(deep % 257)) > 200  # not 8 bits stretched
    one = photograph[:, :, 0]
    assert transferrer.transfer(style, one, **SMALL).shape == (64, 51, 3)
    assert transferrer.transfer(style, one, **SMALL, keep_colours="luminance").shape == (64, 51)
    assert transferrer.transfer(style[:, :, :1], np.dstack([one, alpha]), **SMALL).shape == (64, 51, 4)


def test_tiles_leave_no_seam(photograph, style):
    shallow = StyleTransferrer(("block3_conv1",), ("block1_conv1", "block3_conv1"), weights="random", content_weight=10)
    settings = {"epochs": 1, "steps_per_epoch": 4, "size": 200, "coarsest": 200}
    whole, tiled = (shallow.transfer(style, photograph, **settings, tile=tile).astype(float) for tile in (512, 128))
    assert np.abs(whole - resize.resize_bicubic(photograph, 200, 160)).mean() > 1
    assert np.abs(tiled - whole).mean() < 0.1
    for axis in (0, 1):  # at 128 a tile ends
        across, without = (np.abs(np.diff(made, axis=axis)).take(127, axis=axis) for made in (tiled, whole))
        assert across.mean() == pytest.approx(without.mean(), rel=0.02)
        assert across.max() == pytest.approx(without.max(), abs=4)


def test_sides_that_vgg19_cannot_halve_are_mirrored_out_and_cut_again(transferrer, photograph, style):
    plan = transferrer.plan(style, photograph[:, :53], epochs=1, steps_per_epoch=2, size=150, coarsest=75)
    assert plan.levels == [(75, 50), (150, 99)]
    *_, last = plan.steps()
    assert last.state.picture.shape == (160, 112, 3)
    assert plan.picture(last).shape == (150, 99, 3)


def test_8_bits_are_rounded(transferrer, photograph, style):
    plan = transferrer.plan(style, photograph, epochs=1, steps_per_epoch=1, size=80)
    (snapshot,) = plan.steps()
    np.testing.assert_array_equal(plan.picture(snapshot), np.rint(snapshot.state.picture * 255))


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        (
            {"content_layers": ("conv1",)},
            "`content_layers` has no conv1; valid: block1_conv1, block1_conv2, block2_conv1",
        ),
        ({"style_layers": ()}, "`style_layers` must be one or more layers, each once, received none"),
        (
            {"style_layers": ("block1_conv1",) * 2},
            "must be one or more layers, each once, received block1_conv1, block1",
        ),
        ({"optimizer": "sgd"}, "`optimizer` has no sgd; valid: adam, lbfgs"),
        ({"tile": 500}, "`tile` must be a multiple of 16 from 128 to 4096, received 500"),
        ({"strength": float("nan")}, "`strength` must be from 0 to 2, received nan"),
        ({"smoothness": float("inf")}, "`smoothness` must be from 0, received inf"),
        ({"epochs": 0}, "`epochs` must be at least 1, received 0"),
        ({"size": 20}, "`size` must be 32 to 16384 pixels, received 20"),
        ({"weights": "nowhere.h5"}, "`weights`: no such file nowhere.h5"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, wrong):
    with pytest.raises(InputError) as refused:
        StyleTransferrer(**{"weights": "random", **settings})
    assert wrong in str(refused.value)


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        ({"size": 32, "content": (4, 80)}, "`content` is too small: 80x4 pixels are seen as 32x2, of which each side"),
        (
            {"size": 32, "style": (80, 4)},
            "`style 1` is too small: 4x80 pixels are seen as 2x32, of which each side must",
        ),
        ({"mix": (1, 2)}, "`mix` must have a number for each style, 1, received 2"),
        ({"mix": (-1,)}, "`mix` must be numbers from 0, not all 0, received -1"),
        ({"mask": np.zeros((5, 6), np.uint8)}, "`mask` must have the content's size, 60x50, received 6x5"),
        ({"mask": np.zeros((50, 60), np.uint8)}, "`mask` is black everywhere"),
        ({"content": (50, 60), "weights": "imagenet"}, "`weights` are those of the StyleTransferrer"),
    ],
)
def test_pictures_that_do_not_fit_are_refused(transferrer, settings, wrong):
    shapes = {"style": (40, 40), "content": (50, 60)}
    pictures = [np.full((*settings.pop(name, shape), 3), 99, np.uint8) for name, shape in shapes.items()]
    with pytest.raises(InputError) as refused:
        transferrer.transfer(*pictures, **settings)
    assert wrong in str(refused.value)
