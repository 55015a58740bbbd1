"""Faults of the engine and its kernels."""

from __future__ import annotations

from planted_faults.fault import Fault

__all__ = ["ENGINE"]

ENGINE = {
    "strict threshold": Fault(
        "eventsnn/kernels/fire.py",
        "s = v[i] >= threshold[i]",
        "s = v[i] > threshold[i]",
    ),
    "delay off by one": Fault(
        "eventsnn/kernels/entries.py",
        "tick + links.table[link].delay,",
        "tick + links.table[link].delay + (1 if links.table[link].delay > 0 else 0),",
    ),
    "position off by one": Fault(
        "eventsnn/engine/plan.py",
        "key=lambda layer: network.positions[layer.name]",
        "key=lambda layer: (network.positions[layer.name] + 1) % len(network.layers)",
    ),
    "border weights": Fault(
        "eventsnn/engine/operators.py",
        "meets = taps(sources, targets,",
        "meets = taps(sources, targets - (targets > 1),",
    ),
    "rows stride as columns": Fault(
        "eventsnn/engine/operators.py",
        "pair(conv.stride)[a],",
        "pair(conv.stride)[1 - a],",
    ),
    "bias twice": Fault(
        "eventsnn/kernels/advance.py",
        "add_drive(layers, state, layer, n, state.v[",
        "add_drive(layers, state, layer, 2 * n, state.v[",
    ),
    "lost wake of a plain layer": Fault(
        "eventsnn/kernels/fire.py",
        "        if again:\n            earliest = tick + 1",
        "        if again:\n            earliest = NEVER",
    ),
    "late wake of a plain layer": Fault(
        "eventsnn/kernels/fire.py",
        "earliest = min(earliest, tick + math.ceil(ticks))",
        "earliest = min(earliest, tick + math.ceil(ticks) + 1)",
    ),
    "lost wake of a neuron": Fault(
        "eventsnn/kernels/loop.py",
        "if state.wanted[k] < NEVER:",
        "if state.wanted[k] < NEVER and k > 0:",
    ),
    "late wake of a neuron": Fault(
        "eventsnn/kernels/lazy.py",
        "return start + max(1, math.ceil(ticks * _EARLY))",
        "return start + max(1, math.ceil(ticks * _EARLY)) + 1",
    ),
    "stale wake suppresses a new one": Fault(
        "eventsnn/kernels/entries.py",
        "state.layers[layer].wake = NEVER",
        "state.layers[layer].wake = state.layers[layer].wake",
    ),
    "heap ignores the position": Fault(
        "eventsnn/kernels/heap.py",
        "(tick[a] == tick[b] and order[a] < order[b])",
        "(tick[a] == tick[b] and order[a] > order[b])",
    ),
    "heap loses the last child": Fault(
        "eventsnn/kernels/heap.py",
        "if child + 1 < size and",
        "if child + 1 < size - 1 and",
    ),
    "decay once too often": Fault(
        "eventsnn/kernels/lazy.py",
        "to_n = power(decay, n)",
        "to_n = power(decay, n + 1)",
    ),
    "floor forgotten between visits": Fault(
        "eventsnn/kernels/lazy.py",
        "v = max(_closed(v, b, decay, n - 1), v_min)",
        "v = _closed(v, b, decay, n - 1)",
    ),
    "refractory one tick short": Fault(
        "eventsnn/kernels/lazy.py",
        "held[g] = tick + int(",
        "held[g] = tick - 1 + int(",
    ),
    "refractory neurons receive": Fault(
        "eventsnn/kernels/lazy.py",
        "        inbox[g] = 0\n",
        "        inbox[g] = 0 if n > 0 else inbox[g]\n",
    ),
    "signed neurons forget what they gave": Fault(
        "eventsnn/kernels/lazy.py",
        "given[g] += int(s)",
        "given[g] = max(int(s), 0)",
    ),
    "signed neurons take back what they never gave": Fault(
        "eventsnn/kernels/lazy.py",
        "min(given, max_spikes)",
        "max_spikes",
    ),
    "signed layers forget what they gave": Fault(
        "eventsnn/kernels/burst.py",
        "given[first + i] += int(s)",
        "given[first + i] = max(int(s), 0)",
    ),
    "burst layers add their drive once": Fault(
        "eventsnn/kernels/burst.py",
        "add_drive(layers, state, layer, ticks, v)",
        "add_drive(layers, state, layer, 1, v)",
    ),
    "burst one too many": Fault(
        "eventsnn/kernels/lazy.py",
        "while s < max_spikes and",
        "while s <= max_spikes and",
    ),
    "late delay group of sources": Fault(
        "eventsnn/description/link.py",
        "DelayGroup(d, link.chain, of_source == d)",
        "DelayGroup(d + (d == delays[-1]), link.chain, of_source == d)",
    ),
    "synapses in two delay groups": Fault(
        "eventsnn/description/link.py",
        "kept = delay.data == wanted",
        "kept = delay.data >= wanted",
    ),
    "packet held for empty": Fault(
        "eventsnn/kernels/entries.py",
        "fan_out[index[start]] == 0",
        "fan_out[index[start]] <= 1",
    ),
    "old current goes on flowing": Fault(
        "eventsnn/kernels/loop.py",
        "state.current[start : start + this.neurons] = 0",
        "state.current[start : start + this.neurons] += 0",
    ),
    "new current flows too early": Fault(
        "eventsnn/kernels/loop.py",
        "        settle(layers, state, layer, tick - 1)",
        "        settle(layers, state, layer, min(tick - 1, 0))",
    ),
    "noise of another tick": Fault(
        "eventsnn/kernels/noise.py",
        "state.layers[layer].noise_key ^ (tick & _WORD)",
        "state.layers[layer].noise_key ^ (tick + 1 & _WORD)",
    ),
    "test seen after the reset": Fault(
        "eventsnn/kernels/lazy.py",
        "            tested[i] = v\n",
        "            tested[i] = v - (v >= threshold)\n",
    ),
    "bistable layers listen while they speak": Fault(
        "eventsnn/kernels/words.py",
        "cycle >= 0 and cycle % 2 == 0",
        "cycle >= 0",
    ),
    "a reading too many": Fault(
        "eventsnn/kernels/words.py",
        "cycle // 2 < this.readings",
        "cycle // 2 <= this.readings",
    ),
    "bias of a cycle one tick early": Fault(
        "eventsnn/kernels/words.py",
        "first = this.stage * this.phases - 1",
        "first = this.stage * this.phases - 2",
    ),
    "bits worth twice as much": Fault(
        "eventsnn/kernels/loop.py",
        "1.0 / (2 << tick % phases)",
        "1.0 / (1 << tick % phases)",
    ),
    "words start one bit late": Fault(
        "eventsnn/kernels/loop.py",
        "left = say(layers, state, layer, now - first)",
        "left = say(layers, state, layer, max(now - first, 1))",
    ),
    "cleared without need": Fault(
        "eventsnn/kernels/loop.py",
        "if now == first + phases - 1 and this.forgets:",
        "if now == first + phases - 1:",
    ),
    "pooled words run on": Fault(
        "eventsnn/kernels/words.py",
        "return int(tick // phases * phases)",
        "return int(tick // (2 * phases) * (2 * phases))",
    ),
    "lost spikes are heard": Fault(
        "eventsnn/kernels/loop.py",
        "SYNOPS] - before\n            continue\n",
        "SYNOPS] - before\n",
    ),
    "touched twice": Fault(
        "eventsnn/kernels/mark.py",
        "stamp[start + i] = visit",
        "stamp[start + i] = -1",
    ),
}
