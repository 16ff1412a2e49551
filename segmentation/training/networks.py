"""Networks by name, and one view of whatever they return: a list of heads, the final one first."""

import copy
import importlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from ...schemas.errors import ConfigError


@dataclass(frozen=True)
class NetworkEntry:
    """A MONAI network: its class name in `monai.networks.nets` and the arguments this project starts from."""

    name: str
    defaults: Mapping[str, Any] = field(default_factory=dict)


_CONV_LEVELS = {"channels": (32, 64, 128, 256, 320), "strides": (2, 2, 2, 2)}

# Instance norm everywhere: it does not mix the crops of a batch, so that it is the same on one device and on many.
NETWORKS: Mapping[str, NetworkEntry] = {
    "SegResNetDS": NetworkEntry(
        "SegResNetDS", {"init_filters": 32, "blocks_down": (1, 2, 2, 4, 4), "dsdepth": 3, "norm": "instance"}
    ),
    "SegResNet": NetworkEntry("SegResNet", {"init_filters": 16}),
    "DynUNet": NetworkEntry(
        "DynUNet",
        {
            "kernel_size": (3, 3, 3, 3, 3),
            "strides": (1, 2, 2, 2, 2),
            "upsample_kernel_size": (2, 2, 2, 2),
            "deep_supervision": True,
            "deep_supr_num": 2,
            "res_block": True,
        },
    ),
    "SwinUNETR": NetworkEntry("SwinUNETR", {"feature_size": 24}),
    "UNet": NetworkEntry("UNet", {**_CONV_LEVELS, "num_res_units": 2}),
    "AttentionUnet": NetworkEntry("AttentionUnet", _CONV_LEVELS),
    "BasicUNet": NetworkEntry("BasicUNet"),
    "BasicUNetPlusPlus": NetworkEntry("BasicUNetPlusPlus", {"deep_supervision": True}),
    "MedNeXt": NetworkEntry("MedNeXt", {"deep_supervision": True}),
}


def build_network(name: str, out_channels: int, arguments: Mapping[str, Any] | None = None) -> nn.Module:
    """A 3D network of one input channel and `out_channels` logits per voxel.

    Args:
        name: a key of `NETWORKS`, or `package.module:function` for any callable that takes `in_channels`,
            `out_channels` and the arguments, and returns a torch module.
        out_channels: lesion classes, at least 1.
        arguments: keyword arguments that win over the entry's defaults.

    Raises:
        ConfigError: the name or an argument is unknown to the network.

    Example:
        >>> net = build_network("UNet", 1, {"channels": (4, 8), "strides": (2,), "num_res_units": 0})
        >>> tuple(heads(net(torch.zeros(1, 1, 8, 8, 8)))[0].shape)
        (1, 1, 8, 8, 8)
    """
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in (arguments or {}).items()}
    if name in NETWORKS:
        networks = importlib.import_module("monai.networks.nets")
        make: Callable[..., nn.Module] = getattr(networks, NETWORKS[name].name)
        given = {"spatial_dims": 3, **NETWORKS[name].defaults, **given}
    elif ":" in name:
        make = _load(name)
    else:
        raise ConfigError(
            f"network: {name!r} vs {', '.join(NETWORKS)} or package.module:function. "
            "No network can be built. Use --set network=SegResNetDS."
        )
    try:
        return make(in_channels=1, out_channels=out_channels, **given)
    except (TypeError, ValueError, AssertionError) as error:
        raise ConfigError(
            f"network {name}: {error} vs arguments it takes ({given}). No network can be built. "
            "Correct [train.network_args]."
        ) from error


def check_patch(network: nn.Module, name: str, patch_size: tuple[int, int, int]) -> None:
    """Raise ConfigError when a network cannot take `patch_size`; computes shapes only, on torch's meta device."""
    shapes = copy.deepcopy(network).to("meta")
    try:
        output = heads(shapes(torch.empty(1, 1, *patch_size, device="meta")))[0]
    except ImportError as error:
        raise ConfigError(
            f"network {name}: {_first_line(error)} vs an installed package. The network cannot run. pip install it."
        ) from error
    except (RuntimeError, ValueError) as error:
        raise ConfigError(
            f"patch_size {list(patch_size)}: {_first_line(error)} vs a size {name} can halve at every level. "
            "The network cannot run. Use multiples of 16 or 32, or fewer levels in [train.network_args]."
        ) from error
    if tuple(output.shape[2:]) != tuple(patch_size):
        raise ConfigError(
            f"network {name}: final head {list(output.shape[2:])} vs the patch {list(patch_size)}. "
            "Predictions would be misplaced. Use a network that returns the input's size."
        )


def heads(output: Any) -> list[Tensor]:
    """A network's output as a list of logits (B, C, X, Y, Z), the final (largest) head first.

    Takes a tensor, a list or tuple of tensors (deep supervision at native sizes), a dict of them, or one stacked
    tensor (B, heads, C, X, Y, Z) as DynUNet returns.

    Raises:
        TypeError: anything else.
    """
    if isinstance(output, Tensor):
        if output.ndim == 6:
            return list(output.unbind(dim=1))
        return [output]
    if isinstance(output, Mapping):
        output = list(output.values())
    if isinstance(output, list | tuple) and output and all(isinstance(item, Tensor) for item in output):
        # A stable sort: heads of one size keep the network's own order.
        return sorted(output, key=lambda head: -math.prod(head.shape[2:]))
    raise TypeError(f"network output: {type(output).__name__} vs a tensor, or a list, tuple or dict of tensors")


def _load(name: str) -> Callable[..., nn.Module]:
    module, _, attribute = name.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"network {name}: {error} vs an importable package.module:function. "
            "No network can be built. Check the spelling and that the package is installed."
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
