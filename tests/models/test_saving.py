"""A saved model: equal bytes for equal models, and the same network when it is loaded."""

import json
import re
import zipfile

import keras
import numpy as np
import pytest

from pyimagesearch.models import compute_in, saving


def small_network() -> keras.Model:
    """The same network at every call. Its layers share one dtype policy, which is another object at every call."""
    keras.utils.set_random_seed(0)
    with compute_in("float32"):
        inputs = keras.Input((None, None, 3), name="lr")
        features = keras.layers.Conv2D(4, 3, padding="same", name="features")(inputs)
        return keras.Model(inputs, keras.layers.Conv2D(3, 3, padding="same", name="sr")(features), name="small")


@pytest.fixture
def clock(monkeypatch):
    """clock(year) sets the local time that archives are stamped with."""

    def set_year(year):
        monkeypatch.setattr("zipfile.time.localtime", lambda *_: (year, 1, 1, 0, 0, 0, 0, 1, 0))

    return set_year


def test_equal_models_give_equal_bytes_at_any_time(tmp_path, clock):
    models = [small_network(), small_network()]  # both alive, so that nothing of one lies where the other's lay
    for year, model in zip((2001, 2002), models, strict=True):
        clock(year)
        saving.save_model(model, str(tmp_path / f"{year}.keras"))
    assert (tmp_path / "2001.keras").read_bytes() == (tmp_path / "2002.keras").read_bytes()


def test_the_file_holds_no_time_and_no_memory_address(tmp_path):
    path = tmp_path / "model.keras"
    saving.save_model(small_network(), str(path))
    with zipfile.ZipFile(path) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        metadata = json.loads(archive.read("metadata.json"))
        assert metadata == {"keras_version": keras.__version__, "date_saved": saving.NO_DATE}
        config = archive.read("config.json").decode()
    assert set(re.findall(r'"shared_object_id": (\d+)', config)) == {"1"}


def test_the_file_holds_the_model_under_any_suffix(tmp_path):
    model = small_network()
    saving.save_model(model, str(tmp_path / "model.part"))
    (tmp_path / "model.part").rename(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    lr = np.random.default_rng(0).uniform(0, 255, (1, 9, 12, 3)).astype("float32")
    np.testing.assert_array_equal(loaded(lr), model(lr))
