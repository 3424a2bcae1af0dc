import keras
import numpy as np
import pytest

from cvkit.analysis import count_layers, count_multiply_adds, count_parameters
from cvkit.models import dense_block, densenet, densenet_cifar, transition
from tests.support import assert_close, raises, to_numpy

SMALL = {
    "plain": lambda: densenet_cifar(7, growth_rate=3, num_classes=4, input_shape=(8, 12, 3)),
    "bottleneck and compression": lambda: densenet_cifar(10, 4, True, 0.5, num_classes=4, input_shape=(8, 12, 3)),
}
LARGE = pytest.mark.tensorflow_only  # counts are the same everywhere, and JAX compiles the start of every weight
IMAGES = np.random.default_rng(0).uniform(size=(4, 8, 12, 3)).astype("float32")


@pytest.fixture(scope="module", name="densenet121")
def _densenet121():
    return densenet(121, input_shape=(64, 64, 3))


# A layer with c inputs has 2c weights of a normalisation, 128c of the 1 x 1 kernel, 256 of a normalisation and
# 9 * 128 * 32 = 36,864 of the 3 x 3 kernel: 130c + 37,120. The c of L layers after k_0 maps sum to L k_0 + 16 L (L - 1)
# maps. A transition from c maps has 2c + c^2 / 2. The stem has 7 * 7 * 3 * 64 + 128 = 9,536.
@LARGE
def test_parameters_of_densenet_121(densenet121):
    blocks = 335_040 + 919_680 + 2_837_760 + 2_158_080  # c sums to 864, 3,648, 14,976, 12,032
    transitions = 33_280 + 132_096 + 526_336  # from 256, 512, 1,024 maps
    head = 2 * 1024 + 1025 * 1000
    assert count_parameters(densenet121, trainable=True) == 9_536 + blocks + transitions + head == 7_978_856


@LARGE
def test_multiply_adds_of_densenet_121(densenet121):
    # Torchvision's table of models (weights IMAGENET1K_V1) gives 2.83 G for 224 x 224 pixels.
    assert count_multiply_adds(densenet121, (224, 224, 3)) == pytest.approx(2.83e9, rel=0.01)


# Of DenseNet-169 the last two blocks differ: sums of c 32 * 256 + 16 * 992 = 24,064 and 32 * 640 + 15,872 = 36,352;
# the third transition starts from 1,280 maps, the head from 1,664. Of DenseNet-201 they are 48 * 256 + 16 * 2,256 =
# 48,384 and 32 * 896 + 15,872 = 44,544, from 1,792 and 1,920 maps.
@LARGE
@pytest.mark.parametrize(
    ("depth", "sums", "last", "head", "parameters", "giga"),
    [(169, (24_064, 36_352), 1280, 1664, 14_149_480, 3.36), (201, (48_384, 44_544), 1792, 1920, 20_013_928, 4.29)],
)
def test_the_deeper_ones(depth, sums, last, head, parameters, giga):
    model = densenet(depth, input_shape=(32, 32, 3))
    layers = {169: (32, 32), 201: (48, 32)}[depth]
    blocks = sum(130 * c + 37_120 * count for c, count in zip(sums, layers, strict=True)) + 335_040 + 919_680
    transitions = 33_280 + 132_096 + 2 * last + last**2 // 2
    assert (
        count_parameters(model, trainable=True)
        == 9_536 + blocks + transitions + 2 * head + (head + 1) * 1000
        == parameters
    )
    # Torchvision's table again, weights IMAGENET1K_V1.
    assert count_multiply_adds(model, (224, 224, 3)) == pytest.approx(giga * 1e9, rel=0.01)


@LARGE
def test_the_depth_counts_layers_with_kernels(densenet121):
    assert count_layers(densenet121) == 121
    assert count_layers(SMALL["plain"]()) == 7
    assert count_layers(SMALL["bottleneck and compression"]()) == 10


@LARGE
def test_equals_keras_applications(densenet121):
    theirs = keras.applications.DenseNet121(weights=None, input_shape=(64, 64, 3), classifier_activation=None)
    rng = np.random.default_rng(0)
    values = []
    for weight in densenet121.weights:
        noise = rng.normal(size=weight.shape) / np.sqrt(np.prod(weight.shape[:-1]) or 1)
        values.append(noise if len(weight.shape) > 1 else rng.uniform(0.5, 1.5, weight.shape))
    densenet121.set_weights(values)
    theirs.set_weights(values)
    images = rng.uniform(size=(2, 64, 64, 3)).astype("float32")
    expected = to_numpy(theirs(images))
    assert expected.std() > 0.1
    np.testing.assert_allclose(to_numpy(densenet121(images)), expected, atol=1e-4 * abs(expected).max())


