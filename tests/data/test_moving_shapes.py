import numpy as np
import pytest

from cvkit.data import moving_shapes
from cvkit.data.moving_shapes import HEIGHT, WIDTH
from cvkit.data.shape_masks import SHAPE_CLASSES
from tests.support import raises


@pytest.fixture(scope="module", params=["different", "alike"])
def video(request):
    return moving_shapes(looks=request.param, seed=5)


def each(video):
    """All objects of all frames: image, its truth, and the object's place in it."""
    return [
        (image, truth, k)
        for image, truth in zip(video["images"], video["truths"], strict=True)
        for k in range(len(truth["ids"]))
    ]


def paths(video):
    """For each object its centres, one a frame, where its box does not touch the frame's border."""
    found = {}
    for t, truth in enumerate(video["truths"]):
        for box, identity in zip(truth["boxes"], truth["ids"], strict=True):
            if box[0] > 0 and box[2] < WIDTH:
                found.setdefault(int(identity), {})[t] = (box[:2] + box[2:]) / 2
    return found


def test_shapes_types_and_ranges(video):
    assert video["images"].shape == (80, HEIGHT, WIDTH, 3)
    assert video["images"].dtype == np.uint8
    assert len(video["truths"]) == 80
    for truth in video["truths"]:
        n = len(truth["ids"])
        assert truth["boxes"].shape == (n, 4)
        assert truth["visibility"].shape == truth["labels"].shape == (n,)
        assert [truth[key].dtype for key in ("boxes", "ids", "labels", "visibility")] == [
            np.float32,
            np.int64,
            np.int64,
            np.float32,
        ]
        assert len(set(truth["ids"])) == n
        assert (truth["boxes"][:, :2] < truth["boxes"][:, 2:]).all()
        assert (truth["boxes"] >= 0).all()
        assert (truth["boxes"] <= [WIDTH, HEIGHT] * 2).all()
        assert ((truth["visibility"] >= 0) & (truth["visibility"] <= 1)).all()


