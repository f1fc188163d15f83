"""Where data come from, the formats that they come in, and the reference set."""
