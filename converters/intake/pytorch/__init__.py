"""From a PyTorch model in memory to an ANN; needs PyTorch, which nothing else here does."""
