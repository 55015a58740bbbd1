"""The search for counterexamples, how much it does, and what it writes down."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from profiles import examples
from property_tools import every_layer, more_bias, two_layers

from eventsnn import IF, Bistable, Conv2d, Input, Layer, Link, Network, PhaseAccumulator, Spikes
from eventsnn.hdf5 import NetworkFile, load_network, network_digest, save_network
from eventsnn.testing import networks, samples
from eventsnn.testing.properties import PROPERTIES, DoesNotApply, Held, Property
from eventsnn.testing.verification import Effort, certificate, effort_for, search, verify

EFFORT = Effort(ticks=6, examples=12, synapses=1)


def spikes_of(case):
    (value,) = case.inputs.values()
    return value if isinstance(value, Spikes) else None


def fails_on_two_events(case):
    value = spikes_of(case)
    if value is None:
        return DoesNotApply("a current")
    assert len(value) < 2, f"{len(value)} events"
    return Held("few events", 1)


def wide(size=100):
    layer = Layer("out", (size,), IF(), (Link("in"),))
    return Network((Input("in", (size,)),), (layer,))


def test_a_counterexample_is_the_smallest_and_comes_again():
    entry = Property("few", "at most one event", fails_on_two_events)
    one, two = (verify(wide(), [entry], replace(EFFORT, examples=40))[0] for _ in range(2))
    assert one.verdict == "fails"
    found = one.counterexample
    assert found.error == two.counterexample.error
    assert repr(found.case) == repr(two.counterexample.case)
    assert len(spikes_of(found.case)) <= 4
    assert found.case.seed == 0
    other = verify(wide(), [entry], replace(EFFORT, examples=40), seed=1)[0]
    assert other.verdict == "fails"


def test_shrinking_ends_in_time(monkeypatch):
    calls = []

    def check(case):
        calls.append(case)
        return fails_on_two_events(case)

    monkeypatch.setattr(search, "_SHRINKING", 0.0)
    (finding,) = verify(wide(), [Property("few", "", check)], replace(EFFORT, examples=40))
    assert finding.verdict == "fails"
    first = next(i for i, case in enumerate(calls) if spikes_of(case) and len(spikes_of(case)) > 1)
    assert first == len(calls) - 1


def test_a_crash_is_a_failure():
    def check(case):
        raise IndexError("beyond the end")

    (finding,) = verify(wide(), [Property("crash", "", check)], EFFORT)
    assert finding.counterexample.error == "IndexError: beyond the end"


def test_real_inputs_come_first_and_are_cut_short():
    def check(case):
        value = case.inputs["in"]
        assert not (case.ticks >= 3 and isinstance(value, np.ndarray) and value[0] == 7), "seven"
        return Held("", 1)

    real = [{"in": np.zeros(100)}, {"in": np.full(100, 7.0)}]
    (finding,) = verify(wide(), [Property("seven", "", check)], EFFORT, real=real)
    assert finding.verdict == "fails"
    assert len(finding.real) == 1
    assert finding.counterexample.case.ticks == 3
    (finding,) = verify(wide(), [Property("seven", "", check)], EFFORT, real=real[:1])
    assert (len(finding.real), len(finding.drawn)) == (1, 12)


def test_progress_is_told_and_inputs_that_do_not_matter_are_drawn_once():
    names = []
    entry = Property("once", "", lambda _: Held("", 0), same_for_all_inputs=True)
    (finding,) = verify(
        wide(), [entry], EFFORT, real=[{"in": np.zeros(100)}], progress=names.append
    )
    assert (names, len(finding.drawn), finding.real) == (["once"], 1, ())


def test_draws_are_active():
    """Large inputs too: what spikes nowhere shows nothing."""
    findings = verify(wide(), PROPERTIES, EFFORT)
    by_name = {finding.checked.name: finding for finding in findings}
    assert by_name["oracle"].spikes > 100
    assert {f.verdict for f in findings} == {"holds", "does not apply"}
    assert by_name["splitting"].reasons[0].startswith("no layer of two channels")


def test_a_certificate_says_everything():
    network = two_layers()
    entry = Property("few", "at most one event", fails_on_two_events)
    findings = verify(network, [*PROPERTIES, entry], EFFORT)
    found = certificate(network, findings, EFFORT, 3)
    assert found["verdict"] == "fails"
    *passed, failed = found["properties"]
    assert failed["counterexample"]["inputs"].startswith("{'in': Spikes(shape=(3,)")
    assert {entry["verdict"] for entry in passed} == {"holds", "does not apply"}
    assert found["seed"] == 3
    assert found["network"]["neurons"] == 3
    assert set(found["versions"]) == {
        "eventsnn", "python", "numpy", "numba", "scipy", "hypothesis",
    }  # fmt: skip
    assert certificate(network, findings[:-1], EFFORT, 0)["verdict"] == "holds"
    nothing = [finding for finding in findings if finding.verdict == "does not apply"]
    assert certificate(network, nothing, EFFORT, 0)["verdict"] == "empty"


@settings(max_examples=examples(50))
@given(network=networks())
def test_equal_networks_have_one_digest(network):
    again = replace(network)
    assert network_digest(network) == network_digest(again)
    changed = every_layer(more_bias)(network)
    assert (network_digest(changed) == network_digest(network)) == (changed == network)


def test_a_file_keeps_the_digest(tmp_path):
    network = two_layers()
    save_network(tmp_path / "net.h5", NetworkFile(network, recipe="by hand"))
    digest = network_digest(load_network(tmp_path / "net.h5").network)
    assert digest == network_digest(network) != network_digest(two_layers(2.0))
    assert len(digest) == 64


def test_large_networks_are_given_less():
    small = effort_for(two_layers(), None)
    assert (small.ticks, small.examples, small.synapses) == (32, 25, 14)
    assert effort_for(two_layers(), 8).ticks == 8
    assert effort_for(two_layers(), 8, ticks=70, examples=1) == Effort(70, 1, 14)
    conv = Conv2d(np.zeros((64, 64, 3, 3)), padding=1)
    layer = Layer("out", (64, 40, 40), IF(), (Link("in", (conv,)),))
    large = effort_for(Network((Input("in", (64, 40, 40)),), (layer,)), 64)
    assert large.synapses == 64 * 64 * (3 * 40 - 2) ** 2
    assert (large.ticks, large.examples) == (2**28 // large.synapses, 4)


def test_words_are_given_the_time_for_a_reading():
    layers = (
        Layer("a", (2,), Bistable(1, 20 - 4), (Link("in"),)),
        Layer("out", (2,), PhaseAccumulator(2, 16), (Link("a"),)),
    )
    network = Network((Input("in", (2,)),), layers)
    assert effort_for(network, 4).ticks == 32


@pytest.mark.parametrize("size", [1, 64, 65, 5000])
def test_samples_fit_their_network(size):
    kinds = set()

    @settings(max_examples=60, derandomize=True)
    @given(inputs=samples(wide(size), ticks=4))
    def look(inputs):
        value = inputs["in"]
        kinds.add(type(value).__name__)
        assert value.shape == (size,)

    look()
    assert kinds == {"Spikes", "ndarray", "Currents"}
