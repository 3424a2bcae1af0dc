import numpy as np

from cvkit.analysis import mass_inside, pointing_game
from tests.support import assert_close, raises

MAPS = np.array([[[1.0, 2, 0], [0, -4, 5]], [[0.0, 0, 0], [0, 0, 0]]])
MASKS = np.array([[[1, 1, 0], [0, 1, 0]], [[1, 0, 0], [0, 0, 0]]], bool)


def test_hand_worked_case():
    # Positive mass 1 + 2 + 5 = 8, inside 1 + 2 = 3, the -4 does not count; the second map has none.
    assert_close(mass_inside(MAPS, MASKS), [3 / 8, 0])
    assert pointing_game(MAPS, MASKS).tolist() == [False, True]  # 5 lies outside; of equal values the first counts
    assert pointing_game(-MAPS, MASKS).tolist() == [True, True]


def test_a_flat_map_scores_the_share_of_the_mask():
    assert_close(mass_inside(np.full((2, 2, 3), 0.1), MASKS), [3 / 6, 1 / 6])


def test_a_map_that_is_the_mask_scores_one():
    assert_close(mass_inside(MASKS, MASKS), [1, 1])
    assert pointing_game(MASKS, MASKS).all()


def test_errors():
    for score in (mass_inside, pointing_game):
        with raises(r"maps must have shape \(N, H, W\)"):
            score(MAPS[0], MASKS[0])
        with raises(r"masks must have shape \(2, 2, 3\).*Received shape \(1, 2, 3\)"):
            score(MAPS, MASKS[:1])
