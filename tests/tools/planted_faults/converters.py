"""Faults of the converters."""

from __future__ import annotations

from planted_faults.fault import Fault

__all__ = ["ANNS", "CONVERSIONS"]

#: Of the ANN itself: its values, what is read from them, its passes and its files.
ANNS = {
    "batch norm adds the mean": Fault(
        "converters/ann/ops.py",
        "self.bias - self.running_mean * scale",
        "self.bias + self.running_mean * scale",
    ),
    "batch norm without eps": Fault(
        "converters/ann/ops.py",
        "np.sqrt(self.running_var.astype(np.float64) + self.eps)",
        "np.sqrt(self.running_var.astype(np.float64))",
    ),
    "batch norm does not scale the bias before it": Fault(
        "converters/passes/fold_batch_norm.py",
        "np.asarray(op.bias * scale + shift)",
        "np.asarray(op.bias + shift)",
    ),
    "batch norm folded although its input is read elsewhere": Fault(
        "converters/passes/fold_batch_norm.py",
        "and len(ann.consumers[node.inputs[0]]) == 1",
        "and len(ann.consumers[node.inputs[0]]) >= 1",
    ),
    "average pool divides by one side's square": Fault(
        "converters/ann/apply.py",
        "/ x.dtype.type(k_y * k_x)",
        "/ x.dtype.type(k_y * k_y)",
    ),
    "a quantile of another rank": Fault(
        "converters/calibration/activation_quantiles.py",
        "fraction = _position(quantile, count) % 1",
        "fraction = _position(quantile, count + 1) % 1",
    ),
    "multiplications with the border": Fault(
        "converters/ann/macs.py",
        "np.count_nonzero(taps(size, targets,",
        "np.count_nonzero(taps(size + 1, targets,",
    ),
    "dilation lost in a file": Fault(
        "converters/intake/graph_json.py",
        'dilation=fields.pair("dilation", 1)',
        'dilation=fields.pair("dilation", 1)[::-1]',
    ),
}

#: Of what it becomes.
CONVERSIONS = {
    "a join's shortcut is not scaled": Fault(
        "converters/lowering/chain.py",
        "chain.append(Scale(pending))",
        "chain.append(Scale(1.0))",
    ),
    "max pooling forgets what a spike is worth": Fault(
        "converters/lowering/lower.py",
        "worth[node.name] = worth[node.inputs[0]]",
        "worth[node.name] = np.ones(())",
    ),
    "factors of another group": Fault(
        "converters/lowering/chain.py",
        "np.repeat(by_group, outputs // conv.groups, axis=0)",
        "np.tile(by_group, (outputs // conv.groups, 1))",
    ),
    "a flattened factor in another order": Fault(
        "converters/lowering/chain.py",
        "pending = np.broadcast_to(pending, shape).ravel()",
        'pending = np.broadcast_to(pending, shape).ravel("F")',
    ),
    "concatenation the other way round": Fault(
        "converters/lowering/lower.py",
        "Place(b, total - b - s)",
        "Place(total - b - s, b)",
    ),
    "bias of a relay twice": Fault(
        "converters/lowering/lower.py",
        "        bias: float | Array = 0.0\n",
        "        bias: float | Array = _bias(constant[0])\n",
    ),
    "initial potential not scaled by theta": Fault(
        "converters/lowering/lower.py",
        "_fraction(ann, name, initial) * theta[name] for name",
        "_fraction(ann, name, initial) for name",
    ),
    "words neither rounded nor forgotten": Fault(
        "converters/lowering/phase_words.py",
        "Bistable(stage, phases, threshold, carry, rounding, readings, loss)",
        "Bistable(stage, phases, threshold, rounding, carry, readings, loss)",
    ),
    "least significant bit first": Fault(
        "eventsnn/signals/words.py",
        "np.arange(phases - 1, -1, -1)[:, None]",
        "np.arange(phases)[:, None]",
    ),
}
