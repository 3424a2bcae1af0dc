import itertools

import keras
import numpy as np
import pytest
from keras import layers

from cvkit.analysis import count_multiply_adds
from cvkit.detection import cut_windows, iou, mend_boxes
from cvkit.detection.calibration import CALIBRATION_PATTERNS
from cvkit.models import FaceCascade, calibration_net, face_net, make_convolutional, slide
from tests.support import assert_close, raises, to_numpy


def judge(size, name, weight=1.0):
    """A network that answers with the mean brightness of a window, less 100."""
    image = keras.Input((size, size, 3))
    x = layers.AveragePooling2D(size // 4)(image)
    x = layers.MaxPooling2D(1, 1)(x)
    answer = layers.Dense(1, name="answer")(layers.Flatten()(x))
    model = keras.Model(image, answer, name=name)
    model.get_layer("answer").set_weights([np.full((48, 1), weight / 48, "float32"), np.float32([-100])])
    return model


def always(size, pattern):
    """A calibration network that is sure of one pattern."""
    image = keras.Input((size, size, 3))
    answer = layers.Dense(45, name="answer")(layers.Flatten()(layers.AveragePooling2D(size)(image)))
    model = keras.Model(image, answer)
    bias = np.full(45, -20, "float32")
    bias[pattern] = 20
    model.get_layer("answer").set_weights([np.zeros((3, 45), "float32"), bias])
    return model


def scene():
    """Grey 20, with a white square of 40 pixels at (20, 30) and another at (100, 60)."""
    image = np.full((120, 160, 3), 20, "uint8")
    image[30:70, 20:60] = image[60:100, 100:140] = 255
    return image


def test_sizes_as_in_the_paper():
    # 12: 12 - 2 = 10, pooled to 4; 24: 24 - 4 = 20, pooled to 9; 48: 44, pooled to 21, 17, pooled to 8.
    for size, convolution, dense in ((12, 9 * 3 * 16, 4 * 4 * 16 * 16), (24, 25 * 3 * 64, 9 * 9 * 64 * 128)):
        kernels = [weight for weight in face_net(size).trainable_weights if weight.path.endswith("kernel")]
        assert [int(np.prod(kernel.shape)) for kernel in kernels][:2] == [convolution, dense]
    net = face_net(48)
    assert [layer.output.shape[1] for layer in net.layers if isinstance(layer, layers.MaxPooling2D)] == [21, 8]
    # 44 * 44 * 75 * 64 + 17 * 17 * 1600 * 64 + 4096 * 256 + 256, and what batch normalisation takes.
    assert count_multiply_adds(net) == pytest.approx(39_939_328, rel=0.02)
    assert [calibration_net(size).output_shape for size in (12, 24, 48)] == [(None, 45)] * 3
    narrow = face_net(24, width=0.5)
    assert narrow.get_layer(index=2).filters == 32


def test_an_unknown_size():
    with raises("size must be one of 12, 24, 48, in pixels. Received 36"):
        face_net(36)


@pytest.mark.parametrize("build", [face_net, calibration_net])
def test_it_learns_saves_and_loads(tmp_path, build):
    keras.utils.set_random_seed(0)
    model = build(12)
    images = np.random.default_rng(0).integers(0, 256, (4, 12, 12, 3)).astype("float32")
    loss = "mse" if build is face_net else keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss)
    before = model.get_weights()
    model.train_on_batch(images, np.float32([[0], [1], [0], [1]]))
    assert any((old != new).any() for old, new in zip(before, model.get_weights(), strict=True))
    model.save(tmp_path / "net.keras")
    assert_close(keras.models.load_model(tmp_path / "net.keras")(images), to_numpy(model(images)))


@pytest.mark.parametrize(("size", "every", "step"), [(12, 1, 2), (12, 2, 4), (48, 1, 4)])
def test_sliding_is_the_network_on_every_window(size, every, step):
    keras.utils.set_random_seed(1)
    width = 1.0 if size == 12 else 0.1
    net = face_net(size, width=width)
    for layer in net.layers:  # statistics that are not those of a fresh layer
        if isinstance(layer, layers.BatchNormalization):
            rng = np.random.default_rng(2)
            layer.set_weights([value + rng.random(value.shape, "float32") for value in layer.get_weights()])
    image = np.random.default_rng(3).integers(0, 256, (size + 13, size + 17, 3)).astype("uint8")
    boxes, scores, levels = slide(make_convolutional(net), image, size, smallest=size, factor=4, every=every)
    rows, columns = 13 // step + 1, 17 // step + 1
    assert boxes.shape == (rows * columns, 4)
    assert boxes[1].tolist() == [step, 0, step + size, size]
    assert boxes[columns].tolist() == [0, step, size, step + size]
    assert set(levels) == {0}
    expected = to_numpy(net(cut_windows(image, boxes, size).astype("float32")))[:, 0]
    assert_close(scores, expected, "float16")


