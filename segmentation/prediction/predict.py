"""Predictions on disk: masks on the CT's own grid and a table of lesions, case by case, never half a case.

OUT/<case>/<organ>_lesion.nii.gz               uint8, the CT's shape and affine
OUT/<case>/<organ>_lesion_probability.nii.gz   float32, if asked for
OUT/<case>/lesions.dcm                         DICOM Segmentation, of a series in which something is found, if asked for
OUT/<case>/overview.png                        three planes through the largest lesion, if asked for
OUT/<case>/components.json                     lesions: volume, diameters, place; and what made them
OUT/components.csv                             the lesions of all cases
"""

import csv
import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt

from ...schemas.atomic import atomic, atomic_folder, remove_partial_files, remove_partial_folders
from ...schemas.errors import DataError
from ...schemas.failures import Failure
from ..cases.volumes import open_volume, read_array
from ..evaluation.components import MAX_COMPONENTS, ComponentMap, LesionComponent, lesion_components
from .inputs import PredictionInput
from .model import Affine, Model, Probability, limit_to_organs, predict_ct
from .picture import write_picture
from .stored import PredictedOrgan

logger = logging.getLogger(__name__)

_DONE = "components.json"


@dataclass(frozen=True)
class PredictionOptions:
    """How probabilities become lesions.

    Attributes:
        threshold: probability from which a voxel is lesion.
        thresholds: organ → its own threshold.
        min_component_mm3: smaller components are dropped.
        organ_margin_mm: how far a lesion may lie from its organ's mask, for inputs that have one; None = anywhere.
        pictures: draw `overview.png`.
        dicom_seg: write `lesions.dcm`, for inputs that are DICOM series.
    """

    threshold: float = 0.5
    min_component_mm3: float = 30.0
    organ_margin_mm: float | None = None
    probabilities: bool = False
    overlap: float = 0.5
    thresholds: Mapping[str, float] = field(default_factory=dict)
    pictures: bool = False
    dicom_seg: bool = False


def predict_cases(
    model: Model,
    inputs: Iterable[PredictionInput],
    out: Path,
    options: PredictionOptions | None = None,
    *,
    alone: bool = True,
    done: Callable[[str, Sequence[LesionComponent] | None], None] = lambda case_id, lesions: None,
) -> dict[str, Failure]:
    """Predict every case that `out` does not hold yet, and return case_id → what went wrong for those that failed.

    The table is written whatever fails.

    Args:
        alone: False when other processes predict other cases into `out`: their unfinished files are left alone.
        done: called after each case with its lesions, None for one that was there already.
    """
    options = options or PredictionOptions()
    out.mkdir(parents=True, exist_ok=True)
    if alone:
        remove_partial_files(out)
        remove_partial_folders(out)
    shared = {"run": str(model.run.resolve()), "step": model.step, **asdict(options)}
    failures: dict[str, Failure] = {}
    for item in inputs:
        limited = sorted(item.organ_masks) if options.organ_margin_mm is not None else []
        try:
            made_by = {**shared, "limited_to": limited, **_identity(item.ct)}
            if _is_done(out / item.case_id, made_by):
                done(item.case_id, None)
            else:
                done(item.case_id, _predict_case(model, item, out, options, made_by))
        except Exception as error:  # whatever it is, the other cases go on
            failures[item.case_id] = Failure.of(error)
    write_table(out)
    return failures


def _predict_case(
    model: Model, item: PredictionInput, out: Path, options: PredictionOptions, made_by: Mapping[str, Any]
) -> list[LesionComponent]:
    probabilities, affine = predict_ct(model, item.ct, overlap=options.overlap)
    if options.organ_margin_mm is not None:
        masks = {organ: read() for organ, read in item.organ_masks.items()}
        probabilities = limit_to_organs(probabilities, masks, affine, options.organ_margin_mm)
    with atomic_folder(out / item.case_id, _DONE) as unfinished:
        found = {
            channel.organ: _write_channel(unfinished, channel.name, channel.organ, probabilities, affine, options)
            for channel in model.plan.channels
        }
        lesions = [lesion for components in found.values() for lesion in components.components]
        if options.dicom_seg and item.series is not None and lesions:
            _write_dicom(item.series, found, unfinished / "lesions.dcm")
        if options.pictures:
            image_hu = read_array(open_volume(item.ct))
            write_picture(unfinished / "overview.png", item.case_id, image_hu, affine, found, item.reported)
        record = {"case_id": item.case_id, "made_by": made_by, "lesions": [asdict(lesion) for lesion in lesions]}
        (unfinished / _DONE).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return lesions


