"""The cache against direct computation, and what a killed build leaves."""

import pickle
import subprocess
import sys
import time
from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest
from reportsup.pipelines.doctor import _cache
from reportsup.schemas import DataError
from reportsup.segmentation.preprocessing import (
    Grid,
    LesionChannel,
    Plan,
    build_cache,
    open_case,
    prepare_image,
    resample_image,
    resample_mask,
    target_grid,
    to_ras,
)
from reportsup.segmentation.preprocessing import case_files as case_files_module
from scipy.ndimage import distance_transform_edt

PLAN = Plan(
    spacing_mm=(2.0, 2.0, 2.5),
    patch_size=(16, 16, 16),
    clip_hu=(-100.0, 200.0),
    mean_hu=40.0,
    std_hu=12.0,
    channels=(LesionChannel("liver", "liver_lesion"), LesionChannel("kidney", "kidney_lesion")),
    region_masks=("kidney_left", "kidney_right", "liver"),
    margin_mm=6.0,
)


@pytest.fixture
def cached(tmp_path, make_case):
    case = make_case("A")
    return case, build_cache([case], PLAN, tmp_path / "cache").cases["A"]


def _ras(path, label=None):
    image = nib.load(path)
    array = np.asarray(image.dataobj)
    array, affine = to_ras(array if label is None else array == label, image.affine)
    return array, Grid(array.shape, affine)


def test_cache_equals_direct_resampling(cached):
    case, stored = cached
    ct, source = _ras(case.ct)
    target = target_grid(source, PLAN.spacing_mm)
    hu = resample_image(ct, source, target)
    image = (np.clip(hu, -100, 200) - 40) / 12
    np.testing.assert_allclose(stored.image(), image, atol=0.51 / 12)  # whole HU
    assert stored.image().dtype == np.float32
    np.testing.assert_allclose(np.array(stored.affine_ras), target.affine_ras)
    whole, grid = prepare_image(case.ct, PLAN)
    np.testing.assert_array_equal(whole, stored.image())
    assert grid.shape == stored.shape == stored.image().shape
    for name, mask in case.masks.items():
        native, _ = _ras(mask.path, mask.label)
        np.testing.assert_array_equal(stored.mask(name), resample_mask(native.astype(bool), source, target))
        assert stored.masks[name].volume_mm3 == pytest.approx(mask.volume_mm3)
        assert stored.masks[name].n_voxels == stored.mask(name).sum()


def test_left_is_left_whatever_the_file_says(cached):
    _, stored = cached
    left = np.argwhere(stored.mask("kidney_left")).mean(axis=0)
    right = np.argwhere(stored.mask("kidney_right")).mean(axis=0)
    assert left[1] > right[1], "file axis 1 runs to posterior, RAS to anterior"


def test_margin_is_the_euclidean_neighbourhood_in_mm(cached):
    _, stored = cached
    for names in (["liver"], ["kidney_left", "kidney_right"]):
        union = np.any([stored.mask(name) for name in names], axis=0)
        distance_mm = distance_transform_edt(~union, sampling=PLAN.spacing_mm)
        np.testing.assert_array_equal(stored.margin(names), distance_mm <= 6.0)


@pytest.mark.parametrize("start", [(0, 0, 0), (3, 2, 1), (-4, 5, -2), (10, 9, 8), (-50, 0, 0)])
def test_a_crop_is_a_slice_of_the_padded_volume(cached, start):
    _, stored = cached
    size, pad = (8, 9, 10), 60

    def expected(array, fill):
        padded = np.pad(array, pad, constant_values=fill)
        return padded[tuple(slice(s + pad, s + pad + n) for s, n in zip(start, size, strict=True))]

    crop = stored.crop(start, size, masks=["liver", "liver_lesion", "kidney_lesion"], margins=["liver"])
    assert crop.image.dtype == np.float32
    np.testing.assert_array_equal(crop.image, expected(stored.image().astype(np.float32), PLAN.background))
    for name in ("liver", "liver_lesion"):
        np.testing.assert_array_equal(crop.masks[name], expected(stored.mask(name), False))
    np.testing.assert_array_equal(crop.margins["liver"], expected(stored.margin(["liver"]), False))
    assert "kidney_lesion" not in crop.masks, "a mask that the case lacks is unknown, not empty"
    inside = np.zeros(size, dtype=bool)
    inside[crop.inside] = True
    np.testing.assert_array_equal(inside, expected(np.ones(stored.shape, dtype=bool), False))


