"""Bundles served by NVIDIA's Triton, through the backend of native/triton.

repository.py   a model repository, as Triton reads it: each bundle's folder and its config.pbtxt
triton.py       where Triton and the backend are, Triton's command line, and its life
"""
