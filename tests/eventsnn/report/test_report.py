"""The page, the curves behind it, and early exit against runs that really stop."""

from __future__ import annotations

import math
from html.parser import HTMLParser

import numpy as np
import pytest

from eventsnn import IF, LI, Input, InputError, Layer, Linear, Link, Network, evaluate
from eventsnn import simulate as run_network
from eventsnn import simulate_batch as run_batch
from eventsnn.energy import ENERGY_MODELS, LEMAIRE, EnergyModel, Operations, energy, energy_model
from eventsnn.errors import FileFormatError
from eventsnn.hdf5 import NetworkFile
from eventsnn.report import build_report, energy_curves, operations_along, report_page
from eventsnn.report.svg import Line, line_chart, stacked_histogram, steps

TICKS, SAMPLES = 12, 20
READ_OUT = LI()
CONFIDENCES = (0.5, 0.51, 0.55, 0.6, 0.9)


def network(output=READ_OUT):
    rng = np.random.default_rng(3)
    layers = (
        Layer("<hidden> & co", (6,), IF(), (Link("in", (Linear(rng.normal(size=(6, 4))),)),), 0.25),
        Layer("out", (3,), output, (Link("<hidden> & co", (Linear(rng.normal(size=(3, 6))),)),)),
    )
    return Network((Input("in", (4,)),), layers)


def images():
    return np.random.default_rng(4).random((SAMPLES, 4))


def labels():
    return np.random.default_rng(5).integers(0, 3, SAMPLES)


def report(ann_macs=42, **options):
    net = network()
    evaluation = evaluate(net, images(), labels(), ticks=TICKS, **options)
    return build_report(
        evaluation,
        NetworkFile(net, recipe="rate", parameters={"quantile": 0.5}),
        ENERGY_MODELS[0],
        network_name='net "1" <b>.h5',
        data_name="data.npz",
        labels=labels(),
        ann_accuracy=None if ann_macs is None else 0.75,
        ann_macs=ann_macs,
    )


@pytest.mark.parametrize("output", [LI(), IF()])
def test_early_exit_is_what_stopping_would_have_given(output):
    net = network(output)
    whole = evaluate(net, images(), labels(), ticks=TICKS, exit_confidences=CONFIDENCES)
    found = whole.early_exit
    for column, confidence in enumerate(CONFIDENCES):
        ticks, right, ac, spikes = [], [], 0, 0
        for image, label in zip(images(), labels(), strict=True):
            for tick in range(1, TICKS + 1):
                run = run_network(net, image, ticks=tick)
                second, first = np.sort(run.output)[-2:] / TICKS
                if 1 / (1 + math.exp(second - first)) >= confidence:
                    break
            ticks.append(tick)
            right.append(run.output.argmax() == label)
            ac += run.counts.ac
            spikes += run.counts.spikes["<hidden> & co"]
        assert found.mean_ticks[column] == np.mean(ticks)
        assert found.accuracy[column] == np.mean(right)
        assert found.operations.ac[:, column].sum() == ac
        assert found.operations.spikes[1, column] == spikes
    assert found.mean_ticks[0] == 1  # any margin is at least one half


def test_early_exit_does_not_depend_on_workers():
    one, two = (
        evaluate(network(), images(), None, ticks=TICKS, workers=n, exit_confidences=CONFIDENCES)
        for n in (1, 2)
    )
    assert one.early_exit.mean_ticks.tolist() == two.early_exit.mean_ticks.tolist()
    assert one.early_exit.operations.ac.tolist() == two.early_exit.operations.ac.tolist()
    assert one.early_exit.accuracy is None
    assert one.synops_per_sample.tolist() == two.synops_per_sample.tolist()


@pytest.mark.parametrize("confidence", [0.4, 1.0, math.nan])
def test_confidences_lie_between_one_half_and_one(confidence):
    with pytest.raises(InputError, match=r"exit confidences lie in \[0.5, 1\)"):
        evaluate(network(), images(), None, ticks=2, exit_confidences=[confidence])


def test_sums_over_samples_are_the_totals():
    whole = evaluate(network(), images(), labels(), ticks=TICKS)
    runs = run_batch(network(), images(), ticks=TICKS)
    assert whole.synops_per_sample.tolist() == [run.counts.synops for run in runs]
    assert int(whole.synops_per_sample.sum()) == whole.counts.synops
    assert whole.after.ac[:, -1].tolist() == [link.ac for link in whole.counts.links]


