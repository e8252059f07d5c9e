"""docs/notebook.ipynb runs in a kernel of its own, from the first cell to the last."""

from pathlib import Path

import nbclient
import nbformat
import pytest

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebook.ipynb"


@pytest.mark.slow
def test_the_notebook_trains_draws_a_grid_and_enlarges_a_photograph(tmp_path):
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)  # what it shows is not kept in the repository
    client = nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()  # raises where a cell does
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    pictures = [output.data["image/png"] for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) == 2  # the grid and the enlarged photograph
    assert all(len(picture) > 20_000 for picture in pictures)
    said = "".join(output.text for output in outputs if output.output_type == "stream")
    assert "finetune step 6 of 6" in said
    nbformat.write(notebook, tmp_path / "executed.ipynb")
