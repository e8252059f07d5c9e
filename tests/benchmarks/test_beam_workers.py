"""`srgan benchmark records --workers` runs both sides and writes the promised JSON. No speed is asserted."""

import json

import pytest

from pyimagesearch.benchmarks import measure, records
from pyimagesearch.cli.main import main

pytest.importorskip("apache_beam", reason='Apache Beam is not installed: pip install -e ".[beam]"')


@pytest.mark.slow
def test_benchmark_records_sets_two_workers_of_beam_against_one(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(records, "ROUNDS", 1)
    monkeypatch.setattr(measure, "SIZE", (300, 400))
    json_path = tmp_path / "records.json"
    assert main(["benchmark", "records", "--pictures", "4", "--workers", "2", "--json", str(json_path)]) == 0
    found = json.loads(json_path.read_text())
    assert all(found[side]["pictures_per_s"] > 0 for side in ("ours", "one_worker"))
    assert "x one worker's speed" in capsys.readouterr().out
    assert main(["benchmark", "records", "--workers", "1"]) == 2
