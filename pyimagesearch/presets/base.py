"""What a preset is. Standard library only."""

from dataclasses import dataclass

from pyimagesearch.config import TrainConfig


@dataclass(frozen=True)
class Preset:
    """A configuration and what its user should expect of it."""

    config: TrainConfig
    source: str
    hardware: str
    expected_time: str
    expected_score: str
