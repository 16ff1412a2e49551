"""Where a cluster is and what of it an extraction takes."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ClusterOptions:
    """A Ray cluster.

    Attributes:
        folder: for texts and answers on their way; every node sees it under this path.
        address: host:port of its head, "auto" for the one that runs here, None to start one on this machine.
        workers: readers at once, a CPU each (a GPU each for a model in their process); None = all there are.
    """

    folder: Path
    address: str | None = None
    workers: int | None = None
