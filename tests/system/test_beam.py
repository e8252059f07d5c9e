"""pyimagesearch.system.beam: which runners and options are taken, and what a pipeline that fails says."""

import sys

import pytest

from pyimagesearch.errors import InputError, RunError
from pyimagesearch.system.beam import check_reach, count, make_runner, run


@pytest.fixture
def beam():
    return pytest.importorskip("apache_beam", reason='Apache Beam is not installed: pip install -e ".[beam]"')


def refusal(name, *options):
    with pytest.raises(InputError) as caught:
        make_runner(name, options)
    return caught.value.with_flags()


def test_a_missing_extra_is_named_with_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "apache_beam", None)
    assert refusal("direct").endswith('pip install -e ".[beam]"')
    assert refusal("direct").startswith("--runner needs Apache Beam")


def test_options_without_a_runner_are_refused():
    assert make_runner(None) is None
    assert refusal(None, "region=here") == "--beam-option region=here belongs to --runner, which is missing"


def test_a_runner_that_is_none_is_refused():
    assert refusal("storm") == "--runner must be one of direct, dataflow, flink, spark, received storm"


@pytest.mark.parametrize(
    ("runner", "options", "message"),
    [
        ("direct", ["direct_num_worker=2"], "--beam-option direct_num_worker: Beam has no such option"),
        ("direct", ["direct-num-workers=2"], "--beam-option direct-num-workers: Beam has no such option"),
        ("direct", ["direct_num_workers=two"], "argument --direct_num_workers: invalid int value: 'two'"),
        ("direct", ["direct_running_mode=fast"], "argument --direct_running_mode: invalid choice: 'fast'"),
        ("direct", ["runner=FlinkRunner"], "--beam-option runner: name the runner by --runner"),
        ("dataflow", ["region=here"], "--runner dataflow needs project, temp_location; give each by --beam-option"),
        ("flink", [], "--runner flink needs flink_master or job_endpoint; give each by --beam-option, such as"),
        ("spark", [], "--runner spark needs spark_master_url or spark_rest_url or job_endpoint"),
    ],
)
@pytest.mark.usefixtures("beam")
def test_wrong_and_missing_options_are_named_in_one_line(runner, options, message):
    said = refusal(runner, *options)
    assert message in said
    assert "\n" not in said


def test_dataflow_is_refused_a_folder_of_this_disk():
    from pyimagesearch.system.beam import Runner

    with pytest.raises(InputError, match="`output` records: Dataflow's machines do not see this disk; name a gs://"):
        check_reach(Runner("dataflow"), images="gs://lab/photos", output="records")
    check_reach(Runner("flink"), output="records")  # a disk that all machines share


def double(number):
    count("numbers")
    if number == 3:
        raise InputError("`images` three.png: corrupt")
    if number == 4:
        raise KeyError("four")
    return 2 * number


@pytest.mark.parametrize(
    ("number", "kind", "message"),
    [(3, InputError, "^`images` three.png: corrupt$"), (4, RunError, "^`runner` direct: the pipeline failed .*four")],
)
def test_what_a_transform_raises_ends_the_run_in_one_line(beam, number, kind, message):
    def build(pipeline):
        return pipeline | beam.Create([number]) | beam.Map(double)

    with pytest.raises(kind, match=message):
        run(make_runner("direct"), build, progress=lambda: 0)


def test_counters_come_back_and_beam_says_nothing(beam, capfd):
    def build(pipeline):
        return pipeline | beam.Create([1, 2]) | beam.Map(double)

    assert run(make_runner("direct"), build, progress=lambda: 0) == {"numbers": 2}
    assert capfd.readouterr() == ("", "")
