"""`progress.png`: losses and validation over the steps, drawn from `metrics.jsonl`."""

from typing import Any

from ...schemas.atomic import atomic
from .run_folder import RunFolder

_HIDDEN = frozenset(
    {"step", "kind", "stage", "rate", "seconds_per_step", "gradient_norm", "mask_crops", "report_crops"}
    | {"validated_cases", "validation_seconds"}
)


def draw_progress(run: RunFolder) -> None:
    """Draw the records of a run; nothing is drawn before the first one."""
    records = list(run.records())
    if not records:
        return
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 7), layout="constrained")
    FigureCanvasAgg(figure)
    losses, scores = figure.subplots(2, 1, sharex=True)
    _curves(losses, [record for record in records if record["kind"] == "train"])
    _curves(scores, [record for record in records if record["kind"] == "validation"], marker="o")
    losses.set_ylabel("loss")
    scores.set_ylabel("validation")
    scores.set_xlabel("step")
    scores.set_ylim(-0.02, 1.02)
    with atomic(run.path / "progress.png") as temporary:
        figure.savefig(temporary, format="png", dpi=100)


def _is_drawn(name: str, validation: bool) -> bool:
    """Losses as they are; of what is given by organ, the scores of validation."""
    return name not in _HIDDEN and (validation or "/" not in name)


def _curves(axes: Any, records: list[dict[str, Any]], marker: str | None = None) -> None:
    names = dict.fromkeys(name for record in records for name in record if _is_drawn(name, marker is not None))
    for name in names:
        points = [(record["step"], record[name]) for record in records if name in record]
        width = 2 if name in ("loss", "score") else 1
        axes.plot(*zip(*points, strict=True), label=name, linewidth=width, marker=marker)
    second = [record["step"] for record in records if record["stage"] == 2]
    if second:
        axes.axvline(second[0], color="grey", linestyle=":", linewidth=1)
    if names:
        axes.legend(fontsize="small", loc="best")
