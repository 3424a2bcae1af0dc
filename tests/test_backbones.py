"""Backbones: taps where they are said to be, preprocessing inside, weights from where they are said to come."""

import importlib
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from cvkit import analysis, backbones
from cvkit.backbones import APPLICATIONS, backbone, classifier, freeze, unfreeze
from cvkit.data.error import DataError
from cvkit.layers.preprocessing import ImageNetPreprocessing
from tests.support import assert_close, raises, to_numpy

# The module of keras.applications that holds each network's own preprocessing: the oracle for ours.
MODULES = {
    "ResNet50": "resnet50",
    "ResNet50V2": "resnet_v2",
    "VGG16": "vgg16",
    "VGG19": "vgg19",
    "Xception": "xception",
    "MobileNet": "mobilenet",
    "MobileNetV2": "mobilenet_v2",
    "EfficientNetV2B0": "efficientnet_v2",
    "DenseNet121": "densenet",
    "ConvNeXtTiny": "convnext",
}
IMAGES = np.random.default_rng(0).integers(0, 256, (2, 64, 96, 3)).astype("float32")


@pytest.fixture(scope="module")
def mobilenet():
    return backbone("MobileNet", None, ("C1", "C2", "C3", "C4", "C5"), alpha=0.25)


@pytest.mark.parametrize("name", APPLICATIONS)
def test_each_tap_has_the_stride_of_its_name(name):
    entry = APPLICATIONS[name]
    model = backbone(name, None, tuple(entry.taps), (256, 256, 3))
    short = 3 if name == "Xception" else 0  # its first convolutions and poolings take no padding
    for tap, maps in model.output.items():
        wanted = 256 // 2 ** int(tap[1])
        assert wanted - short <= maps.shape[1] <= wanted
    assert [layer.mode for layer in model.layers if layer.name == "preprocessing"] == [entry.mode] * bool(entry.mode)


@pytest.mark.parametrize("name", APPLICATIONS)
def test_preprocessing_is_the_networks_own(name):
    expected = importlib.import_module(f"keras.applications.{MODULES[name]}").preprocess_input(IMAGES.copy())
    mode = APPLICATIONS[name].mode
    if mode is None:
        assert_close(expected, IMAGES)  # left to layers inside the network
    else:
        assert_close(ImageNetPreprocessing(mode)(IMAGES), expected)


def test_features_are_those_of_keras_applications(mobilenet):
    expected = keras.applications.MobileNet(weights=None, include_top=False, input_shape=(64, 96, 3), alpha=0.25)
    expected.set_weights(mobilenet.get_weights())
    assert_close(mobilenet(IMAGES)["C5"], to_numpy(expected(IMAGES / 127.5 - 1)))


def test_a_saved_backbone_carries_its_preprocessing(mobilenet, tmp_path):
    mobilenet.save(tmp_path / "backbone.keras")
    again = keras.saving.load_model(tmp_path / "backbone.keras")
    for name, maps in mobilenet(IMAGES).items():
        assert_close(again(IMAGES)[name], to_numpy(maps))


def test_weights_from_a_file(mobilenet, tmp_path):
    path = tmp_path / "mobile.weights.h5"
    mobilenet.save_weights(path)
    again = backbone("MobileNet", path, ("C5",), alpha=0.25)
    assert_close(again(IMAGES)["C5"], to_numpy(mobilenet(IMAGES)["C5"]))


def test_freezing_stops_learning_and_moving_averages(mobilenet):
    assert freeze(mobilenet).trainable_weights == []
    before = [weight.numpy() for weight in mobilenet.weights]
    first = to_numpy(mobilenet(IMAGES, training=True)["C5"])
    assert_close(mobilenet(IMAGES, training=False)["C5"], first)
    for weight, value in zip(mobilenet.weights, before, strict=True):
        assert np.array_equal(weight.numpy(), value)