def test_boxes_of_other_levels_are_in_pixels_of_the_image():
    net = make_convolutional(face_net(12))
    boxes, scores, levels = slide(net, scene(), 12, smallest=24, factor=2, every=2)
    for level, side in ((0, 24), (1, 48), (2, 96)):
        mine = boxes[levels == level]
        assert_close(mine[:, 2:] - mine[:, :2], np.full((len(mine), 2), side))
        assert_close(mine[1] - mine[0], [side / 3, 0, side / 3, 0])  # 4 of 12 pixels
    assert len(scores) == len(boxes)


def test_a_cascade_slides_the_weights_that_its_network_has_now():
    net = judge(12, "a")
    before = FaceCascade([net], thresholds=[-999.0]).stages(scene())[0]["scores_seen"]
    weights, bias = net.get_layer("answer").get_weights()
    net.get_layer("answer").set_weights([2 * weights, bias])
    after = FaceCascade([net], thresholds=[-999.0]).stages(scene())[0]["scores_seen"]
    assert_close(after + 100, 2 * (before + 100), "float16")


def test_an_image_smaller_than_the_smallest_face():
    cascade = FaceCascade([face_net(12)], thresholds=[0.0], smallest=40)
    found = cascade.detect(np.zeros((30, 200, 3), "uint8"))
    assert found["boxes"].shape == (0, 4)
    assert found["labels"].shape == (0,)


def test_each_stage_sees_what_the_one_before_let_through():
    thresholds = [-20.0, 0.0, 60.0]  # mean brightness above 80, 100, 160
    stages = FaceCascade([judge(12, "a"), judge(24, "b"), judge(48, "c")], thresholds=thresholds).stages(scene())
    for before, after in itertools.pairwise(stages):
        assert_close(after["seen"], before["boxes"])
    for stage, threshold in zip(stages, thresholds, strict=True):
        assert len(stage["passed"]) == (stage["scores_seen"] > threshold).sum()
        assert 0 < len(stage["boxes"]) <= len(stage["passed"])
        assert stage["seconds"] > 0
        assert (stage["scores"] > threshold).all()
        assert (np.diff(stage["scores"]) <= 0).all() or stage is not stages[-1]
    overlaps = to_numpy(iou(stages[-1]["boxes"], [[20, 30, 60, 70], [100, 60, 140, 100]]))
    assert (overlaps.max(axis=0) > 0.55).all()  # both squares are found
    assert (overlaps.max(axis=1) > 0.3).all()  # and nothing else


def by_place(boxes):
    return boxes[np.lexsort(boxes.round(3).T)]


def test_calibration_moves_the_windows_before_the_next_stage_and_after_the_last():
    pattern = 5  # (0.83, 0, 0.17)
    plain = FaceCascade([judge(12, "a"), judge(24, "b")], thresholds=[50.0, -99.0], iou_threshold=1.0)
    mended = FaceCascade(
        [judge(12, "a"), judge(24, "b")], [always(12, pattern), always(24, pattern)], [50.0, -999.0], iou_threshold=1.0
    )
    first, other = plain.stages(scene()), mended.stages(scene())
    assert_close(other[0]["passed"], first[0]["passed"])
    expected = mend_boxes(first[0]["boxes"], CALIBRATION_PATTERNS[pattern])
    assert_close(by_place(other[1]["seen"]), by_place(expected))
    again = mend_boxes(other[1]["passed"], CALIBRATION_PATTERNS[pattern])
    assert_close(by_place(other[1]["boxes"]), by_place(again))


def test_between_the_stages_boxes_of_different_levels_leave_each_other_alone():
    cascade = FaceCascade([judge(12, "a"), judge(24, "b")], thresholds=[60.0, 60.0], factor=1.1, iou_threshold=0.3)
    first, last = cascade.stages(scene())
    sides = (first["boxes"][:, 2] - first["boxes"][:, 0]).round(1)
    assert len(set(sides)) > 1  # several levels about the same squares
    assert len(last["boxes"]) < len(last["passed"])  # and at the end one is left of them


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (([], (), []), "networks must be one or more in the order of their sizes.*Received networks of"),
        (([face_net(24), face_net(12)], (), [0, 0]), "in the order of their sizes"),
        (([face_net(12)], (), []), "thresholds as many numbers.*0 thresholds"),
        (([face_net(12)], [calibration_net(24)], [0]), r"its network's size, \(None, 12, 12, 3\)"),
    ],
)
def test_lists_that_do_not_fit(options, message):
    with raises(message):
        FaceCascade(*options)
