"""The network in formats that need no Ludwig, trained here or imported."""
