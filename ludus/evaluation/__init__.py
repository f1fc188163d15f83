"""Running a variant over the reference set, and judging what came out."""
