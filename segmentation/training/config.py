"""The training configuration: one frozen dataclass, read from TOML and `key=value`, written back to the run folder."""

import difflib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, ValidationError
from pydantic.dataclasses import dataclass

from ...schemas.errors import ConfigError, InputError
from .recipes import RECIPES

TABLE = "train"

Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Rate = Annotated[float, Field(gt=0, lt=10)]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Length = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Triple = tuple[Positive, Positive, Positive]


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class TrainingConfig:
    """Everything that decides what a run computes. `None` means planned from the data.

    Example:
        >>> config = TrainingConfig(batch_size=4)
        >>> config.network, config.total_steps
        ('SegResNetDS', 40000)
    """

    # Where it starts.
    recipe: Literal["default", "reference"] = "default"  # what the keys that are not set take; see `recipes`

    # Network: a MONAI name (`networks.NETWORKS`) or "package.module:function".
    network: str = "SegResNetDS"  # by name, or a function of yours that returns a module
    network_args: dict[str, Any] = Field(default_factory=dict)  # passed on to it; they add to its defaults
    # Weights of another program: a MONAI bundle, an nnU-Net or STU-Net checkpoint (`outside_weights`).
    initial_weights: str | None = None  # taken by name, else by shape and order
    initial_run: str | None = None  # a run folder whose weights are the start, e.g. with mask_steps = 0

    # Targets and plan.
    plan_of: str | None = None  # a run folder: its grid, intensities and patch, so that cases join its cache
    organ_box_mm: Length | None = None  # cached volumes end this far from organs and lesions; None = whole
    organs: tuple[str, ...] | None = None  # whose lesions are taught; planned: those that have targets
    unmentioned: Literal["unknown", "negative"] = "unknown"  # what a report means by not naming an organ
    spacing_mm: tuple[Length, Length, Length] | None = None  # of the training grid
    margin_mm: Weight = 15.5  # how far a lesion may reach out of the region that its report names
    search: Literal["reach", "margin"] = "reach"  # as far as the reported sizes reach, at least the margin; or no more
    # Around such a region, this far, nothing is known to the masks; None = as far as is searched.
    unknown_margin_mm: Weight | None = None
    one_region: bool = False  # a crop teaches the region it was made for alone; the others are unknown

    # Cases and crops. `batch_size` counts crops over all devices, so adding devices does not change the method.
    patch_size: Triple | None = None  # voxels of a crop
    batch_size: Positive = 2  # crops a step
    accumulation: Positive | None = None  # passes that a device's share is split into; planned: what its memory asks
    use_reports: bool = True  # False: masks alone in both stages
    presence_targets: bool = True  # False drops the reports with a lesion without a size, as the reference does
    # Share of stage 2's crops that are made for reports; or one for each organ, as {liver = 0.3, kidney = 0.7}: the
    # organs then take turns. More where masks show few lesions.
    report_share: Fraction | dict[str, Fraction] = 0.5
    positive_share: Fraction = 0.67  # share of draws, of mask and of report cases alike, from cases with lesions
    lesion_share: Fraction = 0.6  # share of mask crops centred on a lesion, where the case has one
    organ_share: Fraction = 0.3  # share centred on an organ voxel; the rest is anywhere
    target_share: Fraction = 0.9  # share of report crops that contain a target region
    smallest_scale: Annotated[float, Field(gt=0, le=1)] = 0.4  # of a crop that holds a region larger than the patch
    augment: bool = True  # turn, scale and change intensities of crops
    flip: bool = True  # mirror crops along each axis, with `augment`

    # Stages: `mask_steps` on masks alone, then `report_steps` on masks and reports (on masks alone without reports,
    # so that two runs compare at equal steps).
    mask_steps: Count = 20_000  # optimiser steps of stage 1
    report_steps: Count = 20_000  # of stage 2
    passes: Length | None = None  # steps of both stages so that each case is shown this often on average

    # Optimisation. Stage 2 starts from stage 1's weights with its own, lower rate.
    learning_rate: Rate = 1e-3  # peak of stage 1
    report_learning_rate: Rate = 3e-4  # peak of stage 2
    schedule: Literal["poly", "cosine", "constant"] = "poly"  # how the rate falls after the warm-up
    warmup_steps: Count = 100  # at the start of each stage, half of it at most
    weight_decay: Weight = 1e-2  # of AdamW
    clip_norm: Annotated[float, Field(gt=0)] = 1.0  # largest norm of the gradient
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0.999  # of the averaged weights, which are the ones that are kept
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"  # auto: bf16 or fp16 on a GPU, fp32 on the CPU
    compile: bool = False  # torch.compile: minutes at the start, faster steps on a GPU

    # Cross-entropy beside the Dice. A small network trained briefly needs lesions to count for more (the demo: 10, 10).
    cross_entropy_weight: Weight = 1.0  # beside the Dice
    positive_weight: Annotated[float, Field(ge=1)] = 1.0  # how many times a lesion voxel counts

    # Report losses: Volume Loss on the auxiliary heads, Ball Loss on the final one; None = the preset's weight.
    loss_preset: Literal["interval", "reference"] = "interval"  # reference: the losses of the paper
    volume_weight: Weight | None = None  # of the Volume Loss
    ball_weight: Weight | None = None  # of the Ball Loss

    # Bookkeeping.
    seed: int = 0  # of weights and draws
    workers: Count | None = None  # processes that make crops, for each device; planned: up to 8 with a GPU, else none
    log_every: Positive = 20  # steps between lines of metrics.jsonl
    checkpoint_minutes: Weight = 10.0  # between checkpoints, at a line of metrics.jsonl
    checkpoint_every: Positive | None = None  # steps; a checkpoint after so many too
    validate_every: Positive = 1000  # steps between validations
    validation_cases: Positive = 100  # at most, always the same ones of every kind
    validation_overlap: Annotated[float, Field(ge=0, lt=1)] = 0.5  # of the sliding window
    tracker: Literal["none", "tensorboard", "mlflow", "wandb"] = "none"  # where metrics go beside metrics.jsonl

    @property
    def total_steps(self) -> int:
        """Optimiser steps of both stages."""
        return self.mask_steps + self.report_steps


