"""`ludus tune TARGET`: searches for a faster row of params.yaml's targets by timing candidates.

candidates.py, inner_loops.py   the candidates: one change of the row each
search.py                       the order of candidates, until the time is up
scores.py                       decides whether a candidate is faster
builds.py, trials.py            build, time and verify a candidate, in processes that may die
rows.py                         writes the result into params.yaml
tuner.py, summary.py            a whole search, and its output

The pipeline itself times nothing to choose: the result is a row like any other.
"""