@LARGE
def test_parameters_of_densenet_40_12():
    # A layer with c inputs has 2c + 9 * 12c = 110c, a transition from c maps 2c + c^2. The blocks start from 16, 160
    # and 304 maps and end with 160, 304 and 448; the c of one sum to 12 k_0 + 12 * 66, 984, 2,712 and 4,440.
    blocks = 110 * (984 + 2_712 + 4_440)
    transitions = 2 * 160 + 160**2 + 2 * 304 + 304**2
    assert (
        count_parameters(densenet_cifar(), trainable=True) == 432 + blocks + transitions + 2 * 448 + 4_490 == 1_019_722
    )  # table 2: 1.0 M


@LARGE
def test_parameters_of_densenet_bc_100_12():
    # Table 2: 0.8 M. A layer with c inputs: 2c + 48c + 96 + 9 * 48 * 12 = 50c + 5,280; 16 layers a block, from 24, 108
    # and 150 maps, whose c sum to 16 k_0 + 12 * 120.
    blocks = sum(50 * (16 * maps + 1_440) + 16 * 5_280 for maps in (24, 108, 150))
    transitions = sum(2 * maps + maps * maps // 2 for maps in (216, 300))
    model = densenet_cifar(100, bottleneck=True, compression=0.5)
    assert count_parameters(model, trainable=True) == 9 * 3 * 24 + blocks + transitions + 2 * 342 + 3_430 == 769_162


def test_a_dense_block_by_hand():
    # One map of ones, kernels of ones, growth rate 1. The first layer counts the neighbours: 4 in a corner, 6 at an
    # edge, 9 in the middle. In the middle the second layer reads both maps: 9 + (4 * 4 + 4 * 6 + 9) = 58.
    inputs = keras.Input((3, 3, 1))
    model = keras.Model(inputs, dense_block(inputs, num_layers=2, growth_rate=1, bottleneck=False))
    model.set_weights([np.ones_like(w) if w.ndim == 4 else w for w in model.get_weights()])
    output = to_numpy(model(np.ones((1, 3, 3, 1), "float32")))[0]
    assert_close(output[:, :, 0], np.ones((3, 3)))  # what came in is still there
    np.testing.assert_allclose(output[:, :, 1], [[4, 6, 4], [6, 9, 6], [4, 6, 4]], rtol=1e-5)
    np.testing.assert_allclose(output[1, 1, 2], 58, rtol=1e-4)


def test_what_came_in_is_handed_on_untouched():
    inputs = keras.Input((8, 12, 3))
    model = keras.Model(inputs, dense_block(inputs, num_layers=3, growth_rate=2))
    assert_close(model(IMAGES)[..., :3], IMAGES)


def test_each_layer_reads_k0_and_k_maps_of_each_layer_before_it():
    inputs = keras.Input((8, 8, 5))
    model = keras.Model(inputs, dense_block(inputs, num_layers=4, growth_rate=3, bottleneck=False, name="b"))
    assert [model.get_layer(f"b_{i}_conv").kernel.shape[2] for i in range(1, 5)] == [
        5 + 3 * (i - 1) for i in range(1, 5)
    ]


def test_a_transition_keeps_a_share_of_the_maps():
    assert transition(keras.Input((9, 8, 7)), 0.5).shape == (None, 4, 4, 3)
    assert transition(keras.Input((9, 8, 7)), 1.0).shape == (None, 4, 4, 7)


@pytest.mark.parametrize("make", SMALL.values(), ids=SMALL)
def test_saves_and_loads(make, tmp_path):
    model = make()
    model.save(tmp_path / "model.keras")
    assert_close(keras.saving.load_model(tmp_path / "model.keras")(IMAGES), to_numpy(model(IMAGES)))


def test_learns():
    model = SMALL["plain"]()
    model.compile(keras.optimizers.Adam(1e-2), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    losses = model.fit(IMAGES, np.array([3, 1, 0, 2]), batch_size=4, epochs=6, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_arguments_are_checked():
    with raises("depth must be one of 121, 169, 201. Received 120"):
        densenet(120)
    with raises(r"at least 32 pixels on a side.*Received \(31, 64, 3\)"):
        densenet(121, input_shape=(31, 64, 3))
    with raises(r"depth must be 3n \+ 4 .* such as 22. Received 41"):
        densenet_cifar(41)
    with raises(r"depth must be 6n \+ 4 .* such as 40. Received 43"):
        densenet_cifar(43, bottleneck=True)
    with raises("depth must be 3n .*Received 4"):
        densenet_cifar(4)
    with raises("growth_rate must be a positive integer"):
        densenet_cifar(10, growth_rate=0)
    with raises(r"at least 8 pixels on a side.*Received \(7, 8, 3\)"):
        densenet_cifar(10, input_shape=(7, 8, 3))
    with raises("compression must be above 0 and at most 1, a share of the maps. Received 1.5"):
        densenet_cifar(10, compression=1.5)
    with raises("num_layers must be a positive integer"):
        dense_block(keras.Input((8, 8, 3)), 0, 4)
