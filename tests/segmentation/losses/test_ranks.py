"""N ranks minimise what one rank with the whole batch minimises."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ranks")
    script = Path(__file__).with_name("ranks_script.py")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    ranks = [
        subprocess.Popen(
            [sys.executable, script, folder, str(rank)], env=environment, stderr=subprocess.PIPE, text=True
        )
        for rank in range(4)
    ]
    errors = [rank.communicate(timeout=240)[1] for rank in ranks]
    assert [rank.returncode for rank in ranks] == [0] * 4, errors
    return {path.stem: torch.load(path, weights_only=True) for path in folder.glob("*.pt")}


@pytest.mark.parametrize("preset", ["interval", "reference"])
@pytest.mark.parametrize("world_size", [2, 4])
def test_loss_and_gradient_of_a_step_equal_those_of_one_rank(results, world_size, preset):
    alone = results["1_0"][preset]
    assert min(alone["volume"], alone["ball"], alone["segmentation"]) > 0.05
    for rank in range(world_size):
        shared = results[f"{world_size}_{rank}"][preset]
        for name, expected in alone.items():
            assert torch.allclose(shared[name], expected, rtol=1e-5, atol=1e-5), name
