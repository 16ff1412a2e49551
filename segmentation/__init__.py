"""Findings and volumes to a trained network, predictions and metrics. Knows nothing of text."""
