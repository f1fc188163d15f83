"""The bundle that a game loads: schema, reader, writer and the preprocessing of pictures."""
