"""pyimagesearch.memory: what is free, on a machine and in a container."""

import pytest

from pyimagesearch.system import memory


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """machine(own, **files of its control group) has 8 GiB free; `own` is the group of this process."""

    def make(own="/", **group):
        (tmp_path / "meminfo").write_text("MemTotal:  16777216 kB\nMemAvailable:  8388608 kB\nHugePages_Total:  0\n")
        for name, content in group.items():
            (tmp_path / f"memory.{name}").write_text(content)
        monkeypatch.setattr(memory, "MACHINE", tmp_path / "meminfo")
        (tmp_path / "cgroup").write_text(f"1:name=systemd:/x\n0::{own}\n")
        monkeypatch.setattr(memory, "GROUPS", tmp_path)
        monkeypatch.setattr(memory, "OWN_GROUP", tmp_path / "cgroup")

    return make


STAT = "anon 700\nfile 900\ninactive_file 250\n"


def test_this_machine_has_some():
    assert 10**6 < memory.available() < 10**14


@pytest.mark.parametrize(
    "group",
    [{}, {"max": "max\n", "current": "1\n", "stat": STAT}, {"max": f"{2**40}\n", "current": "0\n", "stat": STAT}],
)
def test_without_a_limit_or_below_a_large_one_it_is_what_the_machine_has(machine, group):
    machine(**group)
    assert memory.available() == 8 * 2**30


def test_a_container_has_what_its_limit_leaves_and_its_file_cache(machine):
    machine(max="1000\n", current="900\n", stat=STAT)
    assert memory.available() == 100 + 250


def test_a_job_within_groups_has_what_the_narrowest_limit_leaves(machine, tmp_path):
    machine("/slurm/job_1/step_0", max="max\n", current="5000\n", stat=STAT)
    for group, limit, used in (("slurm/job_1", "2000\n", "900\n"), ("slurm/job_1/step_0", "max\n", "900\n")):
        (tmp_path / group).mkdir(parents=True)
        for name, content in (("max", limit), ("current", used), ("stat", STAT)):
            (tmp_path / group / f"memory.{name}").write_text(content)
    assert memory.available() == 2000 - 900 + 250
