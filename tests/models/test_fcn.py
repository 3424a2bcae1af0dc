import keras
import numpy as np
import pytest
from keras import layers

from cvkit import analysis, backbones
from cvkit.models import convolutional_head, fcn, lenet5, stored_backbone
from tests import reference
from tests.models.segmenters import IMAGES, check_segmenter, mean_backbone, small_backbone
from tests.support import BACKEND, assert_close, raises, to_numpy

WEIGHTS = np.array([[0.5, -1.0], [2.0, 0.25], [0.0, 1.0]], "float32")  # of three channels and two classes


def test_saves_loads_and_learns(tmp_path):
    before, after = check_segmenter(fcn(small_backbone(), 2, stride=2), tmp_path / "fcn.keras", 2)
    assert_close(before, np.log(2))  # scores begin at zero: both classes are as likely
    assert after < before


@pytest.mark.parametrize("stride", [4, 2])
def test_a_ramp_comes_out_as_the_same_ramp(stride):
    """Means of a ramp are a ramp, and bilinear enlargement gives it back, pixel on pixel: nothing is moved."""
    y, x = np.mgrid[:32, :40].astype("float32")
    image = np.stack([y, x, y - 2 * x], -1)[None]
    network = fcn(mean_backbone(), 2, stride=stride)
    network.get_layer("score_C2").set_weights([WEIGHTS[None, None], np.array([3.0, 0])])
    inside = np.s_[:, 8:-8, 8:-8]
    assert_close(to_numpy(network(image))[inside], (image @ WEIGHTS + [3, 0])[inside])


def test_equals_its_parts_put_together_by_hand():
    keras.utils.set_random_seed(0)
    backbone = small_backbone()
    network = fcn(backbone, 2, stride=2)
    random = np.random.default_rng(0)
    for layer in network.layers:
        if layer.name.startswith(("score", "enlarge_to_C")):
            layer.set_weights([random.normal(size=weight.shape) for weight in layer.get_weights()])
    maps = backbone(np.pad(IMAGES, [(0, 0), (0, 3), (0, 2), (0, 0)]))  # 21 x 26 to 24 x 28, multiples of 4
    coarse, fine = (to_numpy(maps[name]) for name in ("C2", "C1"))
    scores = {}
    for name, features in (("C2", coarse), ("C1", fine)):
        kernel, bias = network.get_layer(f"score_{name}").get_weights()
        scores[name] = features @ kernel[0, 0] + bias
    (kernel,) = network.get_layer("enlarge_to_C1").get_weights()
    fused = reference.transposed_conv2d(scores["C2"], kernel, 2, "same") + scores["C1"]
    expected = np.zeros((2, 21, 26, 2))
    for b, y, x in np.ndindex(2, 21, 26):
        expected[b, y, x] = reference.bilinear(fused[b], (y + 0.5) / 2 - 0.5, (x + 0.5) / 2 - 0.5)
    assert_close(network(IMAGES), expected)


def test_a_finer_network_begins_where_the_coarser_one_ended():
    image = np.stack(np.mgrid[:16, :24].astype("float32") * [[[1]], [[-2]]], -1)[None] @ np.ones((2, 3))
    coarse, fine = fcn(mean_backbone(), 2, stride=4), fcn(mean_backbone(), 2, stride=2)
    coarse.get_layer("score_C2").set_weights([WEIGHTS[None, None], np.zeros(2)])
    fine.get_layer("score_C2").set_weights(coarse.get_layer("score_C2").get_weights())
    inside = np.s_[:, 4:-4, 4:-4]
    assert_close(fine(image)[inside], to_numpy(coarse(image))[inside])
    assert [layer.name for layer in fine.layers if layer.weights] == ["score_C2", "enlarge_to_C1", "score_C1"]
    assert [layer.name for layer in coarse.layers if layer.weights] == ["score_C2"]


