"""The networks that embed faces and compare them: FaceNet's form on any backbone, and siamese pairs."""

import keras
import numpy as np
import pytest

from cvkit.backbones import backbone
from cvkit.losses import ContrastiveLoss, TripletLoss
from cvkit.models import facenet, siamese
from tests.support import assert_close, raises, to_numpy

IMAGES = np.random.default_rng(0).uniform(0, 255, (4, 16, 16, 3)).astype("float32")


def body():
    """A small backbone without a dict, from images of 16 × 16."""
    layers = [keras.Input((16, 16, 3)), keras.layers.Rescaling(1 / 255), keras.layers.Conv2D(4, 3, strides=4)]
    return keras.Sequential(layers)


@pytest.fixture(name="embedding", scope="module")
def _embedding():
    return facenet(body(), 6, pooling="flatten")


def test_embeddings_are_the_dense_layers_output_over_its_length(embedding):
    maps = to_numpy(keras.Model(embedding.input, embedding.get_layer("pooling").input)(IMAGES))
    kernel, bias = embedding.get_layer("embedding").get_weights()
    raw = maps.reshape(4, -1) @ kernel + bias
    assert_close(embedding(IMAGES), raw / np.linalg.norm(raw, axis=1, keepdims=True))


def test_average_pooling_takes_images_of_any_size():
    model = facenet(backbone(weights=None, taps=("C2", "C4")), 5)
    assert [model(np.ones((2, side, side, 3), "float32")).shape for side in (16, 32)] == [(2, 5)] * 2
    assert model.get_layer("embedding").kernel.shape == (256, 5)  # C4, the coarsest map
    assert facenet(backbone(weights=None, taps=("C2", "C4")), 5, tap="C2").get_layer("embedding").kernel.shape[0] == 128


def test_lengths_are_one_and_relu_leaves_nothing_negative():
    output = to_numpy(facenet(body(), 8, activation="relu")(IMAGES))
    assert (output >= 0).all()
    assert_close((output**2).sum(axis=1), np.ones(4, "float32"))


def test_embedding_saves_loads_and_learns(embedding, tmp_path):
    embedding.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert_close(again(IMAGES), to_numpy(embedding(IMAGES)))
    again.compile("adam", TripletLoss(mining="hard"))
    before = to_numpy(again(IMAGES))
    again.fit(IMAGES, np.array([0, 0, 1, 1]), batch_size=4, verbose=0)
    assert np.abs(to_numpy(again(IMAGES)) - before).max() > 0


def test_both_images_go_through_the_same_weights(embedding):
    model = siamese(embedding, "distance")
    assert len(model.weights) == len(embedding.weights)
    both = to_numpy(model({"first": IMAGES, "second": IMAGES[::-1]}))[:, 0]
    vectors = to_numpy(embedding(IMAGES))
    assert_close(both, np.linalg.norm(vectors - vectors[::-1], axis=1))
    assert_close(model({"first": IMAGES, "second": IMAGES}), np.zeros((4, 1), "float32"))


def test_training_the_pair_trains_the_embedding():
    embedding = facenet(body(), 6, pooling="flatten")
    model = siamese(embedding, "distance")
    model.compile("adam", ContrastiveLoss())
    before = to_numpy(embedding(IMAGES))
    # The same image twice among the pairs: the gradient of a distance of 0 must not spoil the weights.
    model.fit({"first": IMAGES, "second": IMAGES[[0, 2, 1, 3]]}, np.array([1, 0, 0, 1]), batch_size=4, verbose=0)
    after = to_numpy(embedding(IMAGES))
    assert np.isfinite(after).all()
    assert np.abs(after - before).max() > 0


@pytest.mark.parametrize("head", ["weighted_l1", "chi_square", "distance"])
def test_pairs_save_and_load(head, tmp_path):
    model = siamese(facenet(body(), 6, activation="relu"), head)
    pair = {"first": IMAGES, "second": IMAGES[::-1].copy()}
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert_close(again(pair), to_numpy(model(pair)))
    assert again(pair).shape == (4, 1)


def test_what_does_not_fit_is_refused():
    with raises(r'pooling="flatten" needs a backbone with a fixed height and width.*"average"'):
        facenet(backbone(weights=None), pooling="flatten")
    with raises("pooling must be one of average, flatten. Received 'max'"):
        facenet(body(), pooling="max")
    with raises("tap must name one of the backbone's maps, C2, C3, C4. Received 'C7'"):
        facenet(backbone(weights=None), tap="C7")
    with raises("one map without a name. Received tap='C3'"):
        facenet(body(), tap="C3")
    with raises(r"must return maps \(B, h, w, D\).*Leave out its head"):
        facenet(facenet(body()))
    with raises("embedding_size must be a positive integer"):
        facenet(body(), 0)
    with raises("head must be one of weighted_l1, chi_square, distance. Received 'l1'"):
        siamese(facenet(body()), "l1")
    with raises(r"embedding must return vectors \(B, D\)"):
        siamese(body())
