"""Conversions from start to end: each a short list of passes and a choice of neuron."""