def test_from_the_maps_of_a_backbone_come_the_same_logits(tmp_path):
    backbone = small_backbone()
    network, on_maps = fcn(backbone, 2, stride=2), fcn(stored_backbone(backbone), 2, stride=2)
    random = np.random.default_rng(0)
    for name in ("score_C2", "enlarge_to_C1", "score_C1"):
        weights = [random.normal(size=weight.shape) for weight in network.get_layer(name).get_weights()]
        network.get_layer(name).set_weights(weights)
        on_maps.get_layer(name).set_weights(weights)
    images = IMAGES[:, :16, :24]  # sides that 4 divides
    assert_close(on_maps(backbone(images)), to_numpy(network(images)))
    on_maps.save(tmp_path / "model.keras")
    assert_close(keras.saving.load_model(tmp_path / "model.keras")(backbone(images)), to_numpy(network(images)))


def test_a_map_between_may_be_missing():
    network = fcn(backbones.backbone(weights=None, taps=("C1", "C3")), 3, stride=2)
    assert network.get_layer("enlarge_to_C1").kernel.shape == (8, 8, 3, 3)  # four times as large
    assert network(IMAGES[:1]).shape == (1, 21, 26, 3)


def classifier(activation="relu"):
    return keras.Sequential(
        [
            keras.Input((3, 4, 2)),
            layers.Flatten(name="flat"),
            layers.Dense(5, activation, name="fc6"),
            layers.Dropout(0.5),
            layers.Dense(7, activation, name="fc7"),
            layers.Dense(10, name="classes"),
        ]
    )


def test_the_head_carries_the_classifiers_weights_and_gives_its_features_at_every_window():
    model = classifier()
    for weight in model.weights:
        weight.assign(np.random.default_rng(1).uniform(-0.5, 0.5, weight.shape))
    head = convolutional_head(model)
    hidden = keras.Model(model.inputs[0], model.get_layer("fc7").output)
    maps = np.random.default_rng(0).normal(size=(2, 6, 8, 2)).astype("float32")
    features = to_numpy(head(maps))
    assert features.shape == (2, 6, 8, 7)
    for y, x in np.ndindex(4, 5):  # windows of 3 x 4 around (y + 1, x + 1)
        assert_close(features[:, y + 1, x + 1], to_numpy(hidden(maps[:, y : y + 3, x : x + 4])))
    assert head.count_params() == (3 * 4 * 2 + 1) * 5 + (5 + 1) * 7


def test_a_network_with_a_head(tmp_path):
    x = image = keras.Input((None, None, 3))
    x = layers.Conv2D(2, 3, strides=2, padding="same", name="conv")(x)
    backbone = keras.Model(image, {"C1": x})
    network = fcn(backbone, 2, stride=2, head=convolutional_head(classifier(), dropout=0))
    assert network.get_layer("score_C1").kernel.shape == (1, 1, 7, 2)
    check_segmenter(network, tmp_path / "model.keras", 2)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="shapes only")
def test_the_papers_network_has_as_many_parameters_as_the_paper_says():
    def build():
        x = maps = keras.Input((None, None, 512))
        for filters, size in ((4096, 7), (4096, 1)):
            x = layers.Conv2D(filters, size, padding="same")(x)
        vgg = backbones.backbone("VGG16", weights=None, taps=("C3", "C4", "C5"))
        return fcn(vgg, 21, stride=32, head=keras.Model(maps, x))

    # Table 1 of the paper: FCN-VGG16 has 134 M. 14,714,688 + (7 · 7 · 512 + 1) 4,096 + 4,097 · 4,096 + 4,097 · 21.
    assert analysis.count_parameters(analysis.on_paper(build)) == 134_346_581


def test_what_does_not_fit_is_refused():
    with raises("num_classes must be a positive integer"):
        fcn(small_backbone(), 0, stride=2)
    with raises("stride must be that of one of the backbone's maps, 2, 4. Received 8"):
        fcn(small_backbone(), 2)
    with raises("map C1 must have a position for each 2 x 2 pixels. An image of 16 x 16 gives 7 x 7"):
        fcn(small_backbone("valid"), 2, stride=2)
    with raises("of which it has none"):
        fcn(lenet5(), 2)
    with raises("must have a hidden Dense layer before that of the classes. It has 1 in all"):
        convolutional_head(keras.Sequential([keras.Input((3, 4, 2)), layers.Flatten(), layers.Dense(5)]))
