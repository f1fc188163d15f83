"""How fast each runner runs the network here, measured side by side.

contestants.py, peers.py   who takes part: variants on devices, and runners that are no target
plan.py                    at which batches and with how many threads
rounds.py                  the stopwatch: strictly interleaved, in changing order
sessions.py                one batch and thread count: who answers rightly is timed
loads.py, child.py         load time and memory, each in a process of its own
record.py, tables.py       what is written down, and how a person is shown it
"""
