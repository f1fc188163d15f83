"""Training by Ludwig: checked before, watched, and kept at its best."""