def test_boxes_and_points_lie_in_their_masks(cached):
    _, stored = cached
    start, stop = stored.box(["kidney_left", "kidney_right"])
    union = stored.mask("kidney_left") | stored.mask("kidney_right")
    voxels = np.argwhere(union)
    assert (start, stop) == (tuple(voxels.min(axis=0)), tuple(voxels.max(axis=0) + 1))
    points = stored.points(["liver", "kidney_left"])
    assert (stored.mask("liver") | stored.mask("kidney_left"))[tuple(points.T)].all()
    assert len(points) == stored.mask("liver").sum() + stored.mask("kidney_left").sum()
    with pytest.raises(DataError, match="no voxel of kidney_lesion"):
        stored.box(["kidney_lesion"])
    with pytest.raises(DataError, match="'spleen' vs one of"):
        stored.crop((0, 0, 0), (4, 4, 4), masks=["spleen"])
    with pytest.raises(DataError, match="no mask of 'kidney_lesion'"):
        stored.mask("kidney_lesion")


def test_an_empty_lesion_mask_is_kept_and_a_missing_one_is_not(tmp_path, make_case):
    cases = [make_case("A", lesion=False), make_case("B", lesion=None)]
    stored = build_cache(cases, PLAN, tmp_path / "cache").cases
    assert stored["A"].masks["liver_lesion"].n_voxels == 0
    assert not stored["A"].crop((0, 0, 0), (4, 4, 4), masks=["liver_lesion"]).masks["liver_lesion"].any()
    assert "liver_lesion" not in stored["B"].masks


def test_a_case_without_masks_has_crops(tmp_path, make_case):
    case = replace(make_case("A"), masks={})
    crop = build_cache([case], PLAN, tmp_path / "cache").cases["A"].crop((0, 0, 0), (4, 4, 4), masks=["liver"])
    assert crop.masks == {}
    assert crop.image.shape == (4, 4, 4)


def test_only_what_is_missing_or_changed_is_built(tmp_path, make_case):
    cases = [make_case("A"), make_case("B")]
    assert build_cache(cases, PLAN, tmp_path / "cache", workers=2).n_built == 2
    assert build_cache(cases, PLAN, tmp_path / "cache").n_built == 0
    assert build_cache([cases[0], make_case("B", fingerprint="2")], PLAN, tmp_path / "cache").n_built == 1


def test_a_file_that_went_missing_fails_its_case_only(tmp_path, make_case):
    cases = [make_case("A"), make_case("B")]
    cases[0].ct.unlink()
    result = build_cache(cases, PLAN, tmp_path / "cache")
    assert list(result.cases) == ["B"]
    assert "does not exist" in result.failures["A"].message
    assert [p.name for p in (tmp_path / "cache" / PLAN.cache_key).iterdir() if p.is_dir()] == ["B"]


def test_a_build_killed_in_the_middle_resumes(tmp_path, make_case):
    """The child dies by its own hand after the first case, with the second half written."""
    cases = [make_case("A"), make_case("B")]
    script = tmp_path / "kill.py"
    script.write_text(
        "import os, pickle, sys\n"
        "from pathlib import Path\n"
        "from reportsup.segmentation.preprocessing import build, case_files\n"
        "cases, plan, root = pickle.loads(Path(sys.argv[1]).read_bytes())\n"
        "save = case_files.dilate_region\n"
        "def dying(*a, **k):\n"
        "    return save(*a, **k) if not list(Path(root).rglob('.B.*.tmp')) else os._exit(9)\n"
        "case_files.dilate_region = dying\n"
        "build.build_cache(cases, plan, root)\n"
    )
    (tmp_path / "job").write_bytes(pickle.dumps((cases, PLAN, tmp_path / "cache")))
    assert subprocess.run([sys.executable, script, tmp_path / "job"], check=False).returncode == 9
    folder = tmp_path / "cache" / PLAN.cache_key
    assert open_case(folder / "A", PLAN).case_id == "A"
    with pytest.raises(DataError, match="no complete case"):
        open_case(folder / "B", PLAN)
    assert len(list(folder.glob(".B.*.tmp"))) == 1
    result = build_cache(cases, PLAN, tmp_path / "cache")
    assert result.n_built == 1
    whole = build_cache(cases, PLAN, tmp_path / "straight").cases
    for name in ("A", "B"):
        files = sorted(path.name for path in whole[name].folder.iterdir())
        assert sorted(path.name for path in result.cases[name].folder.iterdir()) == files
        for file in files:
            assert (result.cases[name].folder / file).read_bytes() == (whole[name].folder / file).read_bytes()


