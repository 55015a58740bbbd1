"""The ANN to convert: its graph, its operations, and what they compute."""
