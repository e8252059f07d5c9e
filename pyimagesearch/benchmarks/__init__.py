"""Measures against the tutorial's design choices, both sides in one process run."""
