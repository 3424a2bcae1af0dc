import numpy as np
import pytest

from cvkit.data import draw_faces, face_scenes, load
from cvkit.data.face_looks import FIRST_TEST_PERSON
from cvkit.data.face_scenes import GROUNDS
from tests.support import assert_close, raises


@pytest.fixture(scope="module")
def scenes():
    return face_scenes("test", 12, num_faces=(1, 5), seed=4)


def test_shapes_and_types(scenes):
    assert scenes["images"].shape == (12, 240, 320, 3)
    assert scenes["images"].dtype == np.uint8
    for truth in scenes["objects"]:
        n = len(truth["boxes"])
        assert 1 <= n <= 5
        assert truth["boxes"].shape == (n, 4)
        assert truth["boxes"].dtype == np.float32
        assert truth["labels"].tolist() == [0] * n
        assert (truth["people"] >= FIRST_TEST_PERSON).all()
        sides = truth["boxes"][:, 2] - truth["boxes"][:, 0]
        assert (sides >= 0.9 * 40).all()
        assert (sides <= 1.06 * 110).all()


def test_photographs_and_people_of_the_splits_are_different_ones(scenes):
    names = [name for split in GROUNDS.values() for name in split]
    assert len(names) == len(set(names))
    assert set(scenes["photos"]) <= set(GROUNDS["test"])
    assert set(names) <= set(load("photos"))
    # Photographs in which a person or a portrait can be seen.
    assert not {"astronaut", "camera", "coins"} & set(names)
    for split in ("train", "check"):
        assert all((truth["people"] < FIRST_TEST_PERSON).all() for truth in face_scenes(split, 3)["objects"])


def test_a_scene_depends_on_seed_and_place_alone(scenes):
    few = face_scenes("test", 2, num_faces=(1, 5), seed=4)
    assert_close(few["images"], scenes["images"][:2])
    assert_close(few["objects"][1]["boxes"], scenes["objects"][1]["boxes"])
    assert (face_scenes("test", 1, seed=5)["images"][0] != scenes["images"][0]).any()


def test_a_head_is_pasted_where_its_box_says(scenes):
    image, truth = scenes["images"][0], scenes["objects"][0]
    empty = face_scenes("test", 12, num_faces=(0, 0), seed=4)["images"][0]  # the same part of the same photograph
    changed = (image != empty).any(-1)
    covered = np.zeros(changed.shape, bool)
    for box in truth["boxes"]:
        x1, y1, x2, y2 = np.rint(box).astype(int)
        x, y = (x1 + x2) // 2, (y1 + y2) // 2
        assert changed[y - 5 : y + 5, x - 5 : x + 5].mean() > 0.9
        reach = slice(max(0, y1 - 12), y2 + 12), slice(max(0, x1 - 12), x2 + 12)
        covered[reach] = True
    assert not changed[~covered].any()


def test_pasting_by_hand():
    # On a ground of grey 100 a pixel that the head covers by alpha of 255 shows paint + (1 - alpha) 100.
    head = draw_faces([3], [0], 40, behind=False)
    shown = head["images"][0] + (1 - head["alpha"][0, :, :, None] / 255) * 100
    half = np.abs(head["alpha"][0].astype(int) - 128) < 30
    assert half.any()
    assert (shown[half] >= 0.3 * 100).all()


def test_heads_do_not_overlap_and_without_room_there_are_fewer():
    crowded = face_scenes("train", 4, num_faces=(30, 30), sides=(80, 80))
    for truth in crowded["objects"]:
        assert 1 <= len(truth["boxes"]) <= 12
        middles = (truth["boxes"][:, :2] + truth["boxes"][:, 2:]) / 2
        gaps = np.abs(middles[:, None] - middles).max(-1) + 999 * np.eye(len(middles))
        # Squares lie 80 apart, each head is shifted by up to 7 per cent of half of that.
        assert gaps.min() >= 80 * (1 - 0.07) - 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "all"}, "split must be one of train, check, test. Received 'all'"),
        ({"num_scenes": 0}, "num_scenes must be a positive integer. Received 0"),
        ({"num_faces": 3}, "num_faces must be two integers. Received 3"),
        ({"num_faces": (3, 1)}, r"num_faces must be \(smallest, largest\)"),
        ({"sides": (8, 20)}, "sides must be 16 or more"),
        ({"sides": (40, 300)}, "sides must not exceed the image's, 240 pixels"),
    ],
)
def test_options_out_of_range(options, message):
    with raises(message):
        face_scenes(**({"split": "train", "num_scenes": 1} | options))
