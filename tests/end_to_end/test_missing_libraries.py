"""Libraries are loaded late, and one that is missing gets one line."""

import os
import subprocess
import sys

import numpy as np
from helpers.entry_points import ROOT, entry_point


def test_help_answers_without_loading_tensorflow():
    done = entry_point("train_srgan", "--help")
    assert done.returncode == 0
    assert "--preset" in done.stdout
    code = "import sys; from pyimagesearch.cli.main import main; main(['train', '--help']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not {"tensorflow", "keras", "numpy", "cv2"} & set(done.stdout.splitlines()[-1].split())


def test_a_missing_tensorflow_gets_one_line(tmp_path, records):
    (tmp_path / "tensorflow.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'tensorflow'\", name='tensorflow')"
    )
    done = entry_point(
        "train_srgan",
        "--device",
        "cpu",
        "--preset",
        "smoke",
        "--tfrecords",
        records,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert done.returncode == 2
    assert done.stderr.strip().splitlines() == [
        'train_srgan.py: TensorFlow is not installed: pip install -e ".[cpu]" '
        '(".[gpu]" for NVIDIA GPUs, ".[tpu]" for TPUs)'
    ]


def test_missing_system_libraries_of_opencv_get_one_line(tmp_path):
    """A floating-point TIFF needs OpenCV, whose libGL a bare server lacks."""
    import cv2

    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for name in ("a.tif", "b.tif"):
        cv2.imwrite(str(pictures / name), np.full((64, 64, 3), 0.5, np.float32))
    (tmp_path / "cv2.py").write_text("raise ImportError('libGL.so.1: cannot open shared object file')")
    arguments = ("--source", "folder", "--images", pictures, "--crop", "32", "--output", tmp_path / "records")
    done = entry_point("create_tfrecords", *arguments, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    last = done.stderr.strip().splitlines()[-1]
    assert "libGL.so.1" in last
    assert "apt-get install libgl1" in last
