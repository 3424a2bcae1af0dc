"""The feature pyramid, by hand and against slow loops; and detectors on it and on stored maps."""

import keras
import numpy as np
import pytest

from cvkit.backbones import backbone
from cvkit.models import RPN, SSD, YOLO, FasterRCNN, fpn, stored_backbone, stored_maps
from tests.support import assert_close, raises, to_numpy

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 32, 64, 3)).astype("uint8")


def maps_of(channels):
    """A stand-in for a backbone, that takes its maps."""
    inputs = {name: keras.Input((None, None, channels), name=name) for name in ("C2", "C3", "C4")}
    return keras.Model(inputs, {name: keras.layers.Identity()(x) for name, x in inputs.items()})


def test_by_hand():
    # 1 x 1: M4 = 2 C4 = 10; M3 = C3 + 1 + 10; M2 = 3 C2 + M3, each number of which is repeated 2 x 2 times.
    # 3 x 3 with a number in the middle only: P4 = M4, P3 = M3 - 1, P2 = M2 / 2.
    model = fpn(maps_of(1), channels=1)
    numbers = dict(lateral4=(2, 0), lateral3=(1, 1), lateral2=(3, 0), smooth4=(1, 0), smooth3=(1, -1), smooth2=(0.5, 0))
    for name, (factor, bias) in numbers.items():
        kernel = np.zeros(model.get_layer(name).kernel.shape, "float32")
        kernel[kernel.shape[0] // 2, kernel.shape[1] // 2] = factor
        model.get_layer(name).set_weights([kernel, np.array([bias], "float32")])
    c3, c2 = np.array([[1, 2], [3, 4]], "float32"), np.arange(16, dtype="float32").reshape(4, 4)
    given = {"C4": np.full((1, 1, 1, 1), 5, "float32"), "C3": c3[None, :, :, None], "C2": c2[None, :, :, None]}
    found = {name: to_numpy(x)[0, :, :, 0] for name, x in model(given).items()}
    repeated = [[12, 12, 13, 13], [12, 12, 13, 13], [14, 14, 15, 15], [14, 14, 15, 15]]
    assert list(found) == ["P2", "P3", "P4"]
    assert_close(found["P4"], [[10]])
    assert_close(found["P3"], [[11, 12], [13, 14]])
    assert_close(found["P2"], (3 * c2 + repeated) / 2)


def slow_conv(x, kernel, bias):
    pad = kernel.shape[0] // 2
    padded = np.pad(x, ((pad, pad), (pad, pad), (0, 0)))
    result = np.zeros((*x.shape[:2], kernel.shape[3]))
    for i, j in np.ndindex(x.shape[:2]):
        result[i, j] = np.tensordot(padded[i : i + 2 * pad + 1, j : j + 2 * pad + 1], kernel, 3) + bias
    return result


@pytest.mark.parametrize("top_down", [True, False])
def test_equal_to_a_slow_loop(top_down):
    random = np.random.default_rng(1)
    model = fpn(maps_of(3), channels=2, top_down=top_down)
    given = {f"C{k}": random.normal(size=(1, 32 >> k, 48 >> k, 3)).astype("float32") for k in (2, 3, 4)}
    found, above = model(given), 0
    for level in (4, 3, 2):
        merged = slow_conv(given[f"C{level}"][0], *map(to_numpy, model.get_layer(f"lateral{level}").weights)) + above
        expected = slow_conv(merged, *map(to_numpy, model.get_layer(f"smooth{level}").weights))
        assert_close(found[f"P{level}"][0], expected)
        above = np.repeat(np.repeat(merged, 2, axis=0), 2, axis=1) if top_down else 0


def test_what_the_coarsest_map_sees_reaches_the_finest_by_the_way_down_only():
    given = {f"C{k}": np.zeros((1, 32 >> k, 32 >> k, 3), "float32") for k in (2, 3, 4)}
    other = given | {"C4": np.ones((1, 2, 2, 3), "float32")}
    for top_down in (True, False):
        model = fpn(maps_of(3), channels=4, top_down=top_down)
        before, after = (to_numpy(model(maps)["P2"]) for maps in (given, other))
        assert (before != after).any() == top_down


def test_the_backbone_keeps_its_names_and_the_pyramid_is_saved(tmp_path):
    model = fpn(backbone(weights=None, taps=("C3", "C4")), channels=8, taps=("C4", "C3"))
    assert {name: x.shape[-1] for name, x in model.output.items()} == {"P3": 8, "P4": 8}
    assert model.get_layer("conv1_1") is not None
    model.save(tmp_path / "pyramid.keras")
    again = keras.saving.load_model(tmp_path / "pyramid.keras")
    for name, values in again(IMAGES).items():
        assert_close(values, to_numpy(model(IMAGES)[name]))


def detector_on(maps, name):
    """A detector that looks at all maps."""
    taps, rpn = tuple(maps.output), dict(width=4, num_proposals=5)
    faster = dict(tap=taps, rpn=rpn, pool_size=2, width=4, canonical_side=24)
    return {
        "ssd": SSD(maps, 2, (6, 10, 16, 30), width=4),
        "yolo": YOLO(maps, 2, [[6, 6], [12, 12], [20, 20]], taps=taps, width=4),
        "rpn": RPN(maps, (6, 12, 20), tap=taps, **rpn),
        "faster_rcnn": FasterRCNN(maps, 2, (6, 12, 20), **faster),
    }[name]


@pytest.mark.parametrize("name", ["ssd", "yolo", "rpn", "faster_rcnn"])
def test_a_detector_on_a_pyramid_finds_the_same_in_images_and_in_stored_maps(name):
    plain = backbone(weights=None)
    pyramids = [fpn(maps, channels=4) for maps in (plain, stored_backbone(plain))]
    own = [layer.name for layer in pyramids[1].layers if layer.weights]
    for layer in own:
        pyramids[1].get_layer(layer).set_weights(pyramids[0].get_layer(layer).get_weights())
    of_images, of_maps = (detector_on(pyramid, name) for pyramid in pyramids)
    models = [keras.Model(d.network.inputs, d.network.outputs) for d in (of_images, of_maps)]
    head = [[v for v in model.trainable_variables if "norm" not in v.path and "conv" not in v.path] for model in models]
    for a, b in zip(*head, strict=True):
        b.assign(to_numpy(a))
    maps = stored_maps(plain, IMAGES)
    for a, b in zip(of_images.predict(IMAGES), of_maps.predict(maps), strict=True):
        for part in a:
            assert_close(a[part], b[part], "float16")
    targets = [{"boxes": [[4, 4, 20, 24]], "labels": [1]}] * 3
    batch, _ = of_maps.batches(maps, targets, batch_size=3, seed=0)[0]
    losses = of_maps.training_network(batch)
    assert len(losses) >= 2
    for loss in losses.values():
        assert np.isfinite(to_numpy(loss)).all()


def test_stored_maps_are_those_of_the_backbone():
    plain = backbone(weights=None, taps=("C2", "C4"))
    maps = stored_maps(plain, IMAGES, batch_size=2)
    assert len(maps) == 3
    for name, values in plain(IMAGES.astype("float32")).items():
        assert_close([each[name] for each in maps], to_numpy(values))
    with raises("images must all have one size, of whole multiples of 32 pixels"):
        stored_maps(plain, [IMAGES[0], IMAGES[0][:, :32]])
    with raises("images must all have one size, of whole multiples of 32 pixels"):
        stored_maps(plain, IMAGES[:, :20])
    with raises("batch_size must be a positive integer"):
        stored_maps(plain, IMAGES, batch_size=0)
    with raises("maps must be of the same size for all images"):
        SSD(stored_backbone(plain), 2, (6, 10, 20)).predict([maps[0], {name: x[:2] for name, x in maps[1].items()}])


def test_what_does_not_fit_is_refused():
    with raises("tap must name one of the backbone's maps"):
        fpn(maps_of(1), taps=("C2", "C5"))
    with raises("taps must leave no stride out, each being twice the one before. Received C2, C4"):
        fpn(maps_of(1), taps=("C2", "C4"))
    with raises("channels must be a positive integer"):
        fpn(maps_of(1), channels=0)
    with raises("The maps must have one number of channels: they share a head"):
        RPN(backbone(weights=None), (8, 16), tap=("C3", "C4"))
    with raises("scales must be a multiple of the number of maps, 3"):
        RPN(fpn(maps_of(1), 4), (8, 16), tap=("P2", "P3", "P4"))
