"""DeepMask and SharpMask: one answer a patch, the same on a whole image, and two stages of training."""

import keras
import numpy as np
import pytest
from keras import layers

from cvkit.detection import object_patches
from cvkit.models import deepmask, dense_masks, fit_masks, sharpmask
from cvkit.models.deepmask import SquareMasks, shrink_masks
from tests.support import BACKEND, assert_close, check_layer, check_saved_copy, raises, to_numpy

PATCH = 16


def body(padding="same"):
    """Three maps, of strides 2, 4 and 8; with padding "valid" and pooling alone a window knows nothing beyond it."""
    images = keras.Input((None, None, 3))
    x, maps = layers.Rescaling(1 / 127.5, offset=-1)(images), {}
    for k, filters in ((1, 6), (2, 8), (3, 10)):
        size = 3 if padding == "same" else 2
        x = layers.Conv2D(filters, size, strides=2, padding=padding, activation="relu", name=f"conv{k}")(x)
        maps[f"C{k}"] = x
    return keras.Model(images, maps, name="body")


def discs(number, size, seed=0):
    """Scenes with one bright disc each, of a diameter of 8 or 9 pixels, and its mask."""
    rng, images, objects = np.random.default_rng(seed), [], []
    rows, columns = np.mgrid[:size, :size] + 0.5
    for _ in range(number):
        x, y = rng.uniform(6, size - 6, 2)
        mask = (columns - x) ** 2 + (rows - y) ** 2 <= 4.3**2
        image = np.full((size, size, 3), 40, "uint8")
        image[mask] = 220
        box = [columns[mask].min() - 0.5, rows[mask].min() - 0.5, columns[mask].max() + 0.5, rows[mask].max() + 0.5]
        images.append(image)
        objects.append({"boxes": np.float32([box]), "labels": np.array([0]), "masks": mask[None]})
    return images, objects


@pytest.fixture(scope="module")
def trained():
    """Both stages, on the same patches, and the weights of DeepMask in between."""
    keras.utils.set_random_seed(0)
    patches = object_patches(*discs(60, 32), PATCH, per_image=4, object_size=9, shift=2)
    backbone = body()
    coarse = deepmask(backbone, PATCH, mask_size=8, width=16, rank=12)
    options = dict(epochs=8, batch_size=16, learning_rate=5e-3, verbose=0)
    first = fit_masks(coarse, patches, **options)
    between = coarse.get_weights()
    fine = sharpmask(coarse, backbone, width=32)
    second = fit_masks(fine, patches, **options)
    return patches, coarse, fine, between, first.history["loss"], second.history["loss"]


