"""Training recipes by name: what a configuration takes for the keys that it does not set.

"reference" is the method of Bassi et al. (arXiv 2507.05582) as its authors' code runs it (github.com/MrGiovanni/R-Super
at 7f811ce; LF = rsuper_train/training/losses_foundation.py, DS = .../dataset_abdomenatlas_UFO.py, AUG =
.../augmentation.py). Of its errors those are kept that change what a report teaches: the ball's volume in place of the
reported one, a margin that is searched and yet known background, targets averaged over crops that have none.

Left out is what stops the code or can only weaken it: kidney reports that raise an error (DS:1226), a liver that is
unknown as a whole (DS:1169), body and tail taken for healthy beside a lesion of unknown place (DS:1172), shares undone
by a set (DS:224), report crops without augmentation, a cross-entropy that adds background alone (LF:1625), the last
weights instead of the best. Network, augmentation, schedule and steps are the run's own.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

RECIPES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "default": MappingProxyType({}),
        "reference": MappingProxyType(
            {
                "loss_preset": "reference",  # weights, Volume and Ball Loss: LF:250-395, 1336-1864; `losses.presets`
                "presence_targets": False,  # a CT with a lesion of unknown size is dropped: DS:48-122
                "margin_mm": 15.5,  # searched: a 31-voxel dilation at 1 mm, LF:22-98
                "search": "margin",  # however large the lesion
                "unknown_margin_mm": 2.5,  # left unknown to the masks: a 5-voxel dilation, LF:899
                "one_region": True,  # one chosen segment a crop has targets: DS:647-754, 836-934
                "smallest_scale": 1.0,  # a region larger than the crop is not taught: DS:836-934
                "report_share": 0.5,  # the shorter of both lists is repeated: DS:192-202
                "target_share": 0.9,  # report crops around a region: DS:836-934
                "lesion_share": 0.9,  # mask crops on a lesion, 0.05 on an organ: AUG:600-660
                "organ_share": 0.05,
                # A second stage of masks and reports from the first stage's weights, at a tenth of its rate (README).
                "learning_rate": 1e-3,
                "report_learning_rate": 1e-4,
                "schedule": "poly",
                "weight_decay": 0.05,
                "clip_norm": 1.0,
                "ema_decay": 0.99,
            }
        ),
    }
)
