import numpy as np
import pytest

from cvkit import analysis
from cvkit.analysis import on_paper
from cvkit.models import FAST_YOLO_TABLE, YOLO_V1_TABLE, yolo_v1
from tests.models.classifiers import count
from tests.support import raises

# (kernel side, maps in, filters) of each convolution, read off figure 3 of the paper.
CONVOLUTIONS = [
    (7, 3, 64),
    (3, 64, 192),
    *((1, 192, 128), (3, 128, 256), (1, 256, 256), (3, 256, 512)),
    *((1, 512, 256), (3, 256, 512)) * 4,
    *((1, 512, 512), (3, 512, 1024)),
    *((1, 1024, 512), (3, 512, 1024)) * 2,
    *((3, 1024, 1024),) * 4,
]
FAST = [(3, 3, 16), *((3, 2**k, 2 ** (k + 1)) for k in range(4, 10)), *((3, 1024, 1024),) * 2]
MAPS = 7 * 7 * 1024


def parameters(convolutions, dense):
    kernels = sum(filters * (side**2 * maps + 1) for side, maps, filters in convolutions)
    return kernels + sum(units * (inputs + 1) for inputs, units in dense)


def weight_layers(model):
    return [layer.name for layer in model.layers if layer.weights]


def test_24_convolutions_and_two_dense_layers():
    derived = parameters(CONVOLUTIONS, [(MAPS, 4096), (4096, 7 * 7 * 30)])
    params, names, multiply_adds, shape = count(
        lambda: yolo_v1(dropout=0.0),
        analysis.count_parameters,
        weight_layers,
        analysis.count_multiply_adds,
        lambda m: m.output_shape,
    )
    assert params == derived == 271_703_550
    assert names == [*(f"conv{k}" for k in range(1, 25)), "dense1", "dense2"]
    assert shape == (None, 7, 7, 5 * 2 + 20)
    assert multiply_adds == pytest.approx(40.19e9 / 2, rel=0.01)  # "Old YOLO", 40.19 Bn, in the authors' table of v2


def test_fast_yolo_has_nine_convolutions_and_fewer_filters():
    derived = parameters(FAST, [(MAPS, 256), (256, 4096), (4096, 7 * 7 * 30)])
    params, names, shape = count(
        lambda: yolo_v1(fast=True), analysis.count_parameters, weight_layers, lambda m: m.output_shape
    )
    assert params == derived == 45_089_374  # 180,357,496 bytes in float32
    assert names == [*(f"conv{k}" for k in range(1, 10)), "dense0", "dense1", "dense2"]
    assert shape == (None, 7, 7, 30)


def test_the_tables_are_those_of_the_paper():
    convolutions = [entry for entry in YOLO_V1_TABLE if entry != "maxpool"]
    assert [entry.removesuffix("-s-2") for entry in convolutions] == [f"{s}x{s}x{f}" for s, _, f in CONVOLUTIONS]
    assert [k for k, entry in enumerate(convolutions, 1) if entry.endswith("-s-2")] == [1, 22]
    assert YOLO_V1_TABLE.count("maxpool") == 4
    assert FAST_YOLO_TABLE.count("maxpool") == 6
    assert convolutions[:20][-1] == "3x3x1024"  # the first 20 are those that are pretrained


@pytest.mark.parametrize("fast", [False, True])
def test_other_sizes_classes_and_numbers_of_boxes(fast):
    model = on_paper(lambda: yolo_v1(num_classes=3, num_boxes=1, fast=fast, input_shape=(64, 192, 1)))
    assert model.output_shape == (None, 1, 3, 8)


def test_maps_have_the_sizes_of_the_figure():
    model = on_paper(yolo_v1)
    sides = [
        model.get_layer(name).output.shape[1] for name in ("conv1", "conv2", "conv6", "conv16", "conv21", "conv22")
    ]
    assert sides == [224, 112, 56, 28, 14, 7]


def test_numbers_come_out_and_are_not_squeezed():
    model = yolo_v1(num_classes=1, fast=True, input_shape=(64, 64, 1))
    images = np.random.default_rng(0).normal(size=(2, 64, 64, 1))
    values = model.predict_on_batch(images)
    assert values.shape == (2, 1, 1, 11)
    assert (values < 0).any()
    assert np.isfinite(values).all()


def test_arguments_are_checked():
    with raises(r"input_shape must have a height and width of multiples of 64. Received \(224, 224, 3\)"):
        yolo_v1(input_shape=(224, 224, 3))
    with raises("num_classes must be a positive integer"):
        yolo_v1(0)
    with raises("num_boxes must be a positive integer"):
        yolo_v1(num_boxes=0)
