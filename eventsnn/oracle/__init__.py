"""The slow, readable twin of the engine: dense, step by step, in plain NumPy."""

from eventsnn.oracle.in_order import simulate_in_order
from eventsnn.oracle.simulate import Trace, simulate
from eventsnn.oracle.synapses import apply_chain, unroll

__all__ = ["Trace", "apply_chain", "simulate", "simulate_in_order", "unroll"]
