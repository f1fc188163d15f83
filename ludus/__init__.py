"""Ludus trains a small network, compiles it for a game's machines, and verifies each result."""

__version__ = "0.1.0"
