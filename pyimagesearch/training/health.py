"""Says in one line when the two networks of phase 2 drift away from each other, and what to try."""

from collections.abc import Mapping

SURE = 0.98  # accuracy above which the discriminator has nothing left to learn
GUESS = 0.6  # accuracy below which it has learned nothing yet, so that its gradient is next to none
LOUD = 10.0  # adversarial over content gradient above which content does not count
SPECTATOR = 0.05  # the adversarial share of all gradients below which the discriminator does not count
SETTLED = 100  # steps of the phase before which nothing is judged: networks that hardly learned look ill
FAITHFUL_DB = 30.0  # LR consistency below which colours and structures move visibly


def verdict(means: Mapping[str, float]) -> str | None:
    """What is wrong, by the means of a log interval; None where nothing is, or where the phase has no such numbers."""
    if "accuracy_real" not in means:
        return None
    real, fake = means["accuracy_real"], means["accuracy_fake"]
    ratio, share = means.get("gradient_ratio"), means.get("adversarial_share")
    consistency = means.get("lr_consistency_db", FAITHFUL_DB)
    if min(real, fake) > SURE:
        return (
            f"discriminator wins: it knows {real:.0%} of the reals and {fake:.0%} of the fakes; try a lower "
            "finetune.rate, a lower discriminator.filters or a longer phase 1"
        )
    if real > SURE and fake < 1 - SURE:
        return (
            f"generator wins: the discriminator takes {1 - fake:.0%} of the fakes for real; try more "
            "discriminator.filters or a lower finetune.losses.adversarial"
        )
    if ratio is not None and ratio > LOUD:
        return (
            f"adversarial loss drowns the content loss: its gradient is {ratio:.1f} times as large; try a lower "
            "finetune.losses.adversarial"
        )
    if share is not None and 0 < share < SPECTATOR and min(real, fake) > GUESS:
        return (
            f"adversarial loss hardly counts: it has {share:.1%} of the gradient; try a higher "
            "finetune.losses.adversarial"
        )
    if consistency < FAITHFUL_DB:
        return (
            f"generator leaves its input: downscaled, SR is {consistency:.1f} dB from LR; try a higher "
            "finetune.losses.pixel or a lower finetune.losses.adversarial"
        )
    return None


class HealthWatch:
    """Gives a verdict once, when it holds in two log intervals on end after the first steps of a phase."""

    def __init__(self) -> None:
        self._last: str | None = None
        self._said = False

    def news(self, means: Mapping[str, float], step: int) -> str | None:
        """The verdict on the means of the log interval that ends at `step`, if it is to be said now."""
        warning = verdict(means) if step >= SETTLED else None
        kind = warning.partition(":")[0] if warning else None
        lasting = kind is not None and kind == self._last
        if kind != self._last:
            self._said = False
        self._last = kind
        if not lasting or self._said:
            return None
        self._said = True
        return warning
