"""What each command does, from parsed flags. TensorFlow and Keras are imported inside, where they are needed."""

from pyimagesearch.commands.benchmarks import benchmark
from pyimagesearch.commands.pictures import upscale
from pyimagesearch.commands.records import tfrecords, verify
from pyimagesearch.commands.scores import evaluate, grid, results
from pyimagesearch.commands.serving import serve
from pyimagesearch.commands.training import train

__all__ = ["benchmark", "evaluate", "grid", "results", "serve", "tfrecords", "train", "upscale", "verify"]
