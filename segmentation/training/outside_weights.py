"""Starting from weights made elsewhere: MONAI bundles, nnU-Net and STU-Net checkpoints.

Names of weights differ between programs, their shapes and order hardly do. A weight is taken by its name where name and
shape agree; of the others, those of one shape are taken in the order in which the two networks list them, but only if
both list equally many of that shape: else nobody could say which is which. The first and the last layer meet other
channels: input kernels of several channels are averaged into one (CT), output layers start anew, for their classes are
others. The report says what was taken and what was not.
"""

import importlib
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...schemas.errors import TrainingError

# Where programs keep the weights inside a checkpoint: nnU-Net v2, nnU-Net v1 and STU-Net, MONAI and Lightning.
_KEYS = ("network_weights", "state_dict", "model", "model_state_dict", "network", "net")
_PREFIX = re.compile(r"^(module\.|_orig_mod\.|model\.|network\.|net\.)+")
_BUNDLE_FILES = ("models/model.pt", "models/model.pth", "model.pt")
_NNUNET_FILES = (
    "checkpoint_final.pth",
    "checkpoint_best.pth",
    "fold_0/checkpoint_final.pth",
    "fold_all/checkpoint_final.pth",
)
WORTH_TAKING = 0.5  # of the network's values; less is another network


@dataclass(frozen=True)
class Taken:
    """What a network got from a checkpoint.

    Attributes:
        by_name, by_order: the network's names of weights that were taken so.
        averaged: input layers whose channels were averaged into one.
        left: the network's names that keep their random start.
        unused: the checkpoint's names that nothing took.
        share: of the network's values, the part that was taken.
    """

    by_name: tuple[str, ...]
    by_order: tuple[str, ...]
    averaged: tuple[str, ...]
    left: tuple[str, ...]
    unused: tuple[str, ...]
    share: float

    def __str__(self) -> str:
        words = [f"{self.share:.0%} of the network's values", f"{len(self.by_name)} weights by name"]
        words += [f"{len(self.by_order)} by shape and order"] if self.by_order else []
        words += [f"input channels of {', '.join(self.averaged)} averaged"] if self.averaged else []
        words += [f"{len(self.left)} start anew ({_some(self.left)})"] if self.left else []
        words += [f"{len(self.unused)} of the file unused ({_some(self.unused)})"] if self.unused else []
        return "; ".join(words)


def load_outside_weights(network: nn.Module, path: Path) -> Taken:
    """Put the weights of a file, or of a bundle's or model's folder, into a network.

    Args:
        network: changed in place.
        path: a checkpoint, a MONAI bundle, or an nnU-Net model folder.

    Raises:
        TrainingError: no readable checkpoint of plain tensors, or one of another network.
    """
    file = _checkpoint_file(path)
    theirs = _state_of(file)
    mine = _without_copies(network.state_dict())
    chosen, by_name, by_order, averaged = _match(mine, theirs)
    values = sum(mine[name].numel() for name in mine)
    share = sum(mine[name].numel() for name in chosen) / max(1, values)
    taken = Taken(
        by_name=tuple(by_name),
        by_order=tuple(by_order),
        averaged=tuple(averaged),
        left=tuple(name for name in mine if name not in chosen),
        unused=tuple(name for name in theirs if name not in set(chosen.values())),
        share=share,
    )
    if share < WORTH_TAKING:
        raise TrainingError(
            f"initial_weights {path}: {taken} vs at least {WORTH_TAKING:.0%}. It is another network. Set network and "
            "network_args to those that the weights were trained with, or leave initial_weights out."
        )
    with torch.no_grad():
        for name, source in chosen.items():
            weight = theirs[source]
            mine[name].copy_(weight.mean(1, keepdim=True) if name in averaged else weight)
    return taken


