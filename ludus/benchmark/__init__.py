"""How fast each runner runs the network here, measured side by side.

runners.py, peers.py   who takes part: variants on devices, and runners that are no target
plan.py                    at which batches and with how many threads
worker.py, workers.py      a runner's process: what it does, and how it is asked and stopped
rounds.py                  the stopwatch: strictly interleaved, in changing order
sessions.py                one batch and thread count: who answers rightly is timed
others.py                  how much of the CPU others took meanwhile
run.py                     a whole benchmark
record.py                  what is written down
comparisons.py, tables.py  how it is read: what was to be reached, and tables
"""
