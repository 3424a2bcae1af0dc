from fractions import Fraction

import keras
from keras import layers

from cvkit.analysis import count_multiply_adds, count_parameters, layer_table
from tests.analysis.networks import lenet, twins
from tests.support import raises


def test_lenet_row_by_row():
    rows = {row.name: row for row in layer_table(lenet()).rows}
    c3 = rows["C3"]
    assert (c3.kind, c3.output_shape, c3.parameters, c3.multiply_adds) == ("Conv2D", (10, 10, 16), 2416, 240000)
    assert [row.receptive_field for row in rows.values()] == [5, 6, 14, 16, 32, 32, 32, 32]
    assert [row.jump for row in rows.values()] == [1, 2, 2, 4, None, None, None, None]


def test_the_rows_add_up():
    for model in (lenet(), twins()):
        rows = layer_table(model).rows
        assert sum(row.parameters for row in rows) == count_parameters(model)
        assert sum(row.multiply_adds for row in rows) == count_multiply_adds(model)


def test_text():
    lines = str(layer_table(lenet())).splitlines()
    assert lines[0].split() == ["layer", "kind", "output", "parameters", "multiply-adds", "field", "jump"]
    assert lines[2].split() == ["C1", "Conv2D", "28", "×", "28", "×", "6", "156", "117,600", "5", "1"]
    assert lines[-1].split() == ["total", "61,706", "416,520"]
    assert repr(layer_table(lenet())) == str(layer_table(lenet()))


def test_html():
    html = layer_table(lenet())._repr_html_()
    assert html.count("<tr>") == 8 + 2
    assert '<td style="text-align: right">240,000</td>' in html
    named = keras.Sequential([keras.Input((4, 4, 1)), layers.ReLU(name="a<b")])
    assert "a&lt;b" in layer_table(named)._repr_html_()


def test_what_cannot_be_told_is_a_question_mark():
    x = keras.Input((8, 8, 1))
    table = layer_table(keras.Model(x, layers.Conv2D(1, (3, 1))(layers.UpSampling2D((2, 1))(x))))
    assert [(row.receptive_field, row.jump) for row in table.rows] == [
        (1, (Fraction(1, 2), 1)),
        ((2, 1), (Fraction(1, 2), 1)),
    ]
    assert "2 × 1  1/2 × 1" in str(table)
    flipped = layer_table(keras.Model(x, layers.Permute((2, 1, 3))(x)))
    assert flipped.rows[0].receptive_field is None
    assert str(flipped).splitlines()[2].endswith("?     ?")


def test_images_of_any_size_and_layers_of_your_own():
    class Odd(layers.Layer):
        def build(self, input_shape):
            self.scale = self.add_weight(shape=(1,))

        def call(self, x):
            return x * self.scale

    x = keras.Input((None, None, 1))
    model = keras.Model(x, Odd()(layers.Conv2D(1, 3)(x)))
    table = layer_table(model, (6, 6, 1), rules={Odd: lambda *_: 7})
    assert [row.multiply_adds for row in table.rows] == [4 * 4 * 9, 7]
    with raises("of kind Odd has weights"):
        layer_table(model, (6, 6, 1))
