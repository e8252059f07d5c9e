"""Work on Apache Beam: the choice of a runner, its options, and a pipeline from start to end.

Beam is an extra, and is imported where it is used.
"""

import contextlib
import io
import logging
import re
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from pyimagesearch.errors import InputError, Interrupted, RunError, one_line
from pyimagesearch.system.gcs import on_bucket

if TYPE_CHECKING:
    import apache_beam

logger = logging.getLogger(__name__)

# Beam's names. Not DirectRunner, which prefers to download and start the runner Prism, to which direct_num_workers and
# direct_running_mode mean nothing.
BEAM_NAMES = {"direct": "FnApiRunner", "dataflow": "DataflowRunner", "flink": "FlinkRunner", "spark": "SparkRunner"}
RUNNERS = tuple(BEAM_NAMES)
# The options of which a runner needs all, or one. Beam has defaults that download and start a cluster on this machine.
NEEDS_ALL = {"dataflow": ("project", "region", "temp_location")}
NEEDS_ONE = {"flink": ("flink_master", "job_endpoint"), "spark": ("spark_master_url", "spark_rest_url", "job_endpoint")}
NAMESPACE = "srgan"  # of our counters among those of Beam

Build = Callable[["apache_beam.Pipeline"], object]


@dataclass(frozen=True)
class Runner:
    """A runner of RUNNERS, and Beam's options for it as `name=value`, or `name` for one without a value."""

    name: str
    options: tuple[str, ...] = ()

    @property
    def flags(self) -> list[str]:
        """Command line flags as Beam's PipelineOptions take them."""
        return [f"--runner={BEAM_NAMES[self.name]}", *(f"--{option}" for option in self.options)]

    @property
    def in_processes(self) -> bool:
        """Whether worker processes on this machine do the work."""
        return self.name == "direct" and "direct_running_mode=multi_processing" in self.options


def make_runner(name: str | None, options: Sequence[str] | None = None) -> Runner | None:
    """The runner `name` of RUNNERS with Beam's `options`; None without a name.

    options: `name=value`, or `name` for one without a value, as Beam calls them (direct_num_workers=2).
    Raises InputError where Beam is not installed, for an option that it does not know or cannot read, and where the
    runner needs one that is missing.

    >>> make_runner("direct", ["direct_num_workers=2", "direct_running_mode=multi_processing"])
    Runner(name='direct', options=('direct_num_workers=2', 'direct_running_mode=multi_processing'))
    """
    if name is None:
        if options:
            raise InputError(f"`beam_option` {options[0]} belongs to `runner`, which is missing")
        return None
    if name not in RUNNERS:
        raise InputError(f"`runner` must be one of {', '.join(RUNNERS)}, received {name}")
    try:
        _import_beam()
    except ImportError as error:
        raise InputError(f'`runner` needs Apache Beam ({one_line(error)}): pip install -e ".[beam]"') from None
    runner = Runner(name, tuple(option.removeprefix("--") for option in options or ()))
    given = _parse(runner)
    missing = [needed for needed in NEEDS_ALL.get(name, ()) if not given.get(needed)]
    choice = NEEDS_ONE.get(name, ())
    if choice and not any(option.startswith(f"{needed}=") for option in runner.options for needed in choice):
        missing = [" or ".join(choice)]
    if missing:
        example = missing[0].split()[0].upper()
        raise InputError(
            f"`runner` {name} needs {', '.join(missing)}; give each by `beam_option`, such as "
            f"--beam-option {example.lower()}={example}"
        )
    if name == "dataflow" and not find_spec("apitools"):
        raise InputError('`runner` dataflow needs Beam\'s client of Google Cloud: pip install "apache-beam[gcp]"')
    if choice and not given.get("job_endpoint") and not shutil.which("java"):
        raise InputError(
            f"`runner` {name} starts Beam's job server, which needs java, and there is none; install one, or name a "
            "job server that runs with --beam-option job_endpoint=HOST:PORT"
        )
    return runner


def _import_beam() -> None:
    """Import Beam without its warning that the clients of Google Cloud, an extra of Beam, are missing."""
    handlers = list(logging.getLogger().handlers)
    logging.disable(logging.WARNING)
    try:
        import apache_beam  # noqa: F401
    finally:
        logging.disable(logging.NOTSET)
        logging.getLogger().handlers[:] = handlers  # logging.warning gives the root logger one


def check_reach(runner: Runner, **folders: str | None) -> None:
    """Raise InputError where workers on other machines cannot reach a folder of this one; by the argument's name."""
    for name, folder in folders.items():
        if runner.name == "dataflow" and folder and not on_bucket(folder):
            raise InputError(f"`{name}` {folder}: Dataflow's machines do not see this disk; name a gs:// folder")


