"""Text to findings: rules, language models, grounding. Knows nothing of images."""
