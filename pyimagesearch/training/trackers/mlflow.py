"""MLflow: a database in the run folder, or the server or database that MLFLOW_TRACKING_URI names."""

import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pyimagesearch.system.files import appearing, exists, join, local_copy
from pyimagesearch.training.trackers import TRACKERS, Outcome, Point, RunInfo, Tracker, without_passwords

URI = "MLFLOW_TRACKING_URI"
ID_TAG = "srgan.id"
STATES = {"finished": "FINISHED", "stopped": "KILLED", "failed": "FAILED"}
MOST_METRICS, MOST_PARAMS = 1000, 100  # that MLflow takes in one request
# A server that does not answer is asked again at the next checkpoint, so that no single request need be patient.
PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "20"}


@TRACKERS.register("mlflow")
class MLflowTracker(Tracker):
    """A run of MLflow, known by a tag that holds the run folder's id."""

    title = "MLflow"
    libraries = ("mlflow", "sqlalchemy", "alembic")
    extra = "mlflow"
    elsewhere = (URI, "a server or a local database, such as sqlite:///mlflow.db")

    def __init__(self, run: RunInfo):
        for name, value in {"MLFLOW_DISABLE_TELEMETRY": "true", **PATIENCE}.items():
            os.environ.setdefault(name, value)
        import mlflow

        for library in ("mlflow", "alembic", "urllib3.connectionpool"):  # of every table, and of every retry
            logging.getLogger(library).setLevel(logging.ERROR)
        uri = os.environ.get(URI)
        artifacts = None if uri else os.path.abspath(join(run.folder, "mlflow", "artifacts"))
        self._client = mlflow.MlflowClient(tracking_uri=uri or _own_database(run.folder))
        self._id = self._go_on_or_begin(run, self._experiment(artifacts))
        self._steps: dict[str, set[int]] = {}  # that the record has, by phase, once they have been looked up
        self._pictures: dict[str, int | None] | None = None  # sizes by path, likewise
        self.where = f"MLflow run {self._id} in {without_passwords(uri or join(run.folder, 'mlflow'))}"

    def _experiment(self, artifacts: str | None) -> str:
        """The id of the experiment that MLflow's variables name, or else of `srgan`, which is made where needed."""
        if given := os.environ.get("MLFLOW_EXPERIMENT_ID"):
            return given
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or "srgan"
        known = self._client.get_experiment_by_name(name)
        return known.experiment_id if known else self._client.create_experiment(name, artifacts)

    def _go_on_or_begin(self, run: RunInfo, experiment: str) -> str:
        found = self._client.search_runs([experiment], f"tags.`{ID_TAG}` = '{run.id}'", max_results=1)
        record = found[0] if found else self._client.create_run(experiment, tags={ID_TAG: run.id}, run_name=run.name)
        identity = record.info.run_id
        if found:
            self._client.update_run(identity, status="RUNNING")
        self._describe(identity, dict(_flat(run.config)), record.data.params)
        return identity

    def _describe(self, identity: str, config: Mapping[str, str], known: Mapping[str, str]) -> None:
        """Write the configuration. MLflow's parameters cannot change: what another start sets otherwise is a tag."""
        from mlflow.entities import Param

        new = [Param(name, value) for name, value in config.items() if name not in known]
        for first in range(0, len(new), MOST_PARAMS):
            self._client.log_batch(identity, params=new[first : first + MOST_PARAMS])
        for name in config.keys() & known.keys():
            if config[name] != known[name]:
                self._client.set_tag(identity, name, config[name])

    def update(self, points: Sequence[Point]) -> None:
        for phase in dict.fromkeys(point.phase for point in points):
            if phase not in self._steps:  # every row has its `seconds`
                metrics = self._client.get_metric_history(self._id, f"{phase}/seconds")
                self._steps[phase] = {metric.step for metric in metrics}
        for point in points:
            if point.sample:
                self._add_picture(point.sample)
        self._add_values([point for point in points if point.values and point.step not in self._steps[point.phase]])

    def _add_values(self, points: Sequence[Point]) -> None:
        """Add points in few requests. None tears a point apart: MLflow's database takes a request as a whole."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        together = MOST_METRICS // max((len(point.values) for point in points), default=1)
        for first in range(0, len(points), together):
            batch = points[first : first + together]
            metrics = [Metric(f"{point.phase}/{name}", value, now, point.step)
                       for point in batch for name, value in point.values.items()]  # fmt: skip
            self._client.log_batch(self._id, metrics=metrics)
            for point in batch:
                self._steps[point.phase].add(point.step)

    def _add_picture(self, path: str) -> None:
        if self._pictures is None:
            there = self._client.list_artifacts(self._id, "samples")
            self._pictures = {file.path: file.file_size for file in there}
        name = "samples/" + os.path.basename(path)
        with local_copy(path) as local:
            size = os.path.getsize(local)
            if self._pictures.get(name) != size:  # also one that a killed process copied in part
                self._client.log_artifact(self._id, local, "samples")
                self._pictures[name] = size

    def finish(self, models: Sequence[str], outcome: Outcome) -> None:
        for model in models:
            with local_copy(model) as local:
                self._client.log_artifact(self._id, local, "models")
        self._client.set_terminated(self._id, STATES[outcome])


def _own_database(folder: str) -> str:
    """The address of the database in a run folder. It appears whole: MLflow would not go on with one whose tables a
    killed process has made in part."""
    path = join(folder, "mlflow", "mlflow.db")
    if not exists(path):
        import mlflow

        with appearing(path) as beside:
            mlflow.MlflowClient(tracking_uri=f"sqlite:///{beside}").search_experiments(max_results=1)
    return f"sqlite:///{path}"


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """The values of nested mappings, as text, by their dotted names."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, str(value)
