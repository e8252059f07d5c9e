"""The dataset folder written by the workers of an Apache Beam runner."""
