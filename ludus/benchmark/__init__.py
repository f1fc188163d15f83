"""Measures how fast each runner runs the network here, side by side.

runners.py, peers.py       the runners: variants on devices, and runners without a target
plan.py                    the batches and thread counts
worker.py, workers.py      a runner's process, and its control: requests, stopping
rounds.py                  the timing: strictly interleaved, in changing order
sessions.py                one batch and thread count: times runners with right answers
others.py                  the share of the CPU that other processes took meanwhile
run.py                     a whole benchmark
record.py                  the recorded figures
comparisons.py, tables.py  thresholds and goals, and tables
"""
