"""Fingerprint and plan: axis order, overrides, the key of the cache, and the text shown to the user."""

from dataclasses import replace

import numpy as np
import pytest
from reportsup.schemas import ConfigError, DataError
from reportsup.segmentation.preprocessing import (
    Fingerprint,
    LesionChannel,
    Plan,
    make_plan,
    plan_channels,
    plan_patch,
    plan_region_masks,
    render_plan,
    take_fingerprint,
)
from reportsup.segmentation.targets import CaseTargets, ChannelStatus, ChannelTarget, TargetTable

CHANNELS = (LesionChannel("liver", "liver_lesion"),)


def _fingerprint(spacing_mm, low_mm=None, extent_mm=(300.0, 300.0, 300.0)):
    return Fingerprint(
        n_cases=9, median_spacing_mm=spacing_mm, min_spacing_mm=spacing_mm, max_spacing_mm=spacing_mm,
        low_spacing_mm=low_mm or spacing_mm, median_shape=(100, 100, 100), median_extent_mm=extent_mm,
        foreground_hu=(-80.0, 50.0, 210.0), foreground_mean_hu=48.0, foreground_std_hu=30.0, n_sampled_cases=9,
    )  # fmt: skip


def test_fingerprint_is_in_ras_order_and_of_the_foreground(make_case):
    turned = replace(make_case("B"), orientation="SLP", spacing_mm=(3.0, 1.5, 1.5), shape=(10, 24, 20))
    found = take_fingerprint([make_case("A"), turned], ["liver"], workers=2)
    assert found.median_spacing_mm == (1.5, 1.5, 3.0)
    assert found.median_shape == (24, 20, 10)
    assert found.median_extent_mm == (36.0, 30.0, 30.0)
    assert found.foreground_mean_hu == pytest.approx(40, abs=1)
    assert found.foreground_std_hu == pytest.approx(10, abs=1)
    assert found.foreground_hu[0] > 0, "air is no foreground"
    assert found == take_fingerprint([make_case("A"), turned], ["liver"]), "the same voxels every time"
    assert take_fingerprint([make_case("A")], ["spleen"]).foreground_hu[0] > 0, "without organs, the body"
    with pytest.raises(DataError, match="0 training cases"):
        take_fingerprint([], [])


def test_a_case_that_cannot_be_read_is_named_and_the_others_make_the_fingerprint(make_case):
    good, gone = make_case("A"), make_case("B")
    gone.ct.unlink()
    failures = {}
    found = take_fingerprint([good, gone], ["liver"], failed=failures.__setitem__)
    assert list(failures) == ["B"]
    assert "does not exist" in failures["B"].message
    assert found.foreground_hu == take_fingerprint([good], ["liver"]).foreground_hu
    with pytest.raises(DataError, match="0 of 1 sampled cases"):
        take_fingerprint([gone], ["liver"])


@pytest.mark.parametrize(
    ("median_mm", "low_mm", "expected"),
    [
        ((0.7, 0.7, 2.0), (0.6, 0.6, 1.0), (1.0, 1.0, 2.0)),
        ((0.8, 0.8, 5.0), (0.7, 0.7, 1.5), (1.0, 1.0, 1.5)),
        ((2.0, 2.0, 5.0), (1.0, 1.0, 3.0), (2.0, 2.0, 5.0)),
    ],
)
def test_planned_spacing(median_mm, low_mm, expected):
    assert make_plan(_fingerprint(median_mm, low_mm), CHANNELS, ()).spacing_mm == expected


@pytest.mark.parametrize("extent_mm", [(300.0, 300.0, 300.0), (90.0, 90.0, 60.0), (400.0, 400.0, 20.0)])
@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), (1.5, 1.5, 5.0)])
def test_patch_fits_budget_divisor_and_volume(extent_mm, spacing_mm):
    patch = np.array(plan_patch(extent_mm, spacing_mm, 64**3, 16))
    assert (patch % 16 == 0).all()
    assert patch.prod() <= 64**3
    assert (patch * spacing_mm < np.array(extent_mm) + 16 * np.array(spacing_mm)).all()


def test_overrides_and_nonsense():
    given = {"spacing_mm": (2.0, 2.0, 4.0), "patch_size": (8, 8, 8)}
    plan = make_plan(_fingerprint((1.0, 1.0, 1.0)), CHANNELS, ["b", "a"], **given)
    assert (plan.spacing_mm, plan.patch_size, plan.region_masks) == ((2.0, 2.0, 4.0), (8, 8, 8), ("a", "b"))
    assert plan.clip_hu == (-150.0, 250.0), "soft tissue is always in the window"
    assert plan.background == pytest.approx((-150 - 48) / 30)
    with pytest.raises(ConfigError, match="spacing"):
        make_plan(_fingerprint((1.0, 1.0, 1.0)), CHANNELS, (), spacing_mm=(0.0, 1.0, 1.0))


def test_key_follows_what_is_in_the_resampled_volumes_only():
    plan = make_plan(_fingerprint((1.0, 1.0, 1.0)), CHANNELS, ["liver"])
    free = [
        {"patch_size": (32, 32, 32)}, {"mean_hu": 0.0}, {"std_hu": 1.0}, {"clip_hu": (0.0, 1.0)}, {"margin_mm": 5.0},
        {"region_masks": ()}, {"channels": ()},
    ]  # fmt: skip
    for change in free:
        assert replace(plan, **change).cache_key == plan.cache_key
    for change in ({"spacing_mm": (1.0, 1.0, 1.5)}, {"image_order": 3}, {"organ_box_mm": 30.0}):
        assert replace(plan, **change).cache_key != plan.cache_key
    cut = replace(plan, organ_box_mm=30.0)
    assert replace(cut, region_masks=()).cache_key != cut.cache_key, "what is cut away depends on the organs"


def test_json_and_text():
    plan = make_plan(_fingerprint((0.8, 0.8, 2.5)), CHANNELS, ["liver"])
    assert Plan.from_json(plan.to_json()) == plan
    text = render_plan(plan, _fingerprint((0.8, 0.8, 2.5)))
    for words in ("1 × 1 × 2.5 mm", "liver_lesion", "-80 to 210 HU", plan.cache_key):
        assert words in text
    with pytest.raises(ConfigError, match="unreadable"):
        Plan.from_json("{}")


def test_channels_are_the_organs_that_some_case_teaches(make_case):
    def table(**status):
        channels = {organ: ChannelTarget(organ, ChannelStatus(s)) for organ, s in status.items()}
        return TargetTable({"A": CaseTargets("A", "train", None, channels)}, ())

    case = make_case("A")
    found = plan_channels([case], table(kidney="masked", liver="report", spleen="known_absent", lung="unknown"))
    assert [c.name for c in found] == ["liver_lesion", "kidney_lesion"]
    assert plan_region_masks([case], found) == ("kidney_left", "kidney_right", "liver")
    with pytest.raises(DataError, match="nothing to learn"):
        plan_channels([case], table(spleen="known_absent"))
