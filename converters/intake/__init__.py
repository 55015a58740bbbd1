"""Networks as people have them: files, graphs, named architectures, PyTorch models."""
