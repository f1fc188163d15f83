"""`make search`: Ludwig on Ray Tune; docs/how-to/search-hyper-parameters.md.

plan.py reads search.yaml, writing.py writes params.yaml, and neither needs Ray; running.py and
picture.py run in .ray (`ludus.training.ray.environment`).
"""