def test_unfreezing_leaves_batch_normalisation_and_what_comes_before(mobilenet):
    unfreeze(freeze(mobilenet), from_layer="conv_pw_11")
    trained = {weight.path.split("/")[0] for weight in mobilenet.trainable_weights}
    assert trained == {"conv_pw_11", "conv_dw_12", "conv_pw_12", "conv_dw_13", "conv_pw_13"}
    unfreeze(mobilenet)
    assert len(mobilenet.trainable_weights) == 27  # 1 + 2 · 13 convolutions without biases


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(name="ResNet5"), "name must be small_vgg or one of ResNet50, .*'ResNet5'"),
        (dict(name="ResNet50"), "Only small_vgg has embedded weights.*pass weights"),
        (dict(weights="imagenet"), "was not trained on ImageNet"),
        (dict(weights=None, taps=("C7",)), "taps of small_vgg must be some of C0, C1, C2, C3, C4"),
        (dict(weights=None, taps="C4"), "taps of small_vgg must be some of"),
        (dict(weights=None, taps=()), "taps of small_vgg must be some of"),
        (dict(weights=None, input_shape=(64, 64, 1)), "colour images"),
        (dict(name="Xception", weights=None, input_shape=(64, 64, 3)), "at least 71 pixels"),
        (dict(name="VGG16", weights=None, alpha=0.5), "alpha is the width of MobileNet"),
    ],
)
def test_errors(arguments, message):
    with raises(message):
        backbone(**arguments)


def test_an_unknown_layer_is_refused(mobilenet):
    with raises("no layer 'conv9'. Its layers with weights are conv1, "):
        unfreeze(mobilenet, "conv9")


def test_weights_out_of_reach_are_told_with_what_to_use_instead(monkeypatch):
    def out_of_reach(**_):
        assert socket.getdefaulttimeout() == backbones.PATIENCE
        raise Exception("URL fetch failure")  # what keras.utils.get_file raises

    monkeypatch.setattr(keras.applications, "VGG16", out_of_reach)
    before = socket.getdefaulttimeout()
    for build in (backbone, classifier):
        with pytest.raises(DataError, match=r'VGG16 are not in Keras. cache.*URL fetch failure.*weights="embedded"'):
            build("VGG16", "imagenet")
    assert socket.getdefaulttimeout() == before


def test_a_classifier_is_the_whole_network():
    model = classifier("MobileNet", None, alpha=0.25)
    assert model.output_shape == (None, 1000)
    assert analysis.count_parameters(model) == 475_544  # Keras' own count with alpha 0.25 and the head
    expected = keras.applications.MobileNet(weights=None, alpha=0.25, classifier_activation=None)
    expected.set_weights(model.get_weights())
    images = np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3)).astype("float32")
    assert_close(model(images), to_numpy(expected(images / 127.5 - 1)))


def test_tools_that_look_inside_work_on_a_backbone():
    maps = backbone("MobileNet", None, ("C5",), (64, 64, 3), alpha=0.25)
    model = keras.Model(maps.input, keras.layers.GlobalAveragePooling2D()(maps.output["C5"]))
    for tool in (analysis.saliency, analysis.grad_cam):
        assert tool(model, IMAGES[:, :, :64], 5).shape == (2, 64, 64)
    guided = analysis.guided_backpropagation(model, IMAGES[:, :, :64], 5)
    assert guided.shape == (2, 64, 64, 3)
    assert np.isfinite(guided).all()


@pytest.mark.real_data
def test_imagenet_weights_come_from_keras_cache_without_a_network(tmp_path):
    home = Path(os.environ["CVKIT_DATA"]).parent / "keras_home"
    if not home.is_dir():
        pytest.skip("no Keras cache beside CVKIT_DATA")
    shutil.copytree(home, tmp_path / "keras")
    program = """
import keras, numpy as np
from cvkit.backbones import backbone
images = np.random.default_rng(0).uniform(0, 255, (2, 224, 224, 3)).astype("float32")
ours = backbone("MobileNet", "imagenet", ("C5",), alpha=0.25)(images)["C5"]
theirs = keras.applications.MobileNet(input_shape=(224, 224, 3), alpha=0.25, include_top=False)
print(float(abs(ours - theirs(images / 127.5 - 1)).numpy().max()), float(np.std(ours)))
"""
    environment = {**os.environ, "KERAS_HOME": str(tmp_path / "keras"), "KERAS_BACKEND": "tensorflow"}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    difference, spread = map(float, run.stdout.split())
    assert difference < 1e-4
    assert spread > 0.1  # the weights are not those of an untrained network, whose last maps hardly vary
