"""What a network is: neurons, synapses, links and layers, checked on construction."""
