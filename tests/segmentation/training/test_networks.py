"""Networks by name, and heads of whatever they return."""

import pytest
import torch
from reportsup.schemas import ConfigError
from reportsup.segmentation.training.networks import NETWORKS, build_network, check_patch, heads

SMALL = {
    "SegResNetDS": {"init_filters": 8, "blocks_down": [1, 1, 1], "dsdepth": 2},
    "UNet": {"channels": [4, 8], "strides": [2], "num_res_units": 0},
}


def test_deep_supervision_comes_as_a_list_final_head_first():
    network = build_network("SegResNetDS", 2, SMALL["SegResNetDS"]).train()
    shapes = [tuple(head.shape) for head in heads(network(torch.zeros(1, 1, 16, 16, 16)))]
    assert shapes == [(1, 2, 16, 16, 16), (1, 2, 8, 8, 8)]


def test_every_form_of_output_becomes_a_list():
    big, small = torch.zeros(1, 1, 8, 8, 8), torch.zeros(1, 1, 4, 4, 4)
    assert [h.shape for h in heads(torch.zeros(1, 3, 2, 8, 8, 8))] == [(1, 2, 8, 8, 8)] * 3
    assert heads([small, big]) == [big, small]
    assert heads({"aux": small, "out": big}) == [big, small]
    assert heads(big) == [big]
    with pytest.raises(TypeError, match="str"):
        heads("logits")


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_every_network_of_the_table_takes_a_patch(name):
    pytest.importorskip("einops") if name == "SwinUNETR" else None
    check_patch(build_network(name, 1), name, (64, 64, 64))


def test_a_patch_that_does_not_fit_is_refused_before_anything_runs():
    network = build_network("SegResNetDS", 1, SMALL["SegResNetDS"])
    with pytest.raises(ConfigError, match="patch_size"):
        check_patch(network, "SegResNetDS", (18, 16, 16))


def test_own_networks_and_wrong_names():
    own = build_network("torch.nn:Conv3d", 2, {"kernel_size": 1})
    assert heads(own(torch.zeros(1, 1, 4, 4, 4)))[0].shape == (1, 2, 4, 4, 4)
    with pytest.raises(ConfigError, match="SegResNetDS"):
        build_network("SegResNetXL", 1)
    with pytest.raises(ConfigError, match="importable"):
        build_network("reportsup.nowhere:net", 1)
    with pytest.raises(ConfigError, match="unexpected keyword"):
        build_network("UNet", 1, {**SMALL["UNet"], "chanels": 3})
