"""Data sources, data formats, and the reference set."""
