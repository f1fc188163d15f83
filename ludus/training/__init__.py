"""Training with Ludwig: checks before it, progress during it, the best weights after it."""
