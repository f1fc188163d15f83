"""Training on a Ray cluster (`train.backend: ray`); docs/how-to/train-on-several-machines.md.

environment.py, address.py and checkpoint_store.py need no Ray; the others run in .ray, the
environment that `make ray` makes: training.py and backend.py in the process that starts a training,
worker.py and averaging.py in the workers.
"""
