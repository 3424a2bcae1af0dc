"""Networks on paper: the counts of a real one, and no numbers."""

import keras
from keras import layers

from cvkit import analysis


def build(units):
    return keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(units)])


def test_counts_are_those_of_a_network_with_numbers():
    drawn, paper = build(units=5), analysis.on_paper(build, units=5)
    assert analysis.count_parameters(paper) == analysis.count_parameters(drawn) == 4 * 28 + 5 * 145
    assert analysis.count_multiply_adds(paper) == analysis.count_multiply_adds(drawn)
    assert analysis.receptive_field(paper) == analysis.receptive_field(drawn)
    shapes = [[row.output_shape for row in analysis.layer_table(model).rows] for model in (drawn, paper)]
    assert shapes[0] == shapes[1]


def test_draws_nothing():
    huge = analysis.on_paper(build, units=10**10)  # its weights would take 5.8 terabytes
    assert analysis.count_parameters(huge) == 4 * 28 + 145 * 10**10


def test_leaves_other_networks_alone():
    before = build(units=5)
    analysis.on_paper(build, units=7)
    assert before(keras.ops.ones((1, 8, 8, 3))).shape == (1, 5)
