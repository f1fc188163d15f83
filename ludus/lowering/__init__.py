"""Rewrites of an exported network before it is compiled to MLIR; one rule a file."""
