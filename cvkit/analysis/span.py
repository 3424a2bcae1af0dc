"""Which input pixels each position of a feature map sees, along one axis."""

import math
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Span:
    """First and last pixel seen by every position of a feature map, along one axis.

    Position u sees pixels ``first[u % P] + (u // P) * step`` to ``last[u % P] + (u // P) * step``, where P is the
    length of the two tuples. After convolutions P is 1. After upsampling by two it is 2: neighbours see the same
    pixels, and every second position moves on. Pixels below 0 or beyond the image lie in the padding.

    Attributes:
        first: tuple of P ints.
        last: tuple of P ints.
        step: pixels by which the pattern moves every P positions.

    Example:
        >>> Span().slide(kernel=3).slide(kernel=2, stride=2).slide(kernel=3)
        Span(first=(0,), last=(7,), step=2)

    Reference:
        Araujo et al., "Computing Receptive Fields of Convolutional Neural Networks", Distill, 2019,
        doi 10.23915/distill.00021. They follow size and stride by formulas, which are exact until a map is enlarged;
        here the pixels themselves are followed.
    """

    first: tuple = (0,)
    last: tuple = (0,)
    step: int = 1

    @property
    def size(self):
        """Pixels seen by the position that sees most."""
        return max(last - first + 1 for first, last in zip(self.first, self.last, strict=True))

    @property
    def jump(self):
        """Pixels between neighbouring positions, a `fractions.Fraction`: below 1 in a map larger than the image."""
        return Fraction(self.step, len(self.first))

    def slide(self, kernel, stride=1, dilation=1, padding=0):
        """Span after a window: convolution or pooling.

        Args:
            kernel: positions in the window.
            stride: positions between windows.
            dilation: positions between neighbours in the window.
            padding: positions added before the first; negative ones are cut off.
        """
        period = len(self.first) // math.gcd(len(self.first), stride)
        step = self.step * stride * period // len(self.first)
        return self._read(period, step, lambda u: [u * stride - padding + t * dilation for t in range(kernel)])

    def spread(self, kernel, stride=1, dilation=1, padding=0):
        """Span after a transposed window: input i reaches outputs ``i * stride - padding + t * dilation``.

        Args:
            kernel: outputs reached by each input.
            stride: outputs between the windows of neighbouring inputs.
            dilation: outputs between neighbours in the window.
            padding: outputs cut off before the first.
        """

        def sources(u):
            starts = [u + padding - t * dilation for t in range(kernel)]
            return [start // stride for start in starts if start % stride == 0]

        return self._read(len(self.first) * stride, self.step, sources)

    def interpolate(self, factor):
        """Span after linear interpolation to `factor` times the size, pixel centres at halves."""

        def sources(u):
            place = Fraction(2 * u + 1 - factor, 2 * factor)  # (u + 1/2) / factor - 1/2
            return [math.floor(place), math.ceil(place)]

        return self._read(len(self.first) * factor, self.step, sources)

    def join(self, other):
        """Span where two paths meet: from the first pixel that either sees to the last.

        Raises:
            ValueError: the paths have different jumps, so that their positions do not belong together.
        """
        if self.jump != other.jump:
            raise ValueError(f"paths with {self.jump} and {other.jump} pixels between positions meet")
        period = math.lcm(len(self.first), len(other.first))
        pairs = [(self._at(u), other._at(u)) for u in range(period)]
        first = tuple(min(a[0], b[0]) for a, b in pairs)
        return Span(first, tuple(max(a[1], b[1]) for a, b in pairs), int(self.jump * period))

    def _at(self, u):
        turn, place = divmod(u, len(self.first))
        return self.first[place] + turn * self.step, self.last[place] + turn * self.step

    def _read(self, period, step, sources):
        seen = [[self._at(i) for i in sources(u)] for u in range(period)]
        # A position that reads nothing (a transposed kernel smaller than its stride) sees from +inf to -inf.
        first = tuple(min((a for a, _ in pairs), default=math.inf) for pairs in seen)
        return Span(first, tuple(max((b for _, b in pairs), default=-math.inf) for pairs in seen), step)
