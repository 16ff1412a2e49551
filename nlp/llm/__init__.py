"""Findings read by language models: schema-constrained, grounded in the text by the same validators as the rules."""
