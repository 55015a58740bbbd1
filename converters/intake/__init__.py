"""From files and PyTorch modules to an ANN."""