def test_the_same_seed_draws_the_same_video_and_another_one_another():
    first, second, other = (moving_shapes(num_frames=5, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first["images"], second["images"])
    for a, b in zip(first["truths"], second["truths"], strict=True):
        assert all(np.array_equal(a[key], b[key]) for key in a)
    assert not np.array_equal(first["images"], other["images"])


def test_a_longer_video_of_one_object_begins_in_the_same_way():
    short, long = (moving_shapes(num_frames=n, num_objects=1, pillar=0, seed=3)["images"] for n in (4, 9))
    assert np.array_equal(short[0], long[0])


def test_looks_change_the_looks_and_not_the_walks():
    different, alike = (moving_shapes(looks=looks, seed=7, num_frames=40) for looks in ("different", "alike"))
    first, second = paths(different), paths(alike)
    both = [(k, t) for k in first for t in first[k] if t in second.get(k, {})]
    assert len(both) > 50
    # A box lies on whole pixels and a crescent's is not around its centre, so the middles differ by a few pixels.
    assert max(np.abs(first[k][t] - second[k][t]).max() for k, t in both) < 8
    labels = [{int(label) for truth in video["truths"] for label in truth["labels"]} for video in (different, alike)]
    assert len(labels[0]) > 2
    assert len(labels[1]) == 1
    assert set().union(*labels) <= set(range(len(SHAPE_CLASSES)))


def test_an_object_keeps_its_number_and_its_shape(video):
    labels = {}
    for _, truth, k in each(video):
        assert labels.setdefault(int(truth["ids"][k]), int(truth["labels"][k])) == truth["labels"][k]
    assert set(labels) <= set(range(1, 11))
    assert len(labels) >= 8


def test_an_object_moves_little_in_a_frame_and_never_comes_back():
    seen = paths(moving_shapes(seed=5))
    for path in seen.values():
        frames = sorted(path)
        assert frames == list(range(frames[0], frames[-1] + 1))
        steps = np.diff([path[t] for t in frames], axis=0)
        assert np.abs(steps).max(initial=0) <= 4
    assert len(seen) >= 8


def test_some_enter_some_leave_and_some_cross():
    video = moving_shapes(seed=5)
    ids = [set(truth["ids"].tolist()) for truth in video["truths"]]
    assert ids[-1] - ids[0]
    assert ids[0] - ids[-1]
    directions = {np.sign(p[max(p)][0] - p[min(p)][0]) for p in paths(video).values() if len(p) > 10}
    assert directions == {-1, 1}
    hidden = sum(
        v < 0.9 and 20 < b[0] < 30 for t in video["truths"] for v, b in zip(t["visibility"], t["boxes"], strict=True)
    )
    assert hidden  # beside the pillar, so by another object


def test_boxes_hold_all_that_is_painted():
    # Without light, noise and other objects: what differs from a video without any object is the object.
    image = moving_shapes(num_frames=60, num_objects=2, pillar=0, seed=2)
    for frame, truth in zip(image["images"], image["truths"], strict=True):
        ground = np.median(frame.reshape(-1, 3), axis=0)
        odd = (np.abs(frame - ground).max(-1) > 70).nonzero()
        inside = np.zeros(len(odd[0]), bool)
        for x1, y1, x2, y2 in truth["boxes"]:
            inside |= (odd[0] >= y1) & (odd[0] < y2) & (odd[1] >= x1) & (odd[1] < x2)
        assert inside.all()


def test_visibility_is_what_is_left_of_the_area():
    """Alone and in the frame it is 1; behind a wide pillar 0; at the border the share of the area that is within."""
    alone = moving_shapes(num_objects=1, pillar=0, num_frames=80, seed=2)
    wide = moving_shapes(num_objects=1, pillar=48, num_frames=80, seed=2)
    checked = {"in": 0, "hidden": 0, "half": 0}
    for free, behind in zip(alone["truths"], wide["truths"], strict=True):
        assert np.array_equal(free["boxes"], behind["boxes"])  # hidden parts too
        for (x1, y1, x2, y2), before, after in zip(
            free["boxes"], free["visibility"], behind["visibility"], strict=True
        ):
            if x1 > 0 and x2 < WIDTH and y1 > 0 and y2 < HEIGHT:
                assert before == 1
                checked["in"] += 1
            if x1 >= 24 and x2 <= 72:
                assert after == 0
                checked["hidden"] += 1
            elif x1 < 24 < x2:
                assert 0 <= after < before
                checked["half"] += 1
    assert min(checked.values()) >= 5, checked


def test_visibility_of_a_square_is_the_share_of_its_columns_beside_the_pillar():
    square = SHAPE_CLASSES.index("square")
    videos = (moving_shapes(num_objects=1, seed=seed) for seed in range(200))
    video = next(v for v in videos if any(square in truth["labels"] for truth in v["truths"]))
    measured, expected = [], []
    for truth in video["truths"]:
        for (x1, _, x2, _), visibility in zip(truth["boxes"], truth["visibility"], strict=True):
            columns = np.arange(x1, x2)
            measured.append(visibility)
            expected.append(((columns < 40) | (columns >= 56)).sum() / 13)  # the pillar is 16 of 96 wide
    assert len(measured) > 20
    assert min(measured) == 0
    # 13 pixels that begin between two pixels are 13 or 14 columns: off by one of 13 at most
    assert np.abs(np.subtract(measured, np.minimum(expected, 1))).max() < 1.1 / 13


def test_one_side_is_darker():
    image = moving_shapes(num_frames=1, num_objects=1, pillar=0, seed=1)["images"][0].astype(float)
    left, right = np.median(image[:, :12]), np.median(image[:, -12:])
    assert 1.3 < max(left, right) / min(left, right) < 1.7  # 64 to 40, less what the ends average


def test_a_pillar_of_none_and_of_any_width():
    for pillar in (0, 16, 48):
        image = moving_shapes(num_frames=1, num_objects=1, pillar=pillar, seed=1)["images"][0]
        assert ((image[2] < 70).all(-1)).sum() == pytest.approx(pillar, abs=1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_frames": 0}, "num_frames must be an integer from 1 to 100000. Received 0"),
        ({"num_objects": 2.0}, "num_objects must be an integer from 1 to 100. Received 2.0"),
        ({"pillar": 49}, "pillar must be an integer from 0 to 48. Received 49"),
        ({"seed": -1}, "seed must be an integer from 0 to 4294967295. Received -1"),
        ({"seed": True}, "seed must be an integer .* Received True"),
        ({"looks": "equal"}, "looks must be one of different, alike. Received 'equal'"),
    ],
)
def test_options_out_of_range(options, message):
    with raises(message):
        moving_shapes(**options)
