"""The bundle that a game takes: schema, reader, writer, and how a picture becomes an input."""