def _changed(path, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 4
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["image.b2nd", "mask.liver.b2nd", "points.liver.npy", "case.json"])
def test_a_file_that_was_cut_off_is_made_again(tmp_path, make_case, name):
    case = make_case("A")
    path = build_cache([case], PLAN, tmp_path / "cache").cases["A"].folder / name
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert build_cache([case], PLAN, tmp_path / "cache").n_built == 1
    assert path.read_bytes() == whole
    assert build_cache([case], PLAN, tmp_path / "cache").n_built == 0


def test_a_bit_that_was_turned_over_is_found_by_looking(tmp_path, make_case):
    folder = build_cache([make_case("A")], PLAN, tmp_path / "cache").cases["A"].folder
    assert _cache(tmp_path / "cache").state == "ok"
    _changed(folder / "mask.liver.b2nd", -40)
    found = _cache(tmp_path / "cache")
    assert found.state == "broken"
    assert str(folder) in found.sentence
    assert _cache(tmp_path / "nothing").state == "unknown"


def test_a_description_that_a_disk_has_changed_is_noticed(tmp_path, make_case):
    folder = build_cache([make_case("A")], PLAN, tmp_path / "cache").cases["A"].folder
    text = (folder / "case.json").read_text()
    (folder / "case.json").write_text(text.replace('"n_voxels": ', '"n_voxels": 1', 1))
    with pytest.raises(DataError, match="no complete case"):
        open_case(folder, PLAN)


def test_damaged_points_name_their_folder(tmp_path, make_case):
    cached = build_cache([make_case("A")], PLAN, tmp_path / "cache").cases["A"]
    (cached.folder / "points.liver.npy").write_bytes(b"")
    with pytest.raises(DataError, match="Remove the folder"):
        cached.points(["liver"])


