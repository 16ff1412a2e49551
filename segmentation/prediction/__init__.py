"""Prediction: probabilities of whole volumes, back on the CT's own grid, with a table of the lesions found."""
