"""Exports a trained network to formats that need no Ludwig, and imports other networks."""
