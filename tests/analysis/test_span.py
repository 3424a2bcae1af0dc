from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit.analysis import Span
from tests.support import raises

windows = st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 2), st.integers(0, 2))


def test_hand_worked_case():
    # Kernel 3 with padding 1: position 0 sees -1 to 1. Kernel 2 of stride 2: positions 0 and 1, so -1 to 2; jump 2.
    # Dilation 2, kernel 3, padding 2: positions -2, 0, 2, so -1 - 4 to 2 + 4.
    span = Span().slide(3, padding=1).slide(2, stride=2)
    assert span == Span((-1,), (2,), 2)
    assert span.slide(3, dilation=2, padding=2) == Span((-5,), (6,), 2)


@given(st.lists(windows, max_size=4))
def test_follows_the_formulas_until_something_is_enlarged(stack):
    span, size, jump = Span(), 1, 1
    for kernel, stride, dilation, padding in stack:
        span = span.slide(kernel, stride, dilation, padding)
        size += (kernel - 1) * dilation * jump
        jump *= stride
    assert (span.size, span.jump) == (size, jump)


@given(st.lists(windows, max_size=3), windows)
def test_a_transposed_window_turns_a_window_round(stack, window):
    # Input i reaches output o through the transposed window exactly when output i of the window reads input o.
    kernel, stride, dilation, padding = window
    span = Span()
    for each in stack:
        span = span.slide(*each)
    result = span.spread(kernel, stride, dilation, padding)
    for o in range(len(result.first)):
        readers = [i for i in range(-20, 20) if o in [i * stride - padding + t * dilation for t in range(kernel)]]
        assert result.first[o] == min((span.first[0] + i * span.step for i in readers), default=float("inf"))
        assert result.last[o] == max((span.last[0] + i * span.step for i in readers), default=float("-inf"))
    assert result.jump == span.jump / stride


def test_upsampling_by_hand():
    # Nearest: 0 0 1 1 2 2. A kernel of 2 then reads one or two pixels, a kernel of 3 always two.
    double = Span().spread(2, 2)
    assert double == Span((0, 0), (0, 0), 1)
    assert double.jump == Fraction(1, 2)
    assert (double.slide(2).size, double.slide(3).size) == (2, 2)
    # Linear: output 0 lies at -1/4 between pixels -1 and 0, output 1 at 1/4 between 0 and 1.
    assert Span().interpolate(2) == Span((-1, 0), (0, 1), 1)
    # Factor 3: outputs at -1/3, 0, 1/3: the middle one is a pixel itself.
    assert Span().interpolate(3) == Span((-1, 0, 0), (0, 0, 1), 1)


def test_enlarging_and_reducing_again_gives_whole_steps():
    assert Span().spread(2, 2).slide(2, stride=2) == Span()


def test_paths_meet():
    wide, shifted = Span().slide(5, padding=2), Span().slide(3)
    assert wide.join(shifted) == Span((-2,), (2,), 1)
    assert Span().join(shifted.slide(1)) == shifted
    # A skip over a map that was halved and doubled: period 2 against period 1.
    halved = Span().slide(2, stride=2).spread(2, 2)
    assert halved.join(Span()) == Span().join(halved) == Span((0, 0), (1, 1), 2)
    with raises("2 and 1 pixels between positions meet"):
        Span().slide(2, stride=2).join(Span())


def test_a_kernel_smaller_than_its_stride_leaves_positions_that_see_nothing():
    assert Span().spread(1, 2).size == 1


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_a_window_of_one_only_moves(stride):
    assert Span().slide(1, stride=stride, padding=-4) == Span((4,), (4,), stride)
