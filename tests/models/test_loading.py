"""Generators are found by name or path; whatever is none is refused in one line that names the file."""

import json
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
import skimage.data

from pyimagesearch.data.input.degradation_presets import MILD
from pyimagesearch.data.input.degradations import degrade
from pyimagesearch.data.pairs import Pair
from pyimagesearch.errors import InputError
from pyimagesearch.evaluation.folders import folder_pairs
from pyimagesearch.evaluation.scores import lr_consistency
from pyimagesearch.evaluation.scoring import mean_on_y
from pyimagesearch.images import resize
from pyimagesearch.inference.upscaler import BicubicUpscaler, load_upscaler
from pyimagesearch.models import build_discriminator, build_generator, compute_in, loading
from pyimagesearch.models.loading import FOLDER, SHIPPED, generator_scale, load_generator, load_model
from pyimagesearch.presets import get_config

DOCS = Path(__file__).parents[2] / "docs"


def refusal(path) -> str:
    with pytest.raises(InputError) as refused:
        load_generator(str(path))
    text = str(refused.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    assert len(text) < len(str(path)) + 300
    return text


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
@pytest.mark.parametrize("kind", ["light", "srresnet"])
def test_a_saved_generator_is_loaded_with_its_scale(save_generator, kind, scale):
    path, model = save_generator(kind, scale)
    loaded = load_generator(str(path))
    lr = np.full((1, 9, 12, 3), 80, "float32")
    np.testing.assert_array_equal(loaded(lr), model(lr))
    assert generator_scale(loaded) == scale


def test_a_generator_saved_in_mixed_precision_computes_in_float32(tmp_path):
    with compute_in("bfloat16"):
        model = build_generator(get_config("smoke"))
    model.save(tmp_path / "mixed.keras")
    exact = build_generator(get_config("smoke"))
    exact.set_weights(model.get_weights())
    lr = np.random.default_rng(0).integers(0, 256, (1, 16, 16, 3)).astype("float32")
    np.testing.assert_array_equal(load_generator(str(tmp_path / "mixed.keras"))(lr), exact(lr))


def test_a_missing_file_says_what_can_be_named_instead(tmp_path):
    text = refusal(tmp_path / "generator.keras")
    assert "no such model" in text
    assert "bicubic" in text
    assert ".keras" in text


def test_a_missing_model_whose_sibling_is_there_names_the_sibling(tmp_path):
    (tmp_path / "pretrained_generator.keras").touch()
    text = refusal(tmp_path / "generator.keras")
    assert text.endswith(f"generator.keras: no such model; name {tmp_path / 'pretrained_generator.keras'}")
    with pytest.raises(InputError, match=r"discriminator\.keras: no such file; name .*pretrained_generator\.keras$"):
        load_model(str(tmp_path / "discriminator.keras"))


def test_a_folder_is_refused(tmp_path):
    assert "not a .keras file" in refusal(tmp_path)


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.99])
def test_a_truncated_file_is_refused(save_generator, tmp_path, kept):
    content = save_generator("light", 4)[0].read_bytes()
    path = tmp_path / "short.keras"
    path.write_bytes(content[: int(len(content) * kept)])
    assert "not a .keras file, or a truncated one" in refusal(path)


def test_garbage_is_refused(tmp_path):
    path = tmp_path / "garbage.keras"
    path.write_bytes(b"\x89PNG" * 999)
    assert "not a .keras file" in refusal(path)


def test_a_zip_of_something_else_is_refused(tmp_path):
    path = tmp_path / "archive.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert "not a generator that can be loaded" in refusal(path)


def test_flipped_bytes_are_refused(save_generator, tmp_path):
    content = bytearray(save_generator("light", 4)[0].read_bytes())
    middle = len(content) // 2  # inside the weights, which are the last and largest member
    content[middle : middle + 64] = bytes(64)
    path = tmp_path / "flipped.keras"
    path.write_bytes(content)
    refusal(path)


def _classifier() -> keras.Model:
    return keras.Sequential([keras.Input((None, None, 3)), keras.layers.GlobalAveragePooling2D()])


def _grey() -> keras.Model:
    return keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(1, 3, padding="same")])


def _shrinking() -> keras.Model:
    return keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(3, 3, padding="valid")])


