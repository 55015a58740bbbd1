"""From an ANN to a spiking network: which node becomes which neuron, over which synapses."""
