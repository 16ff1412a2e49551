"""Recognisers: pure functions from a report's text to spans; nothing is decided here."""
