"""Moved to `text.sentences`; this name stays until the reader uses the new one."""

from .text.sentences import find_sentences, opens_summary

__all__ = ["find_sentences", "opens_summary"]