@pytest.mark.parametrize("model", ENERGY_MODELS, ids=lambda model: model.name)
def test_the_curve_of_one_run_is_the_energy_of_many(model):
    (curve,) = energy_curves(report(), "r.json", [model])
    for ticks in (1, 5, TICKS):
        counts = evaluate(network(), images(), labels(), ticks=ticks).counts
        operations = Operations.per_inference(counts, SAMPLES, network(), ticks)
        alone = energy(operations, 42, model)
        assert curve.snn[ticks - 1] == pytest.approx(alone.snn)
        assert curve.ann == alone.ann


def test_break_even_is_the_last_tick_that_costs_no_more():
    def model(ac_pj):
        return EnergyModel("m", ac_pj, 1.0, "nobody", 2000, "all", "none")

    base = report(ann_macs=1000)
    free, some, dear = energy_curves(base, "r.json", [model(0.0), model(20.0), model(1e9)])
    assert free.break_even == TICKS
    assert dear.break_even == 0
    assert 0 < some.break_even < TICKS
    assert some.snn[some.break_even - 1] <= some.ann < some.snn[some.break_even]
    assert energy_curves(report(None), "r.json", [model(1.0)])[0].break_even is None
    assert energy_curves(base, "r.json", [energy_model("seneca")])[0].break_even is None


def test_operations_at_the_exits_price_every_model():
    made = report(exit_confidences=CONFIDENCES)
    along = operations_along(made, "r.json", "early_exit")
    assert [operations.ticks for operations in along] == made["early_exit"]["mean_ticks"]
    costs = [energy(operations, None, LEMAIRE).snn for operations in along]
    assert costs == sorted(costs)


class Strict(HTMLParser):
    """Collects tags and text, and that every tag is closed."""

    VOID = frozenset({"meta", "br", "line", "polyline", "rect", "circle"})

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.links, self.text = [], [], [], ""

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.links += [value for name, value in attrs if name in {"src", "href", "srcset"}]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert tag in self.VOID or self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def parsed(made):
    page = report_page(made, "r.json")
    parser = Strict()
    parser.feed(page)
    assert parser.open == []
    return parser, page


def test_the_page_needs_nothing_else():
    parser, page = parsed(report(exit_confidences=CONFIDENCES))
    assert parser.links == []
    assert not {"script", "link", "img", "iframe"} & set(parser.seen)
    assert "http" not in page.replace("https://", "http")
    assert "url(" not in page
    assert "@import" not in page
    for words in ("prefers-color-scheme: dark", "@media print", "width=device-width"):
        assert words in page


def test_the_page_shows_what_was_measured():
    made = report(exit_confidences=CONFIDENCES)
    text = parsed(made)[0].text
    assert 'net "1" <b>.h5' in text
    assert "<hidden> & co" in text
    assert "ANN 75.0%" in text
    for model in ENERGY_MODELS:
        assert model.name in text
        assert model.source in text
    verdict = energy(operations_along(made, "r.json")[-1], 42, ENERGY_MODELS[0]).sentence()
    assert verdict in text
    assert f"{made['synops_per_layer']['out']:,.0f}" in text
    assert "Early exit" in text
    assert "Early exit" not in parsed(report())[0].text


def test_a_dear_snn_is_told_in_red_and_a_page_without_ann_tells_nothing():
    dear = parsed(report(ann_macs=1))[1]
    assert '<p class="verdict more">The SNN costs MORE than the ANN' in dear
    alone = parsed(report(ann_macs=None))
    assert "There is no ANN to compare with." in alone[0].text
    assert '<p class="verdict">' in alone[1]


@pytest.mark.parametrize("key", ["synops_per_sample", "ticks", "links", "operations_after"])
def test_reports_that_lack_something_are_refused(key):
    made = report()
    del made[key]
    with pytest.raises(FileFormatError, match=r"r\.json: .*evaluate again|damaged"):
        report_page(made, "r.json")


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 64), (0.12, 0.9), (3e8, 4.1e8), (5, 5)])
def test_marks_are_round_and_span_the_values(low, high):
    marks = steps(low, high)
    assert marks[0] <= low
    assert marks[-1] >= high
    assert 2 <= len(marks) <= 8
    assert np.allclose(np.diff(marks), marks[1] - marks[0])


def test_charts_of_hardly_any_data():
    flat = Line("one", [1], [0.5], "s1")
    drawn = line_chart("t", [flat], x_label="x", y_label="y", show=str, logarithmic=True)
    assert "circle" in drawn
    assert "nan" not in drawn
    same = stacked_histogram("t", [("a", [3, 3], "s1")], x_label="x", y_label="y", show=str)
    assert same.count("<rect") == 1
