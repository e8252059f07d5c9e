"""Weights & Biases: online for users who are logged in, otherwise offline files in the run folder for `wandb sync`."""

import contextlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pyimagesearch.system.files import join, local_copy
from pyimagesearch.system.gcs import on_bucket
from pyimagesearch.training.trackers import TRACKERS, Outcome, Point, RunInfo, Tracker

UPLOAD_SECONDS = 60.0  # that the end of a run waits for uploads; what is left by then is for `wandb sync`


@TRACKERS.register("wandb")
class WandbTracker(Tracker):
    """A run of Weights & Biases, with the run folder's id.

    Online, the service says which steps it has. Offline, every start writes all of them anew into a folder of its own,
    which then replaces the one of the start before: a killed process leaves a file that may lack its last steps.
    """

    title = "Weights & Biases"
    libraries = ("wandb",)
    extra = "wandb"
    elsewhere = ("WANDB_DIR", "a local folder")

    def __init__(self, run: RunInfo):
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
        import wandb

        self._wandb = wandb
        wandb.setup(wandb.Settings(silent=True))
        mode = _mode()
        folder = os.environ.get("WANDB_DIR") or run.folder
        os.makedirs(folder, exist_ok=True)  # wandb would write to another place otherwise
        self._run = wandb.init(
            # Arguments go before wandb's variables, which are its users' way to say where a run belongs.
            project=None if os.environ.get("WANDB_PROJECT") else "srgan",
            name=None if os.environ.get("WANDB_NAME") else run.name,
            id=run.id,
            dir=folder,
            mode=mode,  # type: ignore[arg-type]  # one of four words, or wandb says so
            resume="allow" if mode == "online" else None,
            reinit="create_new",
            config=dict(run.config),
            allow_val_change=True,
            save_code=False,
            # Without it, the record holds the paths of the program and of Python, and all arguments.
            settings=wandb.Settings(
                silent=True, console="off", disable_git=True, x_disable_meta=True, finish_timeout=UPLOAD_SECONDS
            ),
        )
        for phase in ("pretrain", "finetune"):
            self._run.define_metric(f"{phase}/*", step_metric=f"{phase}/step")
        self._next = self._run.step  # total_step of the first point that the record may lack
        own = Path(self._run.dir).parent
        self._older = [path for path in own.parent.glob(f"offline-run-*-{run.id}") if path.name != own.name]
        files = join(folder, "wandb")
        self.where = str(self._run.url) if mode == "online" else f"offline in {files}; to upload it: wandb sync {files}"

    def update(self, points: Sequence[Point]) -> None:
        for point in points:
            if point.total_step < self._next:
                continue
            values = {f"{point.phase}/{name}": value for name, value in point.values.items()}
            values[f"{point.phase}/step"] = point.step
            with local_copy(point.sample) if point.sample else contextlib.nullcontext() as sample:
                pictures = {f"{point.phase}/samples": self._wandb.Image(sample)} if sample else {}
                self._run.log({**values, **pictures}, step=point.total_step, commit=True)
            self._next = point.total_step + 1
        while self._older:  # this one holds all that they do
            shutil.rmtree(self._older.pop(), ignore_errors=True)

    def finish(self, models: Sequence[str], outcome: Outcome) -> None:
        if models:
            artifact = self._wandb.Artifact(f"models-{self._run.id}", type="model")
            with contextlib.ExitStack() as copies:
                for model in models:
                    local = os.path.abspath(copies.enter_context(local_copy(model)))
                    # wandb copies to the user's home what may be gone when it uploads: what came from a bucket.
                    policy: Literal["mutable", "immutable"] = "mutable" if on_bucket(model) else "immutable"
                    artifact.add_file(local, name=os.path.basename(model), policy=policy)
                self._run.log_artifact(artifact)
        self._run.finish(exit_code=0 if outcome == "finished" else 1)


def _mode() -> str:
    """WANDB_MODE or what `wandb offline` has set; else offline where the user is not logged in. Asks nothing."""
    import wandb

    if given := os.environ.get("WANDB_MODE"):
        return given
    mode = wandb.setup().settings.mode
    return mode if mode != "online" or wandb.login(prompt=False, verify=False) else "offline"
