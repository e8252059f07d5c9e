"""What all tests share: quiet TensorFlow, two logical CPU devices, and where real pictures are."""

import fcntl
import functools
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers.batches import blocks, nearest
from helpers.entry_points import run_command
from helpers.score_pictures import smooth
from PIL import Image

from pyimagesearch.cli.main import main
from pyimagesearch.data.dataset import shards
from pyimagesearch.data.dataset.writer import write_dataset
from pyimagesearch.data.pairs import Pair
from pyimagesearch.data.sources.base import Entry
from pyimagesearch.data.sources.sample import SampleSource
from pyimagesearch.images import resize
from pyimagesearch.inference.precision import for_inference
from pyimagesearch.inference.upscaler import Upscaler
from pyimagesearch.models.loading import load_generator

# Two replicas on any machine. Must happen before TensorFlow's first operation.
_CPU = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(_CPU, [tf.config.LogicalDeviceConfiguration()] * 2)


def pytest_configure() -> None:
    """A shell's background jobs, and what they start, ignore SIGINT; the tests send it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files come first, so that two workers end at about the same time."""
    items.sort(key=lambda item: "training" not in item.path.parts)


@pytest.fixture(autouse=True)
def same_draws() -> None:
    """Every test draws the same weights in every run, alone or among others."""
    keras.utils.set_random_seed(0)


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real photographs, benchmarks and VGG19 weights that SRGAN_TEST_DATA names."""
    folder = os.environ.get("SRGAN_TEST_DATA")
    if not folder:
        pytest.skip("SRGAN_TEST_DATA is not set: no real photographs, benchmarks and VGG19 weights here")
    return Path(folder)


@pytest.fixture
def noise():
    """noise(height, width, seed) is a uint8 RGB picture of which no two parts are alike."""

    def make(height, width, seed=0):
        return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)

    return make


@pytest.fixture(scope="session")
def two_replicas() -> tf.distribute.Strategy:
    """MirroredStrategy on the two logical CPUs: one for all tests, since the collective operations of a second
    one in the same process meet those of the first."""
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


@pytest.fixture(scope="session")
def make_once(tmp_path_factory):
    """make_once(name, make) is the folder `name`, which make(path) writes: once, for all of pytest-xdist's workers."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent

    def once(name: str, make: Callable[[Path], object]) -> Path:
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (shared / f"{name}.made").exists():
                make(shared / name)
                (shared / f"{name}.made").touch()
        return shared / name

    return once


@pytest.fixture(scope="session")
def records(make_once) -> str:
    """Records of the sample pictures that serve the preset `smoke`; copy them to change them."""
    return str(make_once("records", lambda folder: write_dataset(SampleSource(scale=4, crop=32), str(folder))))


@pytest.fixture(scope="session")
def pretrained(records, make_once) -> Path:
    """The folder of a run of phase 1 of `smoke`; copy it to change it."""
    from helpers import smoke_runs  # makes a strategy, which needs both devices

    return make_once("pretrained", lambda output: smoke_runs.train(records, output, smoke_runs.PHASE_1))


@pytest.fixture(scope="session")
def finished(records, pretrained, make_once) -> Path:
    """The folder of a run of `smoke` that is at its end, its phase 2 added to phase 1; copy it to change it."""
    from helpers import smoke_runs

    return make_once("finished", lambda output: smoke_runs.train(records, shutil.copytree(pretrained, output)))


@pytest.fixture(scope="session")
def save_generator(tmp_path_factory):
    """save_generator(kind, scale) is the path of a tiny saved generator and the model itself, built once each.

    Its last conv is enlarged, so that it visibly differs from bicubic without any training.
    """

    from pyimagesearch.models import GENERATORS, build_generator
    from pyimagesearch.models.registry import default_options
    from pyimagesearch.presets import get_config

    folder = tmp_path_factory.mktemp("generators")

    @functools.cache
    def save(kind="light", scale=4, seed=0):
        keras.utils.set_random_seed(seed)
        sizes = {"filters": 8, "blocks": 1, "upsample_filters": 16}
        known = default_options(GENERATORS[kind].build)
        config = get_config("smoke").with_values(
            {
                "network.name": kind, "network.scale": scale, "data.crop": 24 * scale,
                **{f"network.{name}": value for name, value in sizes.items() if name in known},
            }
        )  # fmt: skip
        model = build_generator(config)
        last = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)][-1]
        last.kernel.assign(last.kernel * 4.0)
        path = folder / f"{kind}_x{scale}_{seed}.keras"
        model.save(path)
        return path, model

    return save


@pytest.fixture(scope="session")
def models(save_generator):
    """The paths of two generators that can be mixed: the second is the first, changed as by training."""
    first, model = save_generator("light", 4)
    rng = np.random.default_rng(1)
    other = keras.models.clone_model(model)
    for variable, weight in zip(other.weights, model.get_weights(), strict=True):
        variable.assign(weight * rng.uniform(0.2, 1.8, weight.shape))
    second = first.with_name("light_x4_gan.keras")
    other.save(second)
    return [str(first), str(second)]