def _match(
    mine: Mapping[str, Tensor], theirs: Mapping[str, Tensor]
) -> tuple[dict[str, str], list[str], list[str], list[str]]:
    """The checkpoint's name for each of the network's that has one, and how each was found."""
    by_name = [name for name in mine if name in theirs and mine[name].shape == theirs[name].shape]
    chosen = {name: name for name in by_name}
    averaged = [name for name in mine if name in theirs and _differs_in_input(mine[name], theirs[name])]
    chosen.update({name: name for name in averaged})
    by_order = []
    shapes = [_by_shape(weights, taken) for weights, taken in ((mine, set(chosen)), (theirs, set(chosen.values())))]
    for shape, names in shapes[0].items():
        others = shapes[1].get(shape, [])
        if len(names) == len(others):
            chosen.update(zip(names, others, strict=True))
            by_order += names
    first = next((name for name, weight in mine.items() if weight.ndim == 5), None)
    if first is not None and first not in chosen:  # the input layer under another name
        used = set(chosen.values())
        source = next((name for name, weight in theirs.items() if weight.ndim == 5), None)
        if source is not None and source not in used and _differs_in_input(mine[first], theirs[source]):
            chosen[first] = source
            averaged.append(first)
    return chosen, by_name, by_order, averaged


def _differs_in_input(mine: Tensor, theirs: Tensor) -> bool:
    """Whether two convolutions differ in the number of image channels alone, of which the network has one."""
    same = mine.ndim == theirs.ndim == 5 and mine.shape[0] == theirs.shape[0] and mine.shape[2:] == theirs.shape[2:]
    return bool(same and mine.shape[1] == 1 and theirs.shape[1] > 1)


def _by_shape(weights: Mapping[str, Tensor], without: set[str]) -> dict[tuple[int, ...], list[str]]:
    found: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for name, weight in weights.items():
        if name not in without and weight.ndim:
            found[tuple(weight.shape)].append(name)
    return found


def _checkpoint_file(path: Path) -> Path:
    if path.is_dir():
        for name in (*_BUNDLE_FILES, *_NNUNET_FILES):
            if (path / name).is_file():
                return path / name
    if not path.is_file():
        raise TrainingError(
            f"initial_weights {path}: no checkpoint vs a file, a MONAI bundle or an nnU-Net model folder. There are no "
            "weights to start from. Correct the path."
        )
    return path


def _state_of(file: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint by cleaned names, in its order; nothing in the file is executed."""
    try:
        with torch.serialization.safe_globals(list(_harmless())):
            content: Any = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises a different type for each way in which a file can be unfit
        raise TrainingError(
            f"initial_weights {file}: {type(error).__name__} vs a checkpoint of plain tensors. Nothing else is loaded, "
            "for it could run code. Save its state dict alone: torch.save(network.state_dict(), FILE)."
        ) from error
    for key in _KEYS:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    tensors = {str(k): v for k, v in content.items() if isinstance(v, Tensor)} if isinstance(content, Mapping) else {}
    if not tensors:
        raise TrainingError(
            f"initial_weights {file}: no tensors vs a state dict. There are no weights to start from. Correct the path."
        )
    return _without_copies({_PREFIX.sub("", name): tensor for name, tensor in tensors.items()})


def _without_copies(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Each weight under the first of its names.

    nnU-Net lists its encoder again below the decoder and every layer again in its block; MONAI's DynUNet its layers
    again as skips. The copies share their memory.
    """
    seen: set[tuple[int, tuple[int, ...]]] = set()
    kept = {}
    for name, weight in weights.items():
        place = (weight.data_ptr(), tuple(weight.shape))
        if weight.numel() == 0 or place not in seen:
            kept[name] = weight
        seen.add(place)
    return kept


def _harmless() -> Iterator[Any]:
    """Numbers of numpy, which nnU-Net writes beside its weights, under the names of numpy 1 and 2; they run nothing."""
    yield from (np.dtype, np.ndarray, *(type(np.dtype(kind)) for kind in (np.float64, np.float32, np.int64)))
    here = "_core" if int(np.__version__.split(".")[0]) >= 2 else "core"
    multiarray = importlib.import_module(f"numpy.{here}.multiarray")
    for name in ("scalar", "_reconstruct"):
        function = getattr(multiarray, name)
        yield from ((function, f"numpy.{core}.multiarray.{name}") for core in ("core", "_core"))


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
