"""The models that a phase leaves in its run folder."""

from collections.abc import Callable

import keras

from pyimagesearch.config import TrainConfig
from pyimagesearch.models import build_discriminator
from pyimagesearch.training.phases import Phase
from pyimagesearch.training.run_folder import DISCRIMINATOR, GENERATOR, PRETRAINED, RunFolder


class PhaseModels:
    """The models of one phase: its best generator, and in phase 2 the last discriminator.

    validated: a float32 generator that is given the weights to judge and to save.
    """

    def __init__(self, run: RunFolder, phase: Phase, validated: keras.Model, config: TrainConfig):
        self._run, self._phase, self._validated, self._config = run, phase, validated, config
        self.generator = PRETRAINED if phase.discriminator is None else GENERATOR
        self.path = run.model_path(self.generator)

    def fill(self) -> None:
        """Give the generator that is judged the weights at hand."""
        fill(self._validated, self._phase)

    def keep(self) -> None:
        """Save the generator that was judged as the phase's."""
        self._run.save_model(self._validated, self.generator)

    def save(self) -> None:
        """Save the discriminator, and the generator until a validation finds the best."""
        self.fill()
        if not self._run.has_model(self.generator):
            self.keep()
        if self._phase.discriminator is not None:
            discriminator = build_discriminator(self._config)
            discriminator.set_weights(self._phase.discriminator.get_weights())
            self._run.save_model(discriminator, DISCRIMINATOR)

    def write_missing(self, say: Callable[[str], None]) -> None:
        """Write the models of a finished phase anew from its checkpoint where they are gone or cut off."""
        names = {self.generator: "the checkpoint, with the last weights, not the best"}
        if self._phase.discriminator is not None:
            names[DISCRIMINATOR] = "the checkpoint"
        missing = [name for name in names if not self._run.has_model(name)]
        if missing:
            self.save()
        for name in missing:
            say(f"WARNING: {self._run.model_path(name)} was missing or cut off; written from {names[name]}")


def fill(model: keras.Model, phase: Phase) -> None:
    """Give `model` the weights to judge and to ship: the moving average where there is one."""
    values = [average.numpy() for average in phase.ema] or phase.generator.get_weights()
    model.set_weights(values)
