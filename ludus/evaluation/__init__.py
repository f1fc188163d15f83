"""Runs a variant over the reference set, and judges the results."""