@pytest.fixture(scope="session")
def mixed_by_hand(models):
    """mixed_by_hand(part) is an upscaler whose weights are `part` of the second of `models`, the rest of the first."""
    ends = [load_generator(name) for name in models]

    def mixed(part):
        mean = load_generator(models[0], for_inference("auto"))
        rows = [model.get_weights() for model in ends]
        mean.set_weights([(1.0 - part) * first + part * second for first, second in zip(*rows, strict=True)])
        return Upscaler(mean, 4)

    return mixed


class ArraySource:
    """A data.sources.Source of pictures in memory; LR by `shrink(hr, scale)`."""

    name = "arrays"
    kernel = "bicubic"

    def __init__(self, train, test, *, scale, crop, shrink):
        self.scale, self.crop = scale, crop
        self.skipped = []
        splits = {"train": train, "test": test}
        named = {f"{split}{i}": (split, hr) for split, pictures in splits.items() for i, hr in enumerate(pictures)}
        self.entries = [Entry(name, split, *hr.shape[:2]) for name, (split, hr) in named.items()]
        self.pairs = {name: Pair(name, shrink(hr, scale), hr) for name, (_, hr) in named.items()}

    def jobs(self, entries):
        return (functools.partial(self.pairs.__getitem__, entry.name) for entry in entries)


@pytest.fixture
def array_source():
    """array_source(train, test) is a Source of HR pictures whose sides divide by `scale`."""

    def make(train, test, *, scale=4, crop=32, shrink=resize.downscale):
        return ArraySource(train, test, scale=scale, crop=crop, shrink=shrink)

    return make


@pytest.fixture
def source(array_source, noise):
    """Pictures larger and smaller than a tile of crop 32, which is 80."""
    return array_source(
        [noise(120, 160, 0), noise(40, 48, 1), noise(88, 64, 2)], [noise(100, 120, 3), noise(32, 36, 4)]
    )


@pytest.fixture
def folders(tmp_path):
    """HR pictures of two sizes, and their x4 LR pictures in DIV2K's names."""
    hr, lr = tmp_path / "hr", tmp_path / "lr"
    hr.mkdir()
    lr.mkdir()
    for number, size in enumerate([(64, 80), (49, 63)]):
        picture = smooth(*size, seed=number)
        Image.fromarray(picture).save(hr / f"000{number}.png")
        Image.fromarray(resize.downscale(resize.crop_to_multiple(picture, 4), 4)).save(lr / f"000{number}x4.png")
    return hr, lr


@pytest.fixture
def pictures(tmp_path, noise):
    """A folder of two: hr, four pictures of 64x48, and lr, their LR sides."""
    for name in ("hr", "lr"):
        (tmp_path / name).mkdir()
    for number in range(4):
        Image.fromarray(noise(48, 64, number)).save(tmp_path / "hr" / f"{number:04d}.png")
        lr = resize.downscale(noise(48, 64, number), 4) ^ 1  # not quite what the writer would make
        Image.fromarray(lr).save(tmp_path / "lr" / f"{number:04d}x4.png")
    return tmp_path


@pytest.fixture
def create(tmp_path, capfd):
    """create(*flags) -> (exit code, lines on stdout, lines on stderr) of `srgan tfrecords` with output below tmp_path.

    Progress bars, which rewrite their own line, are left out.
    """

    def command(*flags, output="out"):
        capfd.readouterr()
        code = main(["tfrecords", "--output", str(tmp_path / output), *map(str, flags)])
        out, err = capfd.readouterr()
        return code, out.splitlines(), [line for line in err.split("\n") if line and not line.startswith("\r")]

    return command


@pytest.fixture
def srgan(save_generator, capsys):
    """srgan(*arguments) runs `srgan upscale` with a tiny generator: exit code, stdout, lines of stderr."""

    def run(*arguments, model=None):
        return run_command(capsys, "upscale", *arguments, "--model", model or save_generator("light", 4)[0])

    return run


@pytest.fixture
def photos(tmp_path, noise):
    """A folder of three pictures, one of them in a folder of its own."""
    folder = tmp_path / "photos"
    for number, name in enumerate(["a.png", "b.tif", "deeper/c.png"]):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise(9, 12, number)).save(folder / name)
    (folder / "notes.txt").write_text("no picture")
    return folder


@pytest.fixture
def dataset(tmp_path, noise, array_source, monkeypatch):
    """dataset(scale, lr_sizes) is (folder, manifest) of block pictures in several shards."""

    def make(scale=4, sizes=((30, 40), (24, 24), (12, 50)), crop=32, shard_bytes=20_000, compression="none"):
        monkeypatch.setattr(shards, "SHARD_BYTES", shard_bytes)
        pictures = [blocks(noise(*size, seed), scale) for seed, size in enumerate(sizes)]
        source = array_source(pictures, pictures[:1], scale=scale, crop=crop, shrink=nearest)
        folder = str(tmp_path / compression)
        return folder, write_dataset(source, folder, compression=compression)

    return make
