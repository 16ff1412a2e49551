"""Moved to `text.sections`; this name stays until the reader uses the new one."""

from .text.sections import Block, find_blocks

__all__ = ["Block", "find_blocks"]
