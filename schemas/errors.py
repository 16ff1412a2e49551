"""The exceptions of reportsup, one tree.

    ReportsupError
    ├── ConfigError      a command or configuration that cannot be meant            (exit code 2)
    ├── InputError       a file or table of the user's that cannot be read          (exit code 1)
    ├── DatabaseError    the DuckDB file: locked, too new, not ours                 (exit code 1)
    │   └── DatabaseBusyError    another process holds it
    ├── DataError        volumes and masks that do not fit each other               (exit code 1)
    ├── TrainingError    divergence, a run folder that does not fit its configuration (exit code 1)
    └── BackendError     a language model or its server that is missing or fails    (exit code 1)

A message reads `<what>: <observed> vs <expected>. <why it matters>. <next step>.` and never holds report text or a
patient's identity.
"""


class ReportsupError(Exception):
    """An error that the user can act on; the CLI prints its message without a traceback."""

    exit_code = 1


class ConfigError(ReportsupError):
    """A command or configuration that cannot be meant."""

    exit_code = 2


class InputError(ReportsupError):
    """A file or table of the user's that cannot be read."""


class DatabaseError(ReportsupError):
    """The DuckDB file is locked, newer than this program, or not one of ours."""


class DatabaseBusyError(DatabaseError):
    """Another process holds the DuckDB file; a later attempt may succeed."""


class DataError(ReportsupError):
    """Volumes and masks that do not fit each other."""


class TrainingError(ReportsupError):
    """Training that diverged, or a run folder that does not fit its configuration."""


class BackendError(ReportsupError):
    """A language model or its server that is missing or fails."""