@pytest.mark.parametrize(
    "build", [lambda: build_discriminator(get_config("smoke")), _classifier, _grey, _shrinking],
    ids=["discriminator", "classifier", "grey", "shrinking"],
)  # fmt: skip
def test_a_model_that_is_no_generator_is_refused(build, tmp_path):
    path = tmp_path / "other.keras"
    build().save(path)
    assert "not a generator that can be loaded" in refusal(path)


# The generators that ship


CLEAN = [name for name in SHIPPED if "photo" not in name]  # trained on clean pictures


@pytest.mark.parametrize("name", CLEAN)
def test_a_generator_that_ships_is_loaded_by_name_and_beats_bicubic_on_a_photograph(name):
    hr = skimage.data.astronaut()
    pair = Pair("astronaut", resize.downscale(hr, 4), hr)
    upscaler = load_upscaler(name)
    assert upscaler.scale == 4
    assert mean_on_y(upscaler, [pair])["psnr_y"] > mean_on_y(BicubicUpscaler(4), [pair])["psnr_y"] + 1
    assert lr_consistency(upscaler(pair.lr), pair.lr, 4) > 38


def test_photo_beats_bicubic_and_light_on_damaged_photographs():
    pairs = []
    for number, name in enumerate(("astronaut", "chelsea", "coffee")):
        hr = resize.crop_to_multiple(getattr(skimage.data, name)(), 4)
        for seed in range(4):
            pairs.append(Pair(name, degrade(hr, 4, MILD, np.random.default_rng([number, seed])), hr))
    psnr = {name: mean_on_y(load_upscaler(name), pairs)["psnr_y"] for name in ("bicubic", "light", "photo")}
    assert psnr["photo"] > psnr["bicubic"] + 0.5
    assert psnr["photo"] > psnr["light"] + 0.5


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("level", [0, 255])
def test_black_and_white_stay_what_they_are(name, level):
    sr = load_upscaler(name)(np.full((48, 48, 3), level, np.uint8)).astype(int)
    assert np.median(sr) == level
    assert np.abs(sr[12:-12, 12:-12] - level).max() <= 1


def test_what_ships_is_small():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 12e6
    assert {path.stem for path in FOLDER.iterdir()} == set(SHIPPED)


@pytest.mark.parametrize(("change", "said"), [(b"x", "is not the file that this version came with"), (None, "missing")])
def test_a_changed_or_missing_file_of_a_name_is_refused(change, said, tmp_path, monkeypatch):
    monkeypatch.setattr(loading, "FOLDER", tmp_path)
    if change:
        (tmp_path / "light.keras").write_bytes((FOLDER / "light.keras").read_bytes() + change)
    text = str(refusal_of("light"))
    assert said in text
    assert "install the project again" in text


def refusal_of(name) -> InputError:
    with pytest.raises(InputError) as refused:
        load_generator(name)
    return refused.value


def scores_in_the_docs(name: str, data_set: str) -> dict:
    folder = DOCS / "scores" if name in CLEAN else DOCS / "scores" / name
    models = json.loads((folder / f"{data_set.lower()}.json").read_text())["models"]
    assert models[name]["sha256"] == SHIPPED[name]  # measured with the file that ships
    return models[name]["mean"]


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("data_set", ["Set5", "Set14"])
def test_the_card_of_a_generator_that_ships_has_its_hash_and_its_scores(name, data_set):
    mean = scores_in_the_docs(name, data_set)
    card = (DOCS / "models" / f"{name}.md").read_text()
    assert SHIPPED[name] in card
    columns = " | ".join(f"{mean[f'psnr_{by}']:.2f} dB, {mean[f'ssim_{by}']:.4f}" for by in ("y", "rgb", "rgb_whole"))
    assert f"| {data_set} | {columns} | {mean['lr_consistency_db']:.2f} dB |" in card


@pytest.mark.parametrize("name", SHIPPED)
def test_a_generator_that_ships_scores_what_the_docs_say(name, test_data):
    folder = test_data / "benchmarks" / "Set5"
    pairs = list(folder_pairs(str(folder / "HR"), str(folder / "LR_bicubic_x4"), 4))
    found, said = mean_on_y(load_upscaler(name), pairs), scores_in_the_docs(name, "Set5")
    assert found["psnr_y"] == pytest.approx(said["psnr_y"], abs=0.005)
    assert found["ssim_y"] == pytest.approx(said["ssim_y"], abs=2e-4)
