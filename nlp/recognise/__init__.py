"""Recognisers: text → spans. They propose generously, decide nothing, and do not import one another."""
