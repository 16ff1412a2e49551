"""A trained run, ready to predict: its averaged network, plan and configuration."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from nibabel import orientations
from scipy.ndimage import binary_fill_holes
from torch import nn

from ...schemas.errors import DataError
from ..cases.volumes import open_volume, spatial_shape
from ..losses.region_margin import dilate_region
from ..preprocessing import Grid, Plan, prepare_image, resample_image
from ..training.checkpoint import load_checkpoint
from ..training.config import TrainingConfig
from ..training.networks import build_network
from ..training.run_folder import RunFolder
from .windows import predict_volume

Probability = npt.NDArray[np.float32]
Affine = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Model:
    """The averaged network of a run.

    Attributes:
        step: of training that the weights come from.
    """

    run: Path
    network: nn.Module
    plan: Plan
    config: TrainingConfig
    step: int
    device: torch.device


def load_model(run: Path, *, device: str | None = None, network: nn.Module | None = None) -> Model:
    """The model of a run folder: the weights that validated best, else the averaged weights of its last checkpoint.

    Args:
        device: None = the first GPU if there is one.
        network: the module, for runs that were trained on one built elsewhere.

    Raises:
        TrainingError: the folder is not a run, or holds no weights yet.
    """
    folder = RunFolder(run)
    folder.check_complete()
    config, plan = folder.read_config(), folder.read_plan()
    built = network or build_network(config.network, len(plan.channels), config.network_args)
    if folder.best.exists():
        state = load_checkpoint(folder.best)
        weights = state["network"]
    else:
        state, prefix = load_checkpoint(folder.last), "module."
        weights = {k.removeprefix(prefix): v for k, v in state["average"].items() if k.startswith(prefix)}
    built.load_state_dict(weights)
    where = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    return Model(run, built.to(where).eval(), plan, config, int(state["step"]), where)


def predict_ct(model: Model, ct: Path, *, overlap: float = 0.5) -> tuple[dict[str, Probability], Affine]:
    """Organ → probability of its lesions on the CT's own grid (x, y, z), and the CT's affine.

    Raises:
        DataError: the file cannot be read.
    """
    image, grid = prepare_image(ct, model.plan)
    probabilities = predict_volume(
        model.network,
        image,
        model.plan.patch_size,
        background=model.plan.background,
        overlap=overlap,
        device=model.device,
        precision=model.config.precision,
        n_channels=len(model.plan.channels),
        body_only=True,
    )
    volume = open_volume(ct)
    affine = np.asarray(volume.affine, dtype=np.float64)
    back = {
        channel.organ: to_native(probabilities[index], grid, spatial_shape(volume), affine)
        for index, channel in enumerate(model.plan.channels)
    }
    return back, affine


def to_native(probability: Probability, grid: Grid, shape: tuple[int, ...], affine_ras: Affine) -> Probability:
    """A volume on a plan's RAS grid, back on a file's own grid: its shape, axis order and directions."""
    native = orientations.io_orientation(affine_ras)
    turned = tuple(int(shape[axis]) for axis in np.argsort(native[:, 0]))
    # The plan's grid covers the file's field of view; in RAS order the two differ in spacing alone.
    ras_affine = affine_ras @ orientations.inv_ornt_aff(native, shape)
    source = Grid((turned[0], turned[1], turned[2]), ras_affine)
    resampled = np.clip(resample_image(probability, grid, source), 0.0, 1.0)
    ras = np.array([[0, 1], [1, 1], [2, 1]])
    return np.ascontiguousarray(orientations.apply_orientation(resampled, orientations.ornt_transform(ras, native)))


def limit_to_organs(
    probabilities: Mapping[str, Probability],
    organ_masks: Mapping[str, npt.NDArray[np.bool_]],
    affine_ras: Affine,
    margin_mm: float | None,
) -> dict[str, Probability]:
    """Probabilities set to 0 beyond `margin_mm` of the organ's mask, for the organs that have one; None = no limit.

    Holes are filled: some segmenters leave tumours out of the organ.

    Raises:
        DataError: a mask on another grid than the probabilities.
    """
    if margin_mm is None:
        return dict(probabilities)
    x_mm, y_mm, z_mm = (float(s) for s in np.linalg.norm(affine_ras[:3, :3], axis=0))
    limited = dict(probabilities)
    for organ in probabilities.keys() & organ_masks.keys():
        if organ_masks[organ].shape != probabilities[organ].shape:
            raise DataError(
                f"mask of {organ}: shape {organ_masks[organ].shape} vs the CT's {probabilities[organ].shape}. It "
                "cannot limit the lesions. Run `reportsup index` again, or leave --organ-margin-mm out."
            )
        allowed = binary_fill_holes(dilate_region(organ_masks[organ], (x_mm, y_mm, z_mm), margin_mm))
        limited[organ] = np.where(allowed, probabilities[organ], np.float32(0))
    return limited
