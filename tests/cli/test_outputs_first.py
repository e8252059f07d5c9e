"""What cannot be written is found before the work, by every command that writes."""

import pytest

from pyimagesearch.cli.main import main


@pytest.mark.parametrize(
    ("command", "flag"),
    [
        (["results", "set5.json", "-o", "notes/a.md"], "--output notes/a.md"),
        (["benchmark", "step", "--json", "notes/a.json"], "--json notes/a.json"),
        (["benchmark", "loader", "--plot", "notes/a.png"], "--plot notes/a.png"),
        (["export", "light", "--format", "savedmodel", "-o", "notes/model"], "--output notes/model"),
    ],
)
def test_an_output_below_a_file_is_refused_before_anything_is_done(tmp_path, monkeypatch, capsys, command, flag):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes").write_text("mine")
    assert main(command) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert flag in err
    assert f"nothing can be written there: {tmp_path}/notes is not a folder" in err
