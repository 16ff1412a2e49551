"""Fingerprint, plan and the memory-mapped cache of resampled volumes."""
