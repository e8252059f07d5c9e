"""Measurements of this project beside the tutorial's design, both sides in one process."""
