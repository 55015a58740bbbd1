"""What images say about thresholds, potentials, biases and weights."""