def _write_channel(
    folder: Path,
    name: str,
    organ: str,
    probabilities: Mapping[str, Probability],
    affine: Affine,
    options: PredictionOptions,
) -> ComponentMap:
    probability = probabilities[organ]
    found = lesion_components(
        probability >= options.thresholds.get(organ, options.threshold),
        affine,
        organ=organ,
        probability=probability,
        min_volume_mm3=options.min_component_mm3,
        max_components=MAX_COMPONENTS,
    )
    if found.n_left_out:
        logger.warning(
            "%s: %d components vs at most %d. The smallest are left out of mask and table. Raise --threshold or "
            "--min-component-mm3, or train longer.",
            organ,
            found.n_left_out + MAX_COMPONENTS,
            MAX_COMPONENTS,
        )
    _save(folder / f"{name}.nii.gz", (found.labels > 0).astype(np.uint8), affine)
    if options.probabilities:
        _save(folder / f"{name}_probability.nii.gz", probability, affine)
    return found


def _write_dicom(folder: Path, found: Mapping[str, ComponentMap], path: Path) -> None:
    from ..dicom import read_series, write_segmentation

    masks = {organ: components.labels > 0 for organ, components in found.items() if components.components}
    write_segmentation(read_series(folder), masks, path)


def _save(path: Path, array: npt.NDArray[Any], affine: Affine) -> None:
    image = nib.Nifti1Image(array, affine)
    image.set_sform(affine, code="scanner")
    image.set_qform(affine, code="scanner")
    image.header.set_xyzt_units("mm")
    nib.save(image, path)


def _identity(ct: Path) -> dict[str, Any]:
    """Which file a prediction was made of, so that another one of its name, or a new one in its place, is noticed."""
    try:
        status = ct.stat()
    except OSError as error:
        raise DataError(
            f"file: {ct} cannot be read ({error.strerror}) vs a volume. Restore it or correct the path."
        ) from error
    return {"ct": str(ct.resolve()), "ct_bytes": status.st_size, "ct_modified_ns": status.st_mtime_ns}


def _is_done(folder: Path, made_by: Mapping[str, Any]) -> bool:
    """Whether the folder holds this very prediction.

    Raises:
        DataError: it holds that of another CT.
    """
    before = _read_record(folder / _DONE).get("made_by") or {}
    other = before.get("ct", made_by["ct"])
    if other != made_by["ct"]:
        raise DataError(
            f"{folder}: made of {other} vs {made_by['ct']}. The earlier prediction would be overwritten. "
            "Predict into another folder with --out, or remove this one."
        )
    return bool(before == made_by)


def _read_record(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def read_predictions(out: Path, case_ids: Iterable[str], thresholds: Mapping[str, float]) -> list[PredictedOrgan]:
    """What the folder holds of some cases, one entry per case and organ of `thresholds`."""
    found = []
    for case_id in case_ids:
        lesions = _read_record(out / case_id / _DONE).get("lesions", ())
        for organ, threshold in thresholds.items():
            of_organ = [lesion for lesion in lesions if lesion["organ"] == organ]
            diameters_mm = tuple(lesion["axial_long_mm"] for lesion in of_organ)
            volume_mm3 = sum(lesion["volume_mm3"] for lesion in of_organ)
            found.append(PredictedOrgan(case_id, organ, threshold, volume_mm3, diameters_mm))
    return found


def write_table(out: Path) -> None:
    """The table of all cases in the folder, replaced at once."""
    rows = []
    for path in sorted(out.glob(f"*/{_DONE}")):
        record = _read_record(path)
        rows += [{"case_id": record["case_id"], **_flat(lesion)} for lesion in record.get("lesions", ())]
    columns = ["case_id", *(_flat(asdict(_EXAMPLE)))]
    with atomic(out / "components.csv") as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(rows)


_EXAMPLE = LesionComponent(1, "", 0, 0.0, 0.0, 0.0, 0.0, (0.0, 0.0, 0.0))


def _flat(lesion: Mapping[str, Any]) -> dict[str, Any]:
    x, y, z = lesion["centroid_ras_mm"]
    rest = {key: value for key, value in lesion.items() if key != "centroid_ras_mm"}
    return {**rest, "x_ras_mm": x, "y_ras_mm": y, "z_ras_mm": z}
