"""Draws are a pure function of seed, stage, step and slot."""

from collections import Counter

import pytest
from reportsup.schemas import DataError
from reportsup.segmentation.training.sampling import Pool, Sampler

MASKS = Pool(("m1", "m2", "m3"), ("n1",))
REPORTS = Pool(("r1", "r2"), ("h1", "h2"))


def test_shares_are_kept_in_every_stretch():
    sampler = Sampler(MASKS, REPORTS, batch_size=2, report_share=0.5, positive_share=0.75)
    for first in range(0, 40, 8):
        ids = [sampler.slot(i).case_id for i in range(first, first + 8)]
        assert sum(case_id[0] in "rh" for case_id in ids) == 4
        assert sum(case_id[0] in "mr" for case_id in ids) == 6


def test_every_case_comes_once_before_any_comes_again():
    sampler = Sampler(MASKS, Pool(), batch_size=1, positive_share=1.0)
    counts = Counter(sampler.slot(i).case_id for i in range(9))
    assert counts == {"m1": 3, "m2": 3, "m3": 3}


@pytest.mark.parametrize("world_size", [1, 2, 4])
def test_ranks_share_the_slots_of_one_rank(world_size):
    sampler = Sampler(MASKS, REPORTS, batch_size=4, seed=3)
    for step in range(5):
        whole = sampler.step(step)
        parts = [draw for rank in range(world_size) for draw in sampler.step(step, rank, world_size)]
        assert sorted(parts, key=lambda draw: draw.seed) == whole


@pytest.mark.parametrize(("batch_size", "world_size"), [(2, 2), (4, 2), (4, 4), (6, 3), (8, 4)])
@pytest.mark.parametrize("report_share", [0.33, 0.5, 0.67])
def test_every_rank_sees_reports_and_masks_in_their_shares(batch_size, world_size, report_share):
    sampler = Sampler(MASKS, REPORTS, batch_size=batch_size, report_share=report_share)
    for rank in range(world_size):
        drawn = [draw.case_id for step in range(60) for draw in sampler.step(step, rank, world_size)]
        share = sum(case_id[0] in "rh" for case_id in drawn) / len(drawn)
        assert share == pytest.approx(report_share, abs=0.08)


def test_seed_and_stage_change_the_order():
    def ids(**kw):
        return [Sampler(Pool(tuple("abcdefgh")), Pool(), batch_size=1, **kw).slot(i).case_id for i in range(8)]

    assert ids() == ids()
    assert ids() != ids(seed=1)
    assert ids() != ids(stage=2)


def test_one_pool_alone_takes_every_slot():
    sampler = Sampler(Pool(), REPORTS, batch_size=2)
    assert all(sampler.slot(i).case_id[0] in "rh" for i in range(10))
    with pytest.raises(DataError, match="nothing to learn"):
        Sampler(Pool(), Pool(), batch_size=2)


def test_shares_by_organ_are_kept_for_each_organ():
    masks = Pool(("m1", "m2", "m3"), (), {"liver": ("m1", "m2"), "kidney": ("m3",)})
    reports = Pool(("r1", "r2"), (), {"liver": ("r1",), "kidney": ("r2",)})
    sampler = Sampler(masks, reports, batch_size=2, report_share={"liver": 0.25, "kidney": 0.75})
    counts = Counter((draw.organ, draw.case_id) for draw in map(sampler.slot, range(80)))
    assert counts == {
        ("liver", "r1"): 10, ("liver", "m1"): 15, ("liver", "m2"): 15, ("kidney", "r2"): 30, ("kidney", "m3"): 10
    }  # fmt: skip
