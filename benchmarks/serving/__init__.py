"""Requests a second of served bundles, beside other servers.

servers.py     each server, started, and stopped (SIGSTOP) while it is not its turn
bodies.py      the requests' bodies, by each protocol
load.py        wrk and h2load, and what they found
endurance.py   a sustained load, and an overload
scaling.py     more instances, and two Tritons behind one address
peers/         FastAPI and MLServer, each with ONNX Runtime
"""
