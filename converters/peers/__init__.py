"""Networks of this package, run by other simulators, to compare with.

::

    from converters.peers import spikingjelly
    from eventsnn.testing import check_simulator, feed_forward_networks

    check_simulator(spikingjelly.run, networks=feed_forward_networks(neurons=...))

Each needs PyTorch and the simulator that it is named after, neither of which comes with an
extra of this package. What they do differently is in docs/other_simulators.md.
"""