def _parse(runner: Runner) -> dict[str, object]:
    """The values of all options by their names."""
    from apache_beam.options.pipeline_options import PipelineOptions

    with _quiet(), contextlib.redirect_stderr(io.StringIO()) as said:
        try:
            known = PipelineOptions([]).get_all_options()
            given = PipelineOptions(runner.flags).get_all_options(retain_unknown_options=True)
        except SystemExit:  # by argparse, after it wrote its usage and then the error
            reason = re.sub(r"^.*error: ", "", said.getvalue().strip().splitlines()[-1])
            raise InputError(f"`beam_option`: {reason}") from None
    named = [option.partition("=")[0] for option in runner.options]
    if "runner" in named:
        raise InputError("`beam_option` runner: name the runner by `runner`")
    for name in named:
        if name not in known and name.replace("-", "_") in given:  # argparse's name of it
            raise InputError(f"`beam_option` {name}: Beam has no such option; they are in its PipelineOptions")
    return given


def run(runner: Runner, build: Build, *, progress: Callable[[], int]) -> dict[str, int]:
    """Run the pipeline that `build` makes, and return our counters by their names once it is done.

    build: adds its transforms to a pipeline. Worker processes on this machine run it in a process of its own: it has
        to be picklable, such as a functools.partial of a function of a module. What it does has to be safe to do again.
    progress: how much is done so far. Beam's own runner waits for ever for a worker process that died, so that the
        pipeline is then built and run again; where several such deaths follow each other without progress, this ends.

    Raises InputError and RunError as the transforms raise them, and RunError where the pipeline fails.
    """
    if runner.in_processes:
        from pyimagesearch.system.beam_processes import run_in_processes

        return run_in_processes(runner, build, progress=progress)
    with _quiet():
        return run_here(runner, build)


def run_here(runner: Runner, build: Build) -> dict[str, int]:
    """Run a pipeline from this process."""
    import apache_beam
    from apache_beam.metrics import MetricsFilter
    from apache_beam.options.pipeline_options import PipelineOptions

    pipeline = apache_beam.Pipeline(options=PipelineOptions(runner.flags))
    build(pipeline)
    try:
        result = pipeline.run()
        try:
            state = result.wait_until_finish()
        except BaseException:
            with contextlib.suppress(Exception):  # of a job that has ended, or that cannot be cancelled
                result.cancel()
            raise
    except Exception as error:
        raise _explained(runner, error) from None
    if state != "DONE":
        raise RunError(f"`runner` {runner.name}: the pipeline ended as {state}; its log says why")
    counters = result.metrics().query(MetricsFilter().with_namespace(NAMESPACE))["counters"]
    return {counter.key.metric.name: counter.result or 0 for counter in counters}


def count(name: str, number: int = 1) -> None:
    """Add to one of our counters, from inside a transform."""
    from apache_beam.metrics import Metrics

    Metrics.counter(NAMESPACE, name).inc(number)


def _explained(runner: Runner, error: Exception) -> BaseException:
    """What a transform raised, out of Beam's exceptions: some are of its type, others hold the traceback as text."""
    if "KeyboardInterrupt" in str(error):  # Beam's own runner makes an error of a signal too
        return KeyboardInterrupt()
    if f"{Interrupted.__name__}: stopped by SIGTERM" in str(error):
        return Interrupted("stopped by SIGTERM", 128 + signal.SIGTERM)
    found = re.search(r"(?:^|errors\.)(InputError|MissingLibraryError|RunError): (.*)", str(error), re.MULTILINE)
    kind, text = (found[1], found[2]) if found else (type(error).__name__, one_line(error))
    text = re.sub(r" *\[while running .*", "", text)
    if kind in ("InputError", "MissingLibraryError"):
        return InputError(text)
    if kind == "RunError":
        return RunError(text)
    if "Error executing an HTTP request" in text:
        return error  # of a bucket; the command line explains it
    last = [line for line in str(error).strip().splitlines() if re.match(r"\w+(\.\w+)*(Error|Exception)\b", line)]
    reason = one_line(Exception(re.sub(r" *\[while running .*", "", last[-1]))) if last else f"{kind}: {text}"
    return RunError(f"`runner` {runner.name}: the pipeline failed ({reason[:300]})")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the hundreds of lines that Beam logs, also from its threads in this process."""
    beam, root = logging.getLogger("apache_beam"), logging.getLogger()
    before, handlers = beam.level, list(root.handlers)
    beam.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        beam.setLevel(before)
        root.handlers[:] = handlers  # Beam gives the root logger one
