import subprocess
import sys

import numpy as np
import pytest
from skimage.transform import rotate
from sklearn.metrics import roc_auc_score

from cvkit.data import draw_faces, load
from cvkit.data.face_drawing import _Canvas, _ellipse
from cvkit.data.face_looks import CONDITION, FIRST_TEST_PERSON, IDENTITY, looks, random_stream
from cvkit.files import project_file
from tests.support import assert_close, raises


@pytest.fixture(scope="module")
def faces():
    return load("faces", "train", people=60, images_each=6)


def still(**changes):
    """Conditions of one picture without any change, as `_Canvas` takes them."""
    values = dict.fromkeys(CONDITION, 0.0) | {"scale": 1.0} | changes
    return {name: np.float32(value).reshape(1, 1, 1) for name, value in values.items()}


def test_shapes_types_and_order(faces):
    assert faces["images"].shape == (360, 32, 32, 3)
    assert faces["images"].dtype == np.uint8
    assert faces["labels"].dtype == np.int64
    assert faces["labels"].tolist() == np.repeat(np.arange(60), 6).tolist()
    assert faces["glasses"].shape == (360,)
    assert faces["glasses"].dtype == bool
    assert faces["boxes"].shape == (360, 4)
    assert faces["boxes"].dtype == np.float32


def test_nobody_is_in_both_splits():
    train, test = (load("faces", split, people=3, images_each=1) for split in ("train", "test"))
    assert train["labels"].tolist() == [0, 1, 2]
    assert test["labels"].tolist() == [FIRST_TEST_PERSON + k for k in range(3)]
    # The largest number of people that may be asked for ends where the other split begins.
    with raises("people must be an integer from 1 to 1000000. Received 1000001"):
        load("faces", "train", people=FIRST_TEST_PERSON + 1)
    lookalike = np.abs(train["images"].astype(int)[:, None] - test["images"]).mean((2, 3, 4))
    assert lookalike.min() > 10


def test_a_picture_depends_on_its_person_and_number_alone():
    many = load("faces", "test", people=70, images_each=3, image_size=24)  # more than are painted at once
    few = load("faces", "test", people=2, images_each=2, image_size=24)
    chosen = np.flatnonzero((many["labels"] < FIRST_TEST_PERSON + 2) & (np.arange(210) % 3 < 2))
    for name in few:
        assert_close(few[name], many[name][chosen])
    last = draw_faces([FIRST_TEST_PERSON + 69], [2], 24)
    assert_close(last["images"][0], many["images"][-1])


def test_another_seed_makes_other_people():
    a, b = (load("faces", "train", people=1, images_each=1, seed=seed)["images"].astype(int) for seed in (0, 1))
    assert np.abs(a - b).mean() > 5


def test_a_new_process_draws_the_same():
    code = "import cvkit; print(cvkit.data.draw_faces([3], [1], 16)['images'].ravel().tolist())"
    root = project_file("data/catalogue.yaml").parent.parent
    run = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == str(draw_faces([3], [1], 16)["images"].ravel().tolist())


def test_looks_are_drawn_evenly_between_their_limits():
    values = looks([random_stream(0, person) for person in range(2000)], IDENTITY)
    for name, (low, high) in IDENTITY.items():
        assert values[name].min() >= low
        assert values[name].max() <= high
        # The mean of 2,000 even numbers is off by more than four standard errors once in 15,000 times.
        assert abs(values[name].mean() - (low + high) / 2) < 4 * (high - low) / np.sqrt(12 * 2000)


def test_an_ellipse_hand_worked():
    # Half axes 0.5 and 0.25: on the outline 0; 0.05 beyond the end of the short axis (0.3^2 / 0.25^2 - 1) / 2 * 0.25.
    assert_close(_ellipse(np.float32(0.5), np.float32(0), np.float32(0.5), np.float32(0.25)), 0)
    assert_close(_ellipse(np.float32(0), np.float32(0.3), np.float32(0.5), np.float32(0.25)), 0.055)


