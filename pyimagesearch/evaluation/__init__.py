"""Scores, tables, figures, reports."""
