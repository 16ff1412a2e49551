"""The commands of the demo, as a user would type them."""

from collections.abc import Sequence

from .folder import DemoFolder

MIN_COMPONENT_MM3 = 300.0  # five voxels of the demo's 4 mm grid
# Of the demo's two arms, the one without reports first.
ARMS = ("masks", "reports")
_WORST = """SELECT case_id AS "case", organ, verdict, predicted_ml AS found, reported_lo_ml AS "from", reported_hi_ml \
AS "to ml", mask_ml AS truth FROM audit_prediction_vs_report \
WHERE parse_filename(run) = 'reports' LIMIT 5"""


def reading_commands(folder: DemoFolder) -> list[list[str]]:
    """From reports and volumes to a database that can be trained on."""
    db = ["--db", str(folder.database)]
    return [["extract", str(folder.data / "reports.csv"), *db], ["index", str(folder.data / "manifest.csv"), *db]]


def training_commands(folder: DemoFolder, seed: int, changes: Sequence[str] = ()) -> list[dict[str, list[str]]]:
    """Groups of training commands by the names of their runs; those of one group may run side by side.

    The masks are learned once. Both arms go on from there for the same number of steps, one with reports.

    Args:
        changes: `key=value` over the settings of the demo, for every run.
    """
    start, masks, reports = (folder.run(name) for name in ("start", *ARMS))
    common = ["--config", str(folder.settings), "--db", str(folder.database), "--set", f"seed={seed}"]
    common += [word for change in changes for word in ("--set", change)]
    arm = [*common, "--set", "mask_steps=0", "--set", f"initial_run={start}"]
    return [
        {"start": ["train", "--run", str(start), *common, "--set", "report_steps=0", "--no-reports"]},
        {
            "masks": ["train", "--run", str(masks), *arm, "--no-reports"],
            "reports": ["train", "--run", str(reports), *arm],
        },
    ]


def judging_commands(folder: DemoFolder) -> list[list[str]]:
    """Both arms measured on the test cases, predictions at the operating point, and these held against the reports.

    Lesions count near their organ.
    """
    from ...segmentation.training.config import load_config

    margin_mm = load_config(folder.settings).margin_mm
    limits = ["--organ-margin-mm", f"{margin_mm:g}", "--min-component-mm3", f"{MIN_COMPONENT_MM3:g}"]
    db = ["--db", str(folder.database), *limits]
    masks, reports = (str(folder.run(name)) for name in ARMS)
    return [
        ["evaluate", reports, "--compare", masks, *db],
        ["predict", reports, "--out", str(folder.path / "predictions"), "--pictures", *db],
        ["sql", _WORST, "--db", str(folder.database)],
    ]
