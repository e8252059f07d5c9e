"""pyimagesearch.data.lr_names and pairs: which LR picture belongs to which HR picture, by name and by content."""

from pathlib import Path

import numpy as np
import pytest
from helpers.score_pictures import smooth
from PIL import Image

from pyimagesearch.cli.main import main
from pyimagesearch.data.lr_names import match_lr
from pyimagesearch.data.pairs import read_pair
from pyimagesearch.errors import InputError
from pyimagesearch.images.picture_io import Folder


def folder(root, names):
    return Folder(Path(root), [Path(root, name) for name in names])


def match(hr, lr, scale=4, lr_name=None):
    """{HR name: LR name}, and the names of what is left over."""
    matched, left_over = match_lr(folder("hr", hr), folder("lr", lr), scale, lr_name)
    names = {str(path.relative_to("hr")): str(other.relative_to("lr")) for path, other in matched.items()}
    return names, [path.name for path in left_over]


@pytest.mark.parametrize(
    ("hr", "lr"),
    [
        ("0001.png", name)
        for name in (
            "0001.png", "0001.jpg", "0001x4.png", "0001_x4.png", "0001-x4.png", "0001X4.png", "0001x4m.png",
            "0001x4d.png", "0001x4w.png", "0001x4w3.png", "0001_LR.png", "0001_lr.png", "0001_LR_x4.png",
        )
    ]
    + [("a_SRF_4_HR.png", "a_SRF_4_LR.png"), ("a.png", "a_SRF_4_LR.png"), ("a_HR.png", "a_LR.png")],
)  # fmt: skip
def test_names_of_common_data_sets_are_recognised(hr, lr):
    assert match([hr, "other.png"], [lr, "other.png"]) == ({hr: lr, "other.png": "other.png"}, [])


def test_the_lr_picture_of_another_scale_is_not_taken():
    with pytest.raises(InputError, match=r"no LR picture for a\.png \(looked for a, ax4, a_x4 and a_LR\); .*`lr_name`"):
        match(["a.png"], ["ax2.png"])


def test_the_same_name_comes_before_the_same_stem():
    assert match(["a.jpg", "a.png"], ["a.jpg", "a.png"])[0] == {"a.jpg": "a.jpg", "a.png": "a.png"}


@pytest.mark.parametrize(
    ("hr", "lr", "message"),
    [
        (["a.jpg", "a.png"], ["a.png"], r"lr/a\.png: is the LR picture of both a\.jpg and a\.png"),
        (["a.jpg", "a.png"], ["ax4.png"], r"lr/ax4\.png: is the LR picture of both"),
        (["a.bmp"], ["a.jpg", "a.png"], r"several LR pictures for a\.bmp by their names \(a\.jpg, a\.png\)"),
        (["a.png"], ["ax4w1.png", "ax4w2.png"], r"several LR pictures for a\.png"),
    ],
)
def test_names_that_allow_several_pairs_are_refused(hr, lr, message):
    with pytest.raises(InputError, match=message):
        match(hr, lr)


def test_a_pattern_tells_other_names():
    assert match(["a.jpg", "b.png"], ["small a.jpg", "small b.png"], lr_name="small {stem}{ext}")[0] == {
        "a.jpg": "small a.jpg",
        "b.png": "small b.png",
    }
    with pytest.raises(InputError, match=r"no LR picture for a\.png \(`lr_name` says a_s\.png\)"):
        match(["a.png"], ["a.png"], lr_name="{stem}_s.png")


@pytest.mark.parametrize("pattern", ["x4.png", "{name}.png", "{stem}{0}", "{stem", "{}"])
def test_a_pattern_that_is_none_is_refused(pattern):
    with pytest.raises(InputError, match=r"`lr_name` takes \{stem\} and \{ext\}"):
        match(["a.png"], ["a.png"], lr_name=pattern)


def test_lr_pictures_without_hr_are_left_over():
    assert match(["a.png"], ["a.png", "b.png"])[1] == ["b.png"]


def test_pictures_of_a_folder_inside_have_their_lr_in_the_same_one():
    assert match(["u/1.png", "v/1.png"], ["u/1x4.png", "v/1x4.png"])[0] == {
        "u/1.png": "u/1x4.png",
        "v/1.png": "v/1x4.png",
    }
    with pytest.raises(InputError, match="no LR picture"):
        match(["u/1.png"], ["v/1x4.png"])


def save_pair(tmp_path, hr, lr):
    Image.fromarray(hr).save(tmp_path / "hr.png")
    Image.fromarray(lr).save(tmp_path / "lr.png")
    return tmp_path / "hr.png", tmp_path / "lr.png", 4


def test_lr_of_another_picture_is_refused_with_both_names(tmp_path):
    hr, other = smooth(64, 64, seed=1), 255 - smooth(64, 64, seed=1)
    with pytest.raises(InputError, match=r"lr\.png: shows another picture than .*hr\.png"):
        read_pair(*save_pair(tmp_path, hr, other[::4, ::4]))


def test_a_darker_noisy_or_shifted_lr_is_of_the_same_picture(tmp_path, noise):
    hr = smooth(128, 128, seed=1)
    lr = hr[::4, ::4]
    noisy = np.clip(lr.astype(int) + noise(32, 32) // 4 - 32, 0, 255).astype(np.uint8)
    for changed in (lr // 4, noisy, np.roll(lr, 1, axis=1)):
        assert read_pair(*save_pair(tmp_path, hr, changed)).lr.shape == (32, 32, 3)


def test_the_flag_of_both_commands_tells_lr_names(pictures, create, capfd):
    for path in sorted((pictures / "lr").iterdir()):
        path.rename(path.with_name(f"small {path.name[:4]}.png"))
    (pictures / "lr" / "other.png").write_bytes((pictures / "lr" / "small 0000.png").read_bytes())
    lr = ("--lr-name", "small {stem}{ext}")
    flags = ("--source", "folder", "--images", pictures / "hr", "--lr-images", pictures / "lr", "--crop", 32)
    code, out, _ = create(*flags, *lr)
    assert code == 0
    assert f"{pictures / 'lr'}: left out LR pictures without HR: other.png" in out
    (pictures / "lr" / "other.png").unlink()
    assert main(["evaluate", "--hr", str(pictures / "hr"), "--lr", str(pictures / "lr"), *lr]) == 0
    assert main(["evaluate", "--hr", str(pictures / "hr"), *lr]) == 2
    assert "--lr-name tells which picture of --lr DIR belongs to which" in capfd.readouterr().err
