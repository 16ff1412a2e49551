"""Decisions: small models of named features over what was recognised."""
