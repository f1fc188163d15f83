"""One form in which every network is rewritten before it is compiled; one rule a file."""
