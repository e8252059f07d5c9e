"""SRGAN super-resolution: photographs to TFRecords, two-phase training, report grids and scores."""

__version__ = "0.1.0"
