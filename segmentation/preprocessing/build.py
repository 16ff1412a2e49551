"""Building the cache: each case once, in parallel, resumable, never half."""

import contextlib
import hashlib
import json
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...schemas import DataError, Failure, load_anatomy
from ...schemas.atomic import write_text
from ..cases import IndexedCase
from ..cases.parallel import map_in_processes
from ..cases.volumes import open_volume, read_array, read_mask
from ..losses.region_margin import dilate_region
from .cache import CachedCase, MaskInfo, open_case
from .plan import Plan
from .resample import Affine, Grid, bounding_box, resample_image, resample_lesions, resample_mask, target_grid, to_ras

MAX_POINTS = 1000
_STALE_SECONDS = 3600.0


@dataclass(frozen=True)
class CacheResult:
    """The cases of a cache and those that could not be made.

    Attributes:
        cases: case_id → cached case, in the order asked for.
        failures: case_id → what went wrong.
        n_built: cases made in this call; the others were there.
    """

    cases: dict[str, CachedCase]
    failures: dict[str, Failure]
    n_built: int

    @property
    def n_tiny(self) -> dict[str, int]:
        """Lesion mask → lesions too small for the grid, each kept as one voxel; only masks that have any."""
        counts: Counter[str] = Counter()
        for case in self.cases.values():
            counts.update({name: info.n_tiny for name, info in case.masks.items()})
        return {name: n for name, n in counts.items() if n}


def build_cache(
    cases: Sequence[IndexedCase],
    plan: Plan,
    root: Path,
    *,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> CacheResult:
    """Every case in the cache of a plan; only what is missing, or made from other files, is computed.

    Args:
        root: holds one folder for each plan.
        workers: processes that resample.
        progress: called with (done, total) for the cases to build.
    """
    folder = root / plan.cache_key
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "plan.json", plan.to_json())
    missing = [case for case in cases if _reusable(folder, case) is None]
    failures: dict[str, Failure] = {}
    n_built = 0
    build = partial(build_case, plan=plan, folder=folder)
    for case, result in zip(missing, map_in_processes(build, missing, workers), strict=True):
        if isinstance(result, Failure):
            failures[case.case_id] = result
        else:
            n_built += 1
        if progress:
            progress(n_built + len(failures), len(missing))
    ready: dict[str, CachedCase] = {}
    for case in cases:
        if case.case_id not in failures:
            try:
                ready[case.case_id] = open_case(folder / case.case_id)
            except DataError as error:
                failures[case.case_id] = Failure.of(error)
    return CacheResult(ready, failures, n_built)


def _reusable(folder: Path, case: IndexedCase) -> CachedCase | None:
    try:
        cached = open_case(folder / case.case_id)
    except DataError:
        return None
    return cached if cached.fingerprint == case.fingerprint else None


def build_case(case: IndexedCase, plan: Plan, folder: Path) -> None:
    """Write one case below `folder`, or nothing at all.

    Raises:
        DataError: a file of the case cannot be read any more.
    """
    _remove_stale(folder, case.case_id)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{case.case_id}.", suffix=".tmp", dir=folder))
    try:
        _write_case(case, plan, unfinished)
        final = folder / case.case_id
        if final.exists():
            shutil.rmtree(final)
        unfinished.rename(final)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def prepare_image(path: Path, plan: Plan) -> tuple[npt.NDArray[np.float32], Grid]:
    """A CT as the network sees it, whole: normalised (X, Y, Z) on the plan's RAS grid, and that grid.

    Raises:
        DataError: the file cannot be read.
    """
    image, _, target = _load(path, plan)
    return image, target


def _load(path: Path, plan: Plan) -> tuple[npt.NDArray[np.float32], Grid, Grid]:
    volume = open_volume(path)
    array, affine = to_ras(read_array(volume), np.asarray(volume.affine, dtype=np.float64))
    source = _grid(array.shape, affine)
    target = target_grid(source, plan.spacing_mm)
    clipped = np.clip(array.astype(np.float32), *plan.clip_hu)
    image = np.clip(resample_image(clipped, source, target, plan.image_order), *plan.clip_hu)
    return (image - np.float32(plan.mean_hu)) / np.float32(plan.std_hu), source, target


