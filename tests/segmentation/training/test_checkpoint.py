"""A checkpoint is data: one that would run code is refused, and does not."""

import pickle

import pytest
import torch
from reportsup.schemas.errors import TrainingError
from reportsup.segmentation.training.checkpoint import load_checkpoint


class Runs:
    """Unpickled, it would make a file."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return (open, (self.path, "w"))


@pytest.mark.parametrize("write", [torch.save, lambda state, path: path.write_bytes(pickle.dumps(state))])
def test_a_checkpoint_that_would_run_code_is_refused(tmp_path, write):
    write({"format": 1, "weights": Runs(tmp_path / "ran")}, tmp_path / "last.pt")
    with pytest.raises(TrainingError, match="readable checkpoint"):
        load_checkpoint(tmp_path / "last.pt")
    assert not (tmp_path / "ran").exists()
