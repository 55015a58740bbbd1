"""Runs that go on again and again, in many ways, against the oracle that never stopped."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule
from profiles import examples
from property_tools import runs_are_equal

from eventsnn import Currents, Record, Run, Spikes, oracle, simulate
from eventsnn.testing import cases, currents, exact_bits, spike_trains

FLOAT64_BITS = 53


@dataclass(frozen=True)
class Story:
    """A run, and all that entered its network so far or is still to come."""

    run: Run
    inputs: dict


def without_future(value, now):
    """What a run of ``now`` ticks has seen of an input."""
    if isinstance(value, Spikes):
        seen = value.tick < now
        return Spikes(value.shape, value.tick[seen], value.index[seen], value.amplitude[seen])
    seen = [i for i, start in enumerate(value.start) if start < now]
    return Currents(tuple(value.start[i] for i in seen), value.values[seen]) if seen else None


def joined(old, new):
    """One input after the other."""
    if old is None:
        return new
    if isinstance(new, Spikes):
        columns = [
            np.concatenate([getattr(part, name) for part in (old, new)])
            for name in ("tick", "index", "amplitude")
        ]
        return Spikes(new.shape, *columns)
    return Currents((*old.start, *new.start), np.concatenate([old.values, new.values]))


def delayed(value, ticks):
    """The same, so many ticks later."""
    if isinstance(value, Spikes):
        return replace(value, tick=value.tick + ticks)
    return Currents(tuple(start + ticks for start in value.start), value.values)


class Runs(RuleBasedStateMachine):
    """Whatever the pieces, spikes, potentials and counts are those of one long run."""

    stories = Bundle("stories")

    @initialize(
        target=stories,
        case=cases(max_ticks=6),
        order=st.sampled_from(["by_layer", "by_tick"]),
        granularity=st.sampled_from(["swept", "touched"]),
    )
    def begin(self, case, order, granularity):
        self.network, self.seed = case.network, case.seed
        record = replace(Record.everything(case.network), resumable=True)
        self.options = {
            "record": record,
            "precision": "float64",
            "order": order,
            "granularity": granularity,
            "seed": case.seed,
        }
        inputs = {
            name: Currents((0,), value[None]) if isinstance(value, np.ndarray) else value
            for name, value in case.inputs.items()
        }
        run = simulate(self.network, inputs, ticks=case.ticks, **self.options)
        return self.checked(Story(run, inputs))

    @rule(target=stories, story=stories, ticks=st.integers(1, 4))
    def go_on(self, story, ticks):
        """With the inputs of the run: spikes of later ticks arrive now, currents stay."""
        if self.is_too_long(story.inputs, story.run.ticks + ticks):
            return story
        return self.checked(Story(story.run.resume(ticks), story.inputs))

    @rule(target=stories, story=stories, ticks=st.integers(1, 4), data=st.data())
    def go_on_with_new_inputs(self, story, ticks, data):
        """They take the place of what the run has not yet seen; some come after the piece."""
        now = story.run.ticks
        new, inputs = {}, {}
        for name, value in story.inputs.items():
            draw = spike_trains if isinstance(value, Spikes) else currents
            new[name] = delayed(data.draw(draw(value.shape, ticks=ticks + 2)), now)
            inputs[name] = joined(without_future(value, now), new[name])
        if self.is_too_long(inputs, now + ticks):
            return story
        return self.checked(Story(story.run.resume(ticks, new), inputs))

    def is_too_long(self, inputs, ticks):
        """Whether floating point would round."""
        return exact_bits(self.network, inputs, ticks) > FLOAT64_BITS

    def checked(self, story):
        run, ticks = story.run, story.run.ticks
        trace = oracle.simulate(self.network, story.inputs, ticks=ticks, seed=self.seed)
        for name in self.network.positions:
            assert np.array_equal(run.spikes[name].to_dense(ticks), trace.spikes[name])
            assert np.array_equal(run.potentials[name], trace.potentials[name])
            assert np.array_equal(run.potentials_before_reset[name], trace.tested[name])
        fresh = simulate(self.network, story.inputs, ticks=ticks, **self.options)
        runs_are_equal(run, fresh)
        return story


TestRuns = Runs.TestCase
TestRuns.settings = settings(max_examples=examples(40), stateful_step_count=8, deadline=None)
