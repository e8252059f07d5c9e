"""The plain line that says when phase 2 drifts."""

import pytest

from pyimagesearch.presets import get_config
from pyimagesearch.training.health import SETTLED, HealthWatch, verdict

WELL = {
    "accuracy_real": 0.8, "accuracy_fake": 0.7, "gradient_ratio": 0.3, "adversarial_share": 0.2,
    "lr_consistency_db": 42.0,
}  # fmt: skip
DRIFTS = [
    ({"accuracy_real": 0.99, "accuracy_fake": 1.0}, "discriminator wins: it knows 99% of the reals and 100%"),
    ({"accuracy_real": 1.0, "accuracy_fake": 0.01}, "generator wins: the discriminator takes 99% of the fakes"),
    ({"gradient_ratio": 12.0}, "adversarial loss drowns the content loss: its gradient is 12.0 times"),
    ({"adversarial_share": 0.021}, "adversarial loss hardly counts: it has 2.1% of the gradient"),
    ({"lr_consistency_db": 24.5}, "generator leaves its input: downscaled, SR is 24.5 dB from LR"),
]


@pytest.mark.parametrize(("change", "line"), DRIFTS, ids=lambda part: str(part)[:20])
def test_each_drift_is_named_with_its_number_and_what_to_try(change, line):
    said = verdict({**WELL, **change})
    assert said.startswith(line)
    assert "; try " in said


def test_a_sound_run_and_one_without_a_discriminator_get_no_verdict():
    assert verdict(WELL) is None
    assert verdict({"loss": 0.1}) is None
    # No content loss, no ratio: that is a choice.
    assert verdict({**WELL, "gradient_ratio": 0.0, "adversarial_share": 0.0}) is None


def test_a_discriminator_that_only_guesses_yet_is_no_drift():
    """As in the first steps of every phase 2."""
    assert verdict({**WELL, "accuracy_real": 0.5, "accuracy_fake": 0.52, "adversarial_share": 0.003}) is None


def test_a_verdict_is_said_once_when_it_lasts_and_again_when_it_comes_back():
    watch, ill = HealthWatch(), {**WELL, "lr_consistency_db": 20.0}
    heard = [watch.news(means, 100) is not None for means in (ill, WELL, ill, ill, ill, WELL, ill, ill)]
    assert heard == [False, False, False, True, False, False, False, True]


def test_the_first_steps_of_a_phase_are_not_judged():
    """Networks that have learned nothing yet look ill, as all of the preset `smoke`, which tries an installation."""
    watch, ill = HealthWatch(), {**WELL, "lr_consistency_db": 9.0}
    assert [watch.news(ill, step) for step in (SETTLED - 20, SETTLED - 10, SETTLED)] == [None] * 3
    assert "generator leaves its input" in watch.news(ill, SETTLED + 10)
    assert get_config("smoke").finetune.steps < SETTLED
