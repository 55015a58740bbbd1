"""What goes into a network: spikes, currents, phase words, preprocessed images."""