def _write_case(case: IndexedCase, plan: Plan, folder: Path) -> None:
    image, source, target = _load(case.ct, plan)
    np.save(folder / "image.npy", image.astype(np.float16))
    native_affine = np.asarray(open_volume(case.ct).affine, dtype=np.float64)
    regions = set(plan.region_masks)
    planes: dict[str, npt.NDArray[np.bool_]] = {}
    infos, points = [], {}
    for name in plan.mask_names:
        found = _resampled_mask(case, name, native_affine, source, target)
        if found is None:
            continue
        mask, volume_mm3, n_tiny = found
        planes[f"mask:{name}"] = mask
        if name in regions:
            planes[f"margin:{name}"] = dilate_region(mask, target.spacing_mm, plan.margin_mm)
        box = bounding_box(mask) or ((0, 0, 0), (0, 0, 0))
        infos.append(MaskInfo(name, *box, int(np.count_nonzero(mask)), volume_mm3, n_tiny))
        points[name] = _points(mask, f"{case.case_id}/{name}")
    np.save(folder / "masks.npy", pack(list(planes.values()), target.shape))
    np.savez(folder / "points.npz", **points)
    description = {
        "case_id": case.case_id,
        "shape": target.shape,
        "spacing_mm": target.spacing_mm,
        "affine_ras": target.affine_ras.tolist(),
        "masks": [asdict(info) for info in infos],
        "planes": list(planes),
        "plan_masks": plan.mask_names,
        "background": plan.background,
        "fingerprint": case.fingerprint,
    }
    write_text(folder / "case.json", json.dumps(description, indent=1))


def _resampled_mask(
    case: IndexedCase, name: str, native_affine: Affine, source: Grid, target: Grid
) -> tuple[npt.NDArray[np.bool_], float, int] | None:
    """One mask on the target grid, its native volume and its tiny lesions, None for one that the case does not have.

    Lesion masks of all names that the organ's data sets use are united. An empty organ counts as missing; an empty
    lesion mask is known absence and stays.
    """
    anatomy = load_anatomy()
    organ = anatomy.lesion_organ(name)
    names = anatomy.organ(organ).lesion_masks if organ else (name,)
    files = [case.masks[n] for n in names if n in case.masks and (organ or not case.masks[n].empty)]
    if not files:
        return None
    native = np.zeros(source.shape, dtype=np.bool_)
    for file in files:
        if not file.empty:
            native |= to_ras(read_mask(file.path, file.label), native_affine)[0]
    voxel_mm3 = float(np.prod(source.spacing_mm))
    volume_mm3 = float(np.count_nonzero(native)) * voxel_mm3
    mask, n_tiny = resample_lesions(native, source, target) if organ else (resample_mask(native, source, target), 0)
    return mask, volume_mm3, n_tiny


def pack(masks: Sequence[npt.NDArray[np.bool_]], shape: tuple[int, int, int]) -> npt.NDArray[np.uint8]:
    """Masks as bits of bytes: mask n is bit n mod 8 of plane n div 8, (P, X, Y, Z)."""
    packed = np.zeros((-(-len(masks) // 8), *shape), dtype=np.uint8)
    for number, mask in enumerate(masks):
        packed[number // 8] |= mask.astype(np.uint8) << np.uint8(number % 8)
    return packed


def _points(mask: npt.NDArray[np.bool_], seed: str) -> npt.NDArray[np.int32]:
    voxels = np.flatnonzero(mask)
    if voxels.size > MAX_POINTS:
        entropy = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big")
        voxels = np.sort(np.random.default_rng(entropy).choice(voxels, MAX_POINTS, replace=False))
    return np.stack(np.unravel_index(voxels, mask.shape), axis=1).astype(np.int32)


def _grid(shape: tuple[int, ...], affine: Affine) -> Grid:
    return Grid((shape[0], shape[1], shape[2]), affine)


def _remove_stale(folder: Path, case_id: str) -> None:
    """What a killed build left of the case; a folder touched lately may belong to a build that is still running."""
    for left in folder.glob(f".{case_id}.*.tmp"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(left)