def test_coverage_adds_up_to_the_area():
    # A disc of radius 0.5 has pi / 4 / 4 of the image's area, whatever the pixels.
    for size in (16, 32, 96):
        canvas = _Canvas(still(shift_x=0.03), size)
        canvas.put(canvas.cover(_ellipse(canvas.u, canvas.v, np.float32(0.5), np.float32(0.5))), np.float32(200))
        assert canvas.alpha.mean() == pytest.approx(np.pi / 16, rel=0.01)
        assert_close(canvas.paint[:, 0], 200 * canvas.alpha, "float16")


def test_shift_and_scale_move_the_axes_and_the_box():
    # 0.5 of half the image to the right, twice as large: the head's middle is at 3/4 of the image's width.
    canvas = _Canvas(still(shift_x=0.5, scale=2.0), 8)
    assert_close(canvas.u[0, 0], (np.arange(8) + 0.5 - 6) / 8)  # 8 pixels to a unit
    assert_close(canvas.v[0, :, 0], (np.arange(8) + 0.5 - 4) / 8)


def test_a_turned_head_is_the_head_turned():
    quarter = _Canvas(still(turn=np.pi / 2), 8)
    straight = _Canvas(still(), 8)
    assert_close(quarter.u[0], rotate(straight.u[0], -90, order=0))


def test_boxes_lie_around_the_heads():
    face = draw_faces(np.arange(50), np.zeros(50, int), 64, behind=False)
    for alpha, box in zip(face["alpha"], face["boxes"], strict=True):
        columns = np.flatnonzero((alpha > 128).any(0))
        middle, half = (box[0] + box[2]) / 2, (box[2] - box[0]) / 2
        assert abs((columns[0] + columns[-1] + 1) / 2 - middle) < 0.15 * half
        assert 0.9 * half < columns[-1] + 1 - columns[0] < 1.8 * half
        assert 32 * 0.9 <= half <= 32 * 1.06
        assert abs(middle - 32) <= 32 * 0.07 + 1e-4


def test_without_a_ground_the_head_can_be_pasted():
    face = draw_faces([4], [0], 32, behind=False)
    share = face["alpha"] / 255
    assert share[0, 0, 0] == 0  # a corner
    assert share[0, 16, 16] == 1  # the middle of the face
    assert (face["images"][0, 0, 0] == 0).all()
    assert 0.2 < share.mean() < 0.75
    pasted = face["images"] + (1 - share[..., None]) * np.full((32, 32, 3), 90)
    assert pasted.max() <= 255 + 20  # light parts and noise may leave the range by a little
    assert (pasted[0, 0, 0] == 90).all()


def test_the_skins_of_people_vary_from_dark_to_light(faces):
    middle = faces["images"][:, 12:22, 12:20].reshape(60, 6, -1).mean((1, 2))
    assert middle.min() < 80
    assert middle.max() > 140


def test_glasses_are_worn_by_some_and_not_always():
    worn = load("faces", "train", people=100, images_each=20, image_size=16)["glasses"].reshape(100, 20).mean(1)
    assert 0.3 < (worn == 0).mean() < 0.7  # 7 of 15 have a share below 0
    assert worn.max() < 1
    assert 0.1 < worn.mean() < 0.35  # (0.8^2 / 2) / 1.5 = 0.21


def test_pixels_alone_verify_poorly():
    # What a lesson needs: people are told apart by pixels better than by chance, and far from well.
    x = load("faces", "test", people=60, images_each=5)
    rows = x["images"].reshape(300, -1) / 255
    squares = (rows * rows).sum(1)
    distances = squares[:, None] + squares - 2 * rows @ rows.T
    i, j = np.triu_indices(300, 1)
    assert 0.6 < roc_auc_score(x["labels"][i] == x["labels"][j], -distances[i, j]) < 0.8


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"people": 0}, "people must be an integer from 1 to 1000000. Received 0"),
        ({"images_each": 2.0}, "images_each must be an integer from 1 to 10000. Received 2.0"),
        ({"image_size": 8}, "image_size must be an integer from 16 to 256. Received 8"),
        ({"seed": True}, "seed must be an integer from 0 to 4294967295. Received True"),
        ({"noise": 3}, "faces takes only the options people, images_each, image_size, seed. Received noise"),
    ],
)
def test_options_out_of_range(options, message):
    with raises(message):
        load("faces", **options)
