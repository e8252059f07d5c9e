"""Messages advise the command that the user can run: `srgan` needs no clone of the repository."""

import pytest

from pyimagesearch.cli.main import main


@pytest.mark.parametrize(
    ("prog", "advised"), [("srgan", "srgan tfrecords\n"), ("train_srgan.py", "create_tfrecords.py\n")]
)
def test_missing_records_are_written_by_a_command_that_is_there(tmp_path, capsys, prog, advised):
    assert main(["verify", str(tmp_path / "nowhere")], prog=prog) == 2
    assert capsys.readouterr().err.endswith(f"nowhere: no such TFRecord folder; write it with {advised}")
