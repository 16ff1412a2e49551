"""`reportsup organs`: organ masks for the cases that lack them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...schemas.errors import ConfigError
from .options import DEFAULT_DB, Db, print_failures, wants_debug

if TYPE_CHECKING:
    from ...segmentation.cases import IndexedCase
    from ...segmentation.organs import OrganMasks, Segmenter

Out = Annotated[Path, typer.Option(help="Folder for the masks, a folder per case. Keep it: they are read from there.")]
Found = Annotated[
    Path | None,
    typer.Option(
        "--from", help="Masks that are there already: FOLDER/CASE/MASK.nii.gz, or label maps FOLDER/CASE.nii.gz."
    ),
]
MadeBy = Annotated[
    str | None,
    typer.Option(help="With --from, for label maps: whose values they hold, e.g. vista3d, cads_551, totalsegmentator."),
]
Model = Annotated[Path | None, typer.Option(help="Model folder of nnU-Net v2; by default TotalSegmentator draws.")]
Task = Annotated[str, typer.Option(help="Of TotalSegmentator: total or liver_segments.")]
Fast = Annotated[bool, typer.Option("--fast", help="TotalSegmentator's 3 mm model.")]
Organs = Annotated[
    list[str] | None,
    typer.Option("--organ", help="Organs that a case must lack to be segmented; by default all targets."),
]
Split = Annotated[str | None, typer.Option(help="Only the cases of this split.")]
Device = Annotated[str | None, typer.Option(help="cpu, gpu, gpu:1; by default the GPU, if any.")]


def organs(
    context: typer.Context,
    db: Db = DEFAULT_DB,
    out: Out = Path("organs"),
    found: Found = None,
    made_by: MadeBy = None,
    model: Model = None,
    task: Task = "total",
    fast: Fast = False,
    organ: Organs = None,
    split: Split = None,
    device: Device = None,
) -> None:
    """Give registered cases the organ masks that they lack: drawn by TotalSegmentator or an nnU-Net, or found.

    Examples: `reportsup organs --fast` · `reportsup organs --model Dataset701/nnUNetTrainer__nnUNetPlans__3d_fullres` ·
    `reportsup organs --from vista_output --made-by vista3d`

    Segmenters run as programs of their own, without a network and without usage statistics. Masks of the data set come
    first; where it has none of an organ, or an empty one, these count. Exit code 1 when a case got none; run it again
    to go on.
    """
    from ...schemas.anatomy import load_anatomy
    from ...schemas.database import open_database
    from ...segmentation.cases import read_cases
    from ...segmentation.organs import find_masks, label_table, segment_case, unsegmented

    anatomy = load_anatomy()
    wanted = [anatomy.organ(name).name for name in organ or [o for o, entry in anatomy.organs.items() if entry.target]]
    with open_database(db, read_only=True) as connection:
        cases = [case for case in read_cases(connection) if split in (None, case.split)]
    if found is not None:
        if not found.is_dir():
            raise ConfigError(f"--from: {found} is no folder vs one with masks. Correct the path.")
        labels = label_table(made_by) if made_by else None
        masks = find_masks(found, cases, made_by or f"masks of {found.name}", labels)
        chosen = [case for case in cases if case.case_id in masks]
        _go(context, db, chosen, lambda case: masks[case.case_id])
        typer.echo(f"{len(cases) - len(chosen)} of {len(cases)} cases have no masks in {found}", err=True)
        return
    segmenter = _segmenter(model, task, fast, device)
    lacking = unsegmented(cases, wanted, segmenter.organs)
    typer.echo(f"{segmenter.name}: {len(lacking)} of {len(cases)} cases lack an organ that it draws", err=True)
    _go(context, db, lacking, lambda case: segment_case(segmenter, case, out))


def _segmenter(model: Path | None, task: str, fast: bool, device: str | None) -> "Segmenter":
    from ...segmentation.organs import NnUNet, TotalSegmentator

    if device is None:
        import torch

        device = "gpu" if torch.cuda.is_available() else "cpu"
    if model is None:
        return TotalSegmentator(task, fast, device)
    return NnUNet(model, device="cuda" if device.startswith("gpu") else device)


def _go(
    context: typer.Context, db: Path, cases: "Sequence[IndexedCase]", masks_of: "Callable[[IndexedCase], OrganMasks]"
) -> None:
    """Each case on its own: a case that fails costs itself alone, and what is registered stays."""
    from rich.console import Console
    from rich.progress import track

    from ...schemas.database import open_database
    from ...schemas.failures import Failure
    from ...segmentation.organs import register_masks

    console = Console(stderr=True)
    failures: dict[str, Failure] = {}
    n_masks = 0
    for case in track(cases, "organs", console=console, disable=not console.is_terminal, transient=True):
        try:
            masks = masks_of(case)
            with open_database(db, create=False) as connection:
                n_masks += len(register_masks(connection, case, masks))
        except ConfigError:
            raise  # it would be the same for every case
        except Exception as error:  # whatever it is, the other cases go on
            failures[case.case_id] = Failure.of(error)
    print_failures(failures, debug=wants_debug(context))
    typer.echo(f"{n_masks} masks added to {len(cases) - len(failures)} of {len(cases)} cases in {db}")
    if failures:
        raise typer.Exit(1)