def test_both_stages_learn_and_the_second_leaves_the_first_alone(trained):
    patches, coarse, fine, between, first, second = trained
    assert first[-1] < 0.5 * first[0]
    assert second[-1] < second[0]
    for before, after in zip(between, coarse.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    answers = fine.predict(patches["images"], verbose=0)
    assert answers["masks"].shape == (len(patches["labels"]), 1, 1, PATCH, PATCH)
    assert_close(answers["scores"], coarse.predict(patches["images"], verbose=0)["scores"])
    positive = patches["labels"] == 1
    right = (answers["masks"][:, 0, 0] > 0) == (patches["masks"] > 0)
    assert right[positive].mean() > 0.9
    assert ((answers["scores"][:, 0, 0] > 0) == positive).mean() > 0.8


def test_a_whole_image_is_answered_as_each_of_its_windows_is():
    keras.utils.set_random_seed(1)
    network = deepmask(body("valid"), PATCH, mask_size=4, width=5, rank=3)
    image = np.random.default_rng(0).uniform(0, 255, (24, 40, 3)).astype("float32")
    found = dense_masks(network, image, PATCH, stride=8, margin=8)
    padded = np.full((40, 56, 3), 127.5, "float32")
    padded[8:32, 8:48] = image
    boxes, windows = [], []
    for y in range(-8, 32 - PATCH + 1, 8):
        for x in range(-8, 48 - PATCH + 1, 8):
            boxes.append([x, y, x + PATCH, y + PATCH])
            windows.append(padded[y + 8 : y + 8 + PATCH, x + 8 : x + 8 + PATCH])
    answers = {name: to_numpy(x) for name, x in network(np.stack(windows)).items()}
    assert_close(found["boxes"], np.float32(boxes))
    assert_close(found["scores"], 1 / (1 + np.exp(-answers["scores"][:, 0, 0])))
    assert_close(found["masks"], 1 / (1 + np.exp(-answers["masks"][:, 0, 0])))


def test_scales_are_undone_in_the_windows():
    network = deepmask(body(), PATCH, mask_size=4, width=3, rank=2)
    found = dense_masks(network, np.zeros((32, 24, 3)), PATCH, stride=8, scales=(1, 0.5), margin=0)
    # 32 x 24 has 3 x 2 windows; 16 x 12, filled up to 16 x 16, has one, which is 32 x 32 of the image.
    assert len(found["boxes"]) == 7
    assert found["boxes"][1].tolist() == [8, 0, 24, 16]
    assert found["boxes"][-1].tolist() == [0, 0, 32, 32]


def test_masks_are_made_of_few_numbers():
    """Whatever the patches, their logits less the bias span no more dimensions than the rank."""
    network = deepmask(body(), PATCH, mask_size=6, width=8, rank=3)
    images = np.random.default_rng(0).uniform(0, 255, (12, PATCH, PATCH, 3)).astype("float32")
    logits = to_numpy(network(images)["masks"]).reshape(12, 36)
    assert np.linalg.matrix_rank(logits - logits.mean(axis=0), tol=1e-4) <= 3
    numbers = to_numpy(keras.Model(network.input, network.get_layer("mask_encoding").output)(images))
    assert numbers.min() < 0 < numbers.max()  # the paper: no non-linearity between the two layers


@pytest.mark.skipif(BACKEND != "tensorflow", reason="shapes only")
def test_parameters_of_the_papers_head():
    # VGG-A's map of 14 x 14 x 512: 512 of 1 x 1; a dense layer to 512, and from there to 56 x 56.
    image = keras.Input((None, None, 3))
    backbone = keras.Model(image, {"C4": layers.Conv2D(512, 1, strides=16)(image)})
    network = deepmask(backbone)
    counts = {layer.name: layer.count_params() for layer in network.layers}
    assert counts["mask_features"] == 512 * 512 + 512
    assert counts["mask_encoding"] == 14 * 14 * 512 * 512 + 512
    assert counts["mask_pixels"] == 512 * 56 * 56 + 56 * 56


def test_a_refined_mask_looks_at_the_fine_maps(trained):
    fine = trained[2]
    names = [layer.name for layer in fine.layers]
    assert [name for name in names if name.endswith("skip")] == ["refine_C3_skip", "refine_C2_skip", "refine_C1_skip"]
    assert fine.get_layer("refine_C1_merge").output.shape[-1] == 4  # 32 channels, halved three times
    fresh = {weight.path.split("/")[0] for weight in fine.trainable_weights}
    assert fresh == {n for n in names if n.startswith(("first", "refine"))} - {
        f"refine_{tap}_{part}" for tap in ("C1", "C2", "C3") for part in ("join", "enlarge")
    }


def test_networks_are_saved_and_loaded(trained, tmp_path):
    patches, coarse, fine, *_ = trained
    for network in (coarse, fine):
        network.save(tmp_path / "network.keras")
        again = keras.saving.load_model(tmp_path / "network.keras")
        for name, values in network(patches["images"][:2]).items():
            assert_close(again(patches["images"][:2])[name], to_numpy(values))


def test_square_masks_is_a_layer_like_any_other(tmp_path):
    numbers = np.random.default_rng(0).normal(size=(2, 1, 3, 9)).astype("float32")
    layer = SquareMasks()
    check_layer(layer, numbers)
    check_saved_copy(layer, tmp_path / "layer.keras", numbers)
    assert to_numpy(layer(numbers))[1, 0, 2, 1, 2] == numbers[1, 0, 2, 5]
    with raises("must be a square number"):
        layer(numbers[..., :8])


def test_smaller_masks_take_the_majority():
    masks = -np.ones((1, 4, 4))
    masks[0, :2, :2] = 1  # a whole cell
    masks[0, 3, 2:] = 1  # half a cell
    masks[0, 3, 0] = 1  # a quarter
    assert shrink_masks(masks, 2).tolist() == [[[1, -1], [-1, 1]]]
    with raises("multiple of 3"):
        shrink_masks(masks, 3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: deepmask(body(), patch_size=20), "patch_size must be a multiple of the stride of C3, 8. Received 20"),
        (lambda: deepmask(body(), rank=0), "rank must be a positive integer"),
        (lambda: deepmask(body(), tap="C5"), "tap must name one of the backbone's maps"),
        (lambda: sharpmask(None, body(), taps=("C1", "C3")), "each of half the stride of the one before"),
        (lambda: sharpmask(None, body(), width=12), "width must be a multiple of 8"),
        (lambda: dense_masks(None, np.zeros((8, 8, 3)), 16, 8, margin=3), "margin must be a multiple of the stride, 8"),
        (lambda: dense_masks(None, np.zeros((8, 8)), 16, 8), r"image must have shape \(H, W, 3\)"),
    ],
)
def test_arguments_are_checked(make, message):
    with raises(message):
        make()
