"""The model card: README.md of a run folder, filled from the run."""

from importlib.metadata import PackageNotFoundError, version

from ...schemas.atomic import write_text
from ..preprocessing.plan import Plan
from .config import TrainingConfig
from .dataset import TrainingPools
from .run_folder import RunFolder

_CARD = """# {channels}: lesion segmentation trained by reportsup {version}

Input: CT. Output: one probability per voxel for each of: {channels}.
Use it with `reportsup predict {folder} CT.nii.gz`. Not a medical device; for research only.

| | |
|---|---|
| network | {network} {network_args} |
| spacing, patch | {spacing} mm, {patch} voxels |
| cases with lesion masks | {mask_positive} with lesions, {mask_negative} without |
| cases with reports only | {report_positive} with a target, {report_negative} free of lesions |
| steps | {step} of {total} ({mask_steps} on masks, then {report_steps} on {second}) |
| reports | {reports} |
| crops seen | {mask_crops} made for masks, {report_crops} made for reports |
| validation | {validation} |

`config.toml`, `plan.json` and `data.json` say exactly how it was made; `metrics.jsonl` how it went.
What the training cases do not show (other scanners, phases, ages, diseases) was never learned; measure it on your own
cases with `reportsup evaluate` before relying on a single number above.
"""


def write_model_card(run: RunFolder, config: TrainingConfig, plan: Plan, pools: TrainingPools) -> None:
    """Write the card of a run as it stands."""
    records = list(run.records())
    validations = [record for record in records if record["kind"] == "validation" and "score" in record]
    best = max(validations, key=lambda record: record["score"], default={})
    shown = ", ".join(f"{key} {value:.3f}" for key, value in best.items() if _is_score(key, value))
    write_text(
        run.path / "README.md",
        _CARD.format(
            channels=", ".join(channel.name for channel in plan.channels),
            version=_version(),
            folder=run.path.name,
            network=config.network,
            network_args=", ".join(f"{key}={value}" for key, value in config.network_args.items()),
            spacing=" × ".join(f"{value:g}" for value in plan.spacing_mm),
            patch=" × ".join(str(value) for value in plan.patch_size),
            mask_positive=len(pools.masks.positive),
            mask_negative=len(pools.masks.negative),
            report_positive=len(pools.reports.positive),
            report_negative=len(pools.reports.negative),
            step=records[-1]["step"] if records else 0,
            total=config.total_steps,
            mask_steps=config.mask_steps,
            report_steps=config.report_steps,
            second="masks and reports" if config.use_reports else "masks again",
            reports=f"{config.loss_preset} losses" if config.use_reports else "not used",
            mask_crops=sum(record.get("mask_crops", 0) for record in records),
            report_crops=sum(record.get("report_crops", 0) for record in records),
            validation=f"best at step {best['step']}: {shown}" if best else "none yet",
        ),
    )


def _is_score(key: str, value: object) -> bool:
    return isinstance(value, float) and key != "validation_seconds"


def _version() -> str:
    try:
        return version("reportsup")
    except PackageNotFoundError:
        return "(not installed)"
