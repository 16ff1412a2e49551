"""Moved to `recognise.sizes`; this name stays until the reader uses the new one."""

from .recognise.sizes import Size, find_sizes

__all__ = ["Size", "find_sizes"]