def test_an_interrupted_case_leaves_nothing(tmp_path, make_case, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(case_files_module, "write_array", interrupt)
    with pytest.raises(KeyboardInterrupt):
        build_cache([make_case("A")], PLAN, tmp_path / "cache")
    assert [p.name for p in (tmp_path / "cache" / PLAN.cache_key).iterdir()] == []


@pytest.mark.parametrize("error", [MemoryError("3 GiB"), TypeError("odd")])
def test_whatever_goes_wrong_costs_its_own_case(tmp_path, make_case, monkeypatch, error):
    real = case_files_module.open_volume

    def broken(path):
        if path.parent.name == "A":
            raise error
        return real(path)

    monkeypatch.setattr(case_files_module, "open_volume", broken)
    result = build_cache([make_case("A"), make_case("B")], PLAN, tmp_path / "cache")
    assert list(result.cases) == ["B"]
    assert result.failures["A"].message.startswith(type(error).__name__)
    assert not list((tmp_path / "cache" / PLAN.cache_key).glob(".A*"))


def test_a_scaled_ct_and_scaled_masks_are_cached_as_their_values(tmp_path, make_case):
    """CT with intercept −1024, mask of 255 × 1/255, label map of slope 0.5: the cache of the plain files."""
    plain, scaled = make_case("A"), make_case("B")
    scaling = {"ct": (1, -1024, 1), "liver": (1 / 255, 0, 255), "liver_lesion": (1 / 255, 0, 255)}
    for name, path in [("ct", scaled.ct), *((m.name, m.path) for m in scaled.masks.values())]:
        source = plain.ct if name == "ct" else plain.masks[name].path
        values = np.asarray(nib.load(source).dataobj).astype(np.int32)
        slope, intercept, times = scaling.get(name, (0.5, 0, 2))
        stored = ((values - intercept) * times).astype(np.int16 if name == "ct" else np.uint8)
        image = nib.Nifti1Image(stored, nib.load(source).affine)
        image.header.set_slope_inter(slope, intercept)
        nib.save(image, path)
        assert nib.load(path).dataobj.slope == np.float32(slope)
    stored = build_cache([plain, scaled], PLAN, tmp_path / "cache").cases
    np.testing.assert_array_equal(stored["A"].image(), stored["B"].image())
    for name in plain.masks:
        assert stored["A"].mask(name).any()
        np.testing.assert_array_equal(stored["A"].mask(name), stored["B"].mask(name))


def test_lesions_smaller_than_a_voxel_are_counted(tmp_path, make_case):
    case = make_case("A")
    path = case.masks["liver_lesion"].path
    image = nib.load(path)
    array = np.asarray(image.dataobj).copy()
    array[20, 18, 1] = array[1, 1, 8] = 1
    nib.save(nib.Nifti1Image(array, image.affine), path)
    coarse = replace(PLAN, spacing_mm=(4.0, 4.0, 8.0))
    result = build_cache([case], coarse, tmp_path / "cache")
    assert result.n_tiny == {"liver_lesion": 2}


def test_another_margin_needs_no_file_of_the_case(tmp_path, make_case):
    case = make_case("A")
    build_cache([case], PLAN, tmp_path / "cache")
    for path in {case.ct, *(mask.path for mask in case.masks.values())}:
        path.unlink()
    wide = replace(PLAN, margin_mm=9.0, mean_hu=0.0, std_hu=1.0)
    result = build_cache([case], wide, tmp_path / "cache")
    assert (result.n_built, result.failures) == (1, {})
    stored = result.cases["A"]
    distance_mm = distance_transform_edt(~stored.mask("liver"), sampling=PLAN.spacing_mm)
    np.testing.assert_array_equal(stored.margin(["liver"]), distance_mm <= 9.0)
    narrow = build_cache([case], PLAN, tmp_path / "cache")
    assert narrow.n_built == 0
    np.testing.assert_allclose(narrow.cases["A"].image() * 12 + 40, stored.image(), atol=1e-3)


def test_further_organs_are_added_beside_the_volume(tmp_path, make_case):
    case = make_case("A")
    first = replace(PLAN, channels=PLAN.channels[:1], region_masks=("liver",))
    liver = build_cache([case], first, tmp_path / "cache").cases["A"]
    image = liver.folder / "image.b2nd"
    before = (image.stat().st_ino, image.stat().st_mtime_ns)
    result = build_cache([case], PLAN, tmp_path / "cache")
    assert result.n_built == 1
    assert (image.stat().st_ino, image.stat().st_mtime_ns) == before
    whole = build_cache([case], PLAN, tmp_path / "straight").cases["A"]
    for name in PLAN.region_masks:
        np.testing.assert_array_equal(result.cases["A"].mask(name), whole.mask(name))
        np.testing.assert_array_equal(result.cases["A"].margin([name]), whole.margin([name]))
    assert result.cases["A"].masks == whole.masks
    assert build_cache([case], first, tmp_path / "cache").n_built == 0


def test_starts_at_the_same_time_build_each_case_once(tmp_path, make_case):
    cases = [make_case(name) for name in "ABCDE"]
    script = tmp_path / "start.py"
    script.write_text(
        "import pickle, sys, time\n"
        "from pathlib import Path\n"
        "from reportsup.segmentation.preprocessing import build_cache\n"
        "cases, plan, root = pickle.loads(Path(sys.argv[1]).read_bytes())\n"
        "time.sleep(max(0.0, float(sys.argv[2]) - time.time()))\n"
        "result = build_cache(cases, plan, root)\n"
        "assert not result.failures, result.failures\n"
        "print(len(result.cases), result.n_built)\n"
    )
    (tmp_path / "job").write_bytes(pickle.dumps((cases, PLAN, tmp_path / "cache")))
    together = str(time.time() + 8)
    started = [
        subprocess.Popen([sys.executable, script, tmp_path / "job", together], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = [process.communicate(timeout=120)[0].split() for process in started]
    assert [words[0] for words in said] == ["5"] * 3
    assert sum(int(words[1]) for words in said) == 5, "each case is built by one of them"


def test_cached_volumes_end_beyond_the_organs(tmp_path, make_case):
    case = make_case("A")
    whole = build_cache([case], replace(PLAN, margin_mm=2.0), tmp_path / "cache").cases["A"]
    cut = build_cache([case], replace(PLAN, margin_mm=2.0, organ_box_mm=2.0), tmp_path / "cache").cases["A"]
    assert np.prod(cut.shape) < np.prod(whole.shape)
    low = np.rint(np.linalg.solve(whole.affine_ras, np.array(cut.affine_ras)[:, 3])[:3]).astype(int)
    part = tuple(slice(a, a + n) for a, n in zip(low, cut.shape, strict=True))
    np.testing.assert_array_equal(cut.image(), whole.image()[part])
    for name in PLAN.region_masks:
        assert cut.masks[name].n_voxels == whole.masks[name].n_voxels
        np.testing.assert_array_equal(cut.margin([name]), whole.margin([name])[part])
        assert whole.mask(name)[tuple((np.asarray(cut.points([name])) + low).T)].all()
