"""What the losses do, drawn by the losses themselves."""

import io
import math
import re

import matplotlib
from database_page import new_database

matplotlib.use("svg")

import numpy as np
import torch
from matplotlib import pyplot as plt
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from reportsup.segmentation.losses.pseudo_mask import place_lesions
from reportsup.segmentation.losses.volume_loss import interval_volume_loss, reference_volume_loss

_OURS, _THEIRS = "#00897b", "#e07b39"
_STYLE = {
    "svg.fonttype": "none", "svg.hashsalt": "reportsup", "font.size": 9, "axes.spines.top": False,
    "axes.spines.right": False, "figure.facecolor": "none", "axes.facecolor": "none",
}  # fmt: skip


def interval_factors() -> dict[int, tuple[float, float]]:
    """Lower and upper factor by number of diameters, as the database has them."""
    with new_database() as connection:
        return {
            n: (float(lo), float(hi)) for n, lo, hi in connection.execute("FROM volume_interval_factors").fetchall()
        }


def volume_loss() -> str:
    """Loss over predicted volume, for a small and a large lesion of one reported diameter."""
    lo, hi = interval_factors()[1]
    with plt.rc_context(_STYLE):
        figure, axes = plt.subplots(1, 2, figsize=(7.6, 2.9), sharey=True, layout="constrained")
        for axis, diameter_mm in zip(axes, (5, 20), strict=True):
            reported = math.pi / 6 * diameter_mm**3
            volume = torch.logspace(0, 5.3, 400)
            ours = interval_volume_loss(volume, torch.tensor(lo * reported), torch.tensor(hi * reported))
            axis.axvspan(lo * reported, hi * reported, color=_OURS, alpha=0.15, lw=0)
            axis.plot(volume, ours, color=_OURS, label="interval (default)")
            axis.plot(
                volume, reference_volume_loss(volume, torch.tensor(reported)), color=_THEIRS, label="reference, τ 0.2"
            )
            axis.set(
                xscale="log", xlabel="predicted volume (mm³)", title=f"{diameter_mm} mm reported: {reported:,.0f} mm³"
            )
        axes[0].set_ylabel("Volume Loss")
        axes[0].legend(frameon=False)
        return _svg(figure, "Volume Loss over the predicted volume for lesions of 5 and 20 mm")


def volume_factors() -> str:
    """The interval's factors as a table."""
    rows = [f"| {n} | {lo} | {hi} |" for n, (lo, hi) in interval_factors().items()]
    return "\n".join(["| diameters in the report | V_lo / V | V_hi / V |", "|---|---|---|", *rows])


def ball_loss() -> str:
    """What a network believes of a region, and the targets that the Ball Loss makes of it for two reported lesions."""
    shape, spacing_mm = (72, 56, 40), (1.0, 1.0, 1.0)
    x, y, z = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    region = ((x - 36) / 33) ** 2 + ((y - 28) / 25) ** 2 + ((z - 20) / 17) ** 2 < 1
    belief = sum(
        top * np.exp(-(((x - a) / w) ** 2 + ((y - b) / h) ** 2 + ((z - 20) / w) ** 2))
        for a, b, w, h, top in ((24, 32, 8, 6, 0.6), (52, 22, 4, 5, 0.5), (40, 40, 3, 3, 0.25))
    )
    noise = np.random.default_rng(0).normal(0, 0.03, shape)
    probability = torch.from_numpy(np.clip(belief + noise, 0.001, 1)).float()
    diameters_mm = [18.0, 9.0]
    mask = place_lesions(
        probability, torch.from_numpy(region), diameters_mm, [math.pi / 6 * d**3 for d in diameters_mm], spacing_mm
    )
    targets = np.where(region, 1, 0)
    targets[mask.ignored.numpy()] = 2
    targets[mask.foreground.numpy() > 0] = 3
    with plt.rc_context(_STYLE):
        figure, axes = plt.subplots(1, 2, figsize=(7.6, 3.0), layout="constrained")
        axes[0].imshow(probability[:, :, 20].numpy().T, cmap="viridis", vmin=0, vmax=0.7)
        axes[0].contour(region[:, :, 20].T, levels=[0.5], colors="white", linewidths=0.8)
        axes[0].set_title("what the network believes; the region")
        colours = ListedColormap(["#e0e0e0", "#b2dfdb", "#ffe0b2", _THEIRS])
        axes[1].imshow(targets[:, :, 20].T, cmap=colours, vmin=0, vmax=3, interpolation="nearest")
        axes[1].set_title("targets for “lesions of 18 and 9 mm”")
        for name, colour in (
            ("lesion", _THEIRS),
            ("ignored", "#ffe0b2"),
            ("background", "#b2dfdb"),
            ("not taught", "#e0e0e0"),
        ):
            axes[1].plot([], [], "s", color=colour, label=name)
        axes[1].legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
        for axis in axes:
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
        return _svg(figure, "Probabilities in a region, and the pseudo-mask of two reported lesions")


def _svg(figure: Figure, told: str) -> str:
    """The figure as inline SVG whose black follows the theme."""
    written = io.StringIO()
    figure.savefig(written, format="svg", metadata={"Date": None})
    plt.close(figure)
    drawn = written.getvalue()
    drawn = drawn[drawn.index("<svg") :]
    drawn = re.sub(
        r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>", "", drawn, flags=re.S
    )  # a style would be the page's
    drawn = drawn.replace("#000000", "currentColor").replace("<text ", '<text fill="currentColor" ')
    drawn = re.sub(r"\n\s*", " ", drawn)  # an empty line would end the block in Markdown
    return f'<div class="picture" role="img" aria-label="{told}">{drawn}</div>'
