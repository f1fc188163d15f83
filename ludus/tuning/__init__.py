"""`ludus tune TARGET`: a search, by stopwatch, for a faster row of params.yaml's targets.

candidates.py, inner_loops.py   what is tried: one change of the row each
search.py                       in which order, until the time is up
scores.py                       when a candidate is faster
apart.py, trials.py             building, timing and verifying one, in processes that may die
rows.py                         what is written into params.yaml
tuner.py, words.py              the whole of it, and what it says

The pipeline itself chooses nothing by stopwatch: what was found is a row like any other.
"""
