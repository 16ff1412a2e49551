"""Volumes and masks: where they lie, whether they fit, and their registration in the database."""
