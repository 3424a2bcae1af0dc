import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cvkit.losses import tree_log_probabilities, tree_loss, tree_predict
from tests.support import assert_close, check_gradient, gradient, raises, to_numpy, ways_to_run

# animal, vehicle; dog and cat; terrier and poodle; car
PARENTS = [-1, -1, 0, 0, 2, 2, 1]


@st.composite
def trees(draw):
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    parents = [int(random.integers(-1, word)) for word in range(draw(st.integers(1, 12)))]
    return parents, random.normal(0, 3, (4, len(parents))).astype("float32")


def test_hand_worked_case():
    # Logits log 3, 0: animal 3/4, vehicle 1/4. dog and cat with 0, log 2: 1/3 and 2/3 of that. Breeds 1/2 each; a car
    # is a vehicle's only child.
    logits = np.array([np.log(3), 0, 0, np.log(2), 5, 5, -7], "float32")
    expected = np.log([3 / 4, 1 / 4, 1 / 4, 1 / 2, 1 / 8, 1 / 8, 1 / 4])
    for _, run in ways_to_run(lambda x: tree_log_probabilities(x, PARENTS)):
        assert_close(run(logits), expected)
    assert_close(tree_loss([4, 1], np.stack([logits, logits]), PARENTS), np.log([8, 4]))


@given(trees())
def test_equals_a_walk_from_each_word_to_the_top(tree):
    parents, logits = tree
    found = to_numpy(tree_log_probabilities(logits, parents))
    for row, values in zip(logits.astype("float64"), found, strict=True):
        for word in range(len(parents)):
            expected, at = 0.0, word
            while at != -1:
                rivals = [row[other] for other in range(len(parents)) if parents[other] == parents[at]]
                expected, at = expected + row[at] - np.log(np.sum(np.exp(rivals))), parents[at]
            assert_close(values[word], np.float64(expected))


@given(trees())
def test_children_add_up_to_their_parent_and_the_top_to_one(tree):
    parents, logits = tree
    probabilities = np.exp(to_numpy(tree_log_probabilities(logits, parents)))
    for above in set(parents):
        whole = np.ones(4) if above == -1 else probabilities[:, above]
        assert_close(probabilities[:, np.array(parents) == above].sum(axis=1), whole)


def test_a_flat_tree_is_a_softmax_and_large_logits_stay_finite():
    logits = np.array([[1, 2, 3], [1000, 0, -1000]], "float32")
    shifted = logits - logits.max(axis=1, keepdims=True)
    assert_close(
        tree_log_probabilities(logits, [-1, -1, -1]), shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    )


def test_words_below_the_true_one_learn_nothing():
    logits = np.random.default_rng(0).normal(size=(1, 7)).astype("float32")
    slope = gradient(lambda x: tree_loss([2], x, PARENTS), logits)  # a dog: animal, vehicle, dog and cat learn
    assert (slope[0] != 0).tolist() == [True, True, True, True, False, False, False]
    check_gradient(lambda x: tree_loss([4], x, PARENTS), logits)


def test_the_answer_becomes_less_exact_with_a_higher_threshold():
    logits = np.log([0.9, 0.1, 0.8, 0.2, 0.7, 0.3, 1]).astype("float32")  # animal .9, dog .72, terrier .504
    for threshold, word in ((0.5, 4), (0.6, 2), (0.8, 0), (0.95, -1)):
        assert tree_predict(logits, PARENTS, threshold) == word
    assert tree_predict(np.stack([[logits] * 2] * 3), PARENTS).tolist() == [[4, 4]] * 3


def test_what_does_not_fit_is_refused():
    with raises(r"logits must have shape \(..., 7\): one for each word. Received shape \(2, 6\)"):
        tree_log_probabilities(np.zeros((2, 6)), PARENTS)
    for parents in ([], [0], [-1, 2, 1], [-2], [0.5], [[-1]]):
        with raises("parents must be a list of integers"):
            tree_log_probabilities(np.zeros((2, 6)), parents)
