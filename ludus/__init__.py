"""Ludus: train a small network, compile it for every machine a game runs on, prove it the same."""

__version__ = "0.1.0"
