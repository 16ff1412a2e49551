"""`reportsup demo`: synthetic patients and their reports, then every command on them, as a user would type it."""

from .commands import judging_commands, reading_commands, training_commands
from .folder import DemoFolder, make_dataset, write_settings
from .plans import FULL, SHORT, DemoPlan
from .running import DemoError, call, train

__all__ = [
    "FULL",
    "SHORT",
    "DemoError",
    "DemoFolder",
    "DemoPlan",
    "call",
    "judging_commands",
    "make_dataset",
    "reading_commands",
    "train",
    "training_commands",
    "write_settings",
]
