"""Synthetic patients: deterministic, lesions inside their organs, records that agree with the masks."""

import numpy as np
import pytest
from reportsup.schemas import ConfigError
from reportsup.segmentation.synthetic import SCANNERS, SyntheticCase, make_case
from reportsup.segmentation.synthetic.anatomy import LIVER_SEGMENTS, PANCREAS_PARTS


@pytest.fixture(scope="module", params=["A", "B"])
def case(request: pytest.FixtureRequest) -> SyntheticCase:
    return make_case(11, request.param, lesion_count=4)


def test_the_same_seed_gives_the_same_case(case: SyntheticCase) -> None:
    again = make_case(11, case.scanner.name, lesion_count=4)
    assert np.array_equal(case.ct, again.ct)
    assert case.lesions == again.lesions
    assert not np.array_equal(case.ct, make_case(12, case.scanner.name, lesion_count=4).ct)


def test_volume_and_grid_are_the_scanners(case: SyntheticCase) -> None:
    assert case.ct.dtype == np.float32
    assert case.spacing_mm == pytest.approx(SCANNERS[case.scanner.name].spacing_mm)
    assert np.allclose(np.multiply(case.ct.shape, case.spacing_mm), (256, 192, 160), atol=2.6)
    middle = case.affine_ras @ np.append((np.array(case.ct.shape) - 1) / 2, 1)
    assert np.allclose(middle[:3], 0)


def test_scanners_differ_in_spacing_and_axis_directions() -> None:
    a, b = make_case(1, "A", lesion_count=0), make_case(1, "B", lesion_count=0)
    assert a.ct.shape != b.ct.shape
    assert (np.sign(np.diag(a.affine_ras)[:3]) == (1, 1, 1)).all()
    assert (np.sign(np.diag(b.affine_ras)[:3]) == (-1, -1, 1)).all()


@pytest.mark.parametrize("scanner", ["A", "B"])
def test_a_patient_has_the_same_anatomy_on_both_scanners(scanner: str) -> None:
    case = make_case(5, scanner, lesion_count=0)
    liver = np.argwhere(case.organ_masks["liver"]) @ case.affine_ras[:3, :3].T + case.affine_ras[:3, 3]
    spleen = np.argwhere(case.organ_masks["spleen"]) @ case.affine_ras[:3, :3].T + case.affine_ras[:3, 3]
    assert liver.mean(0)[0] > 20  # on the patient's right
    assert spleen.mean(0)[0] < -50
    other = make_case(5, "B" if scanner == "A" else "A", lesion_count=0)
    volume_mm3 = case.organ_masks["liver"].sum() * np.prod(case.spacing_mm)
    assert volume_mm3 == pytest.approx(other.organ_masks["liver"].sum() * np.prod(other.spacing_mm), rel=0.03)


@pytest.mark.parametrize("seed", range(4))
def test_lesions_lie_inside_their_organs(seed: int) -> None:
    case = make_case(seed, "A", lesion_count=4)
    masks = case.organ_masks
    kidneys = masks["kidney_left"] | masks["kidney_right"]
    for organ, mask in {"liver": masks["liver"], "kidney": kidneys, "pancreas": masks["pancreas"]}.items():
        assert not (case.lesion_masks[f"{organ}_lesion"] & ~mask).any()


def test_parts_cover_their_organ_once(case: SyntheticCase) -> None:
    for organ, parts in (("liver", LIVER_SEGMENTS), ("pancreas", PANCREAS_PARTS)):
        covered = sum(case.organ_masks[part].astype(int) for part in parts)
        assert np.array_equal(covered, case.organ_masks[organ].astype(int))


@pytest.mark.parametrize("seed", range(4))
def test_records_agree_with_the_masks(seed: int) -> None:
    case = make_case(seed, "A", lesion_count=3)
    for organ in ("liver", "kidney", "pancreas"):
        records = [lesion for lesion in case.lesions if lesion.organ == organ]
        volume_mm3 = case.lesion_masks[f"{organ}_lesion"].sum() * np.prod(case.spacing_mm)
        assert sum(lesion.volume_mm3 for lesion in records) == pytest.approx(volume_mm3)
    for lesion in case.lesions:
        first, second, third = lesion.diameters_mm
        assert first >= second >= third > 0
        # of all bodies with these second moments the ellipsoid is the largest
        assert np.pi / 6 * first * second * third > 0.97 * lesion.volume_mm3
        if lesion.volume_mm3 > 1500:
            assert np.pi / 6 * first * second * third < 1.6 * lesion.volume_mm3


def test_a_lesion_is_where_its_record_says() -> None:
    case = make_case(11, "B", lesion_count=4)
    for lesion in case.lesions:
        index = np.linalg.inv(case.affine_ras) @ np.append(lesion.centre_mm, 1)
        nearest = tuple(np.rint(index[:3]).astype(int))
        part = {"liver": f"liver_segment_{lesion.location[-1]}", "pancreas": f"pancreas_{lesion.location}"}.get(
            lesion.organ, f"kidney_{lesion.side}"
        )
        assert case.organ_masks[part][tuple(slice(i - 2, i + 3) for i in nearest)].any()


def test_lesions_differ_from_their_organ_in_the_image() -> None:
    case = make_case(21, "A", lesion_count=1, organs=("liver",))
    lesion = case.lesion_masks["liver_lesion"]
    healthy = case.organ_masks["liver"] & ~lesion
    observed = float(case.ct[lesion].mean() - np.median(case.ct[healthy]))
    assert np.sign(observed) == np.sign(case.lesions[0].contrast_hu)
    assert abs(observed) > 10


def test_half_of_the_patients_have_lesions() -> None:
    counts = [len(make_case(seed, "A").lesions) for seed in range(24)]
    assert 6 <= sum(count > 0 for count in counts) <= 18
    assert max(counts) <= 4


def test_organs_limit_where_lesions_are() -> None:
    case = make_case(2, "A", lesion_count=4, organs=("kidney",))
    assert set(case.lesion_masks) == {"kidney_lesion"}
    assert {lesion.organ for lesion in case.lesions} == {"kidney"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scanner": "C"}, "scanner: 'C' vs one of A, B"),
        ({"lesion_count": 9}, "lesion_count: 9 vs 0 to 4"),
        ({"organs": ("brain",)}, "organs: .'brain'. vs some of liver"),
    ],
)
def test_what_cannot_be_made_is_refused(arguments: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make_case(0, **arguments)


def test_lesions_of_any_size_from_a_given_diameter_up() -> None:
    options = {"lesion_count": 4, "organs": ("liver", "kidney", "pancreas"), "smallest_mm": 6.0}
    diameters = [lesion.diameters_mm[0] for seed in range(8) for lesion in make_case(seed, **options).lesions]
    assert min(diameters) < 11
    assert 0.2 < np.mean(np.asarray(diameters) < 13) < 0.7  # log-uniform from 6 to 34 or 42 mm: about 0.4
    assert max(diameters) > 20
    with pytest.raises(ConfigError, match="smallest_mm"):
        make_case(1, smallest_mm=50.0)