def load_config(path: Path | None = None, overrides: Iterable[str] = (), **changes: Any) -> TrainingConfig:
    """The configuration of the `[train]` table of `path`, changed by `key=value` overrides, then by keyword.

    Args:
        path: a TOML file; tables other than `[train]` belong to other commands and are left alone.
        overrides: `key=value` or `network_args.key=value`; the value is TOML, a bare word is a string.
        changes: values that win over both; None is ignored.

    Raises:
        ConfigError: an unknown key (the nearest known one is named), a value that cannot be meant.
        InputError: the file cannot be read.

    Example:
        >>> load_config(overrides=["batch_size=4", "schedule=cosine"]).batch_size
        4
    """
    values: dict[str, Any] = dict(read_table(path)) if path is not None else {}
    for override in overrides:
        _apply_override(values, override)
    values.update({key: value for key, value in changes.items() if value is not None})
    return build_config(values)


def build_config(values: Mapping[str, Any]) -> TrainingConfig:
    """A validated configuration from plain values; raises ConfigError naming what is wrong."""
    known = [field.name for field in fields(TrainingConfig)]
    values = {**RECIPES.get(str(values.get("recipe")), {}), **values}
    for key in values:
        if key not in known:
            raise ConfigError(_unknown_key(key, known))
    try:
        return TrainingConfig(**values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError(
            f"training configuration: {key} = {first['input']!r} vs {first['msg'].lower()}. "
            f"The run cannot be planned. Correct {key} in the [{TABLE}] table or with --set {key}=...."
        ) from None


def write_config(config: TrainingConfig, path: Path) -> None:
    """Write the configuration as TOML that `load_config` reads back to an equal one."""
    values = {key: value for key, value in asdict(config).items() if value is not None}
    network_args = values.pop("network_args")
    lines = [f"[{TABLE}]", *(f"{key} = {_toml(value)}" for key, value in values.items())]
    if network_args:
        lines += ["", f"[{TABLE}.network_args]", *(f"{key} = {_toml(value)}" for key, value in network_args.items())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def config_difference(old: TrainingConfig, new: TrainingConfig) -> list[str]:
    """One line `key: old -> new` for each value that differs and changes what a run computes."""
    before, after = asdict(old), asdict(new)
    return [
        f"{key}: {before[key]!r} -> {after[key]!r}" for key in before if before[key] != after[key] and key not in FREE
    ]


# Values that may change between a run and its resumption: they do not touch the trained weights.
FREE = frozenset({"workers", "log_every", "checkpoint_every", "checkpoint_minutes", "tracker", "compile"})


def read_table(path: Path) -> Mapping[str, Any]:
    """The `[train]` table of a TOML file, not yet validated; raises as `load_config` does."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"configuration {path}: {error.strerror or error} vs a readable file. "
            "Nothing was started. Check the path given to --config."
        ) from None
    except (ValueError, RecursionError) as error:  # also a number of more digits than Python reads
        raise ConfigError(
            f"configuration {path}: {error} vs TOML. Nothing was started. Correct the file (https://toml.io)."
        ) from None
    table = document.get(TABLE, {})
    loose = [key for key, value in document.items() if not isinstance(value, dict)]
    if loose or not isinstance(table, dict):
        raise ConfigError(
            f"configuration {path}: {', '.join(loose) or TABLE} outside a table vs keys under [{TABLE}]. "
            f"They would be ignored. Put the line [{TABLE}] above them."
        )
    return table


def _apply_override(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    key = key.strip()
    if not equals or not key:
        raise ConfigError(
            f"--set {override}: {override!r} vs key=value. Nothing was started. Write --set batch_size=4."
        )
    try:
        value = tomllib.loads(f"value = {text.strip()}")["value"]
    except (ValueError, RecursionError):
        value = text.strip()
    head, dot, tail = key.partition(".")
    if dot and head == "network_args":
        values["network_args"] = {**values.get("network_args", {}), tail: value}
    else:
        values[key.removeprefix(f"{TABLE}.")] = value


def _unknown_key(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
    return (
        f"training configuration: unknown key {key!r} vs the known ones (nearest: {near[0]!r}). "
        f"It would be ignored silently. Use {near[0]!r}, or see `reportsup train --help`."
    )


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value)  # JSON strings are TOML basic strings
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + "}"
    return repr(value)
