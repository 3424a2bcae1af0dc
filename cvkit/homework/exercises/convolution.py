"""Exercises of lesson 01: a convolution, its sizes, its matrix, its cost, and pooling."""

import numpy as np

from cvkit.homework.exercise import Exercise, Mistake


def correlate(image, kernel):
    """Slide a kernel over an image, without padding, one pixel at a time."""
    rows, columns = kernel.shape
    output = np.zeros((image.shape[0] - rows + 1, image.shape[1] - columns + 1))
    for i, j in np.ndindex(output.shape):
        output[i, j] = (image[i : i + rows, j : j + columns] * kernel).sum()
    return output


_images = (
    np.arange(12.0).reshape(3, 4) ** 2 % 7,
    np.array([[1.0, 0, 2, 3, 1], [4, 1, 0, 1, 2], [2, 2, 5, 0, 1], [0, 3, 1, 1, 4]]),
)
_kernels = (np.array([[0.0, 1], [2, 3]]), np.array([[1.0, 2, 0], [-1, 3, 1]]))

CORRELATE = Exercise(
    id="correlate",
    points=3,
    reference=correlate,
    cases=(
        (_images[0], _kernels[0]),
        (_images[1], _kernels[1][:, :2]),
        (_images[1], _kernels[1]),
        (_images[1][:3, :3], _images[1][:3, :3]),
    ),
    mistakes=(
        Mistake(
            lambda image, kernel: correlate(image, kernel[::-1, ::-1]),
            "You turned the kernel by 180 degrees. That is a convolution in the mathematician's sense; the layers of "
            "this "
            "course, like every deep-learning library, do not turn it.",
        ),
        Mistake(
            lambda image, kernel: correlate(image, kernel.T),
            "You used the transposed kernel: rows and columns are swapped. The first index of the kernel goes down, as "
            "that of the image does.",
        ),
        Mistake(
            lambda image, kernel: correlate(image, kernel)[:-1, :-1],
            "Your output lacks its last row and column: a kernel of k pixels fits into n pixels at n - k + 1 places, "
            "not "
            "n - k.",
        ),
        Mistake(
            lambda image, kernel: correlate(np.pad(image, [(s // 2, (s - 1) // 2) for s in kernel.shape]), kernel),
            "You padded the image. Here the kernel stays inside it, so the output is smaller than the input.",
        ),
        Mistake(
            lambda image, kernel: correlate(image, kernel) / kernel.size,
            "You took the mean of the products. Take their sum.",
        ),
    ),
)


def output_size(n, k, p=0, s=1):
    """Pixels along one side of the output: input n, kernel k, p zeros on each side, stride s."""
    return (n + 2 * p - k) // s + 1


OUTPUT_SIZE = Exercise(
    id="output-size",
    points=2,
    reference=output_size,
    cases=((5, 3, 0, 1), (28, 5, 2, 1), (7, 2, 0, 2), (7, 3, 1, 2), (224, 7, 3, 2), (10, 3, 0, 3)),
    mistakes=(
        Mistake(
            lambda n, k, p=0, s=1: (n + 2 * p - k) // s,
            "You are one short. The kernel starts at pixel 0, and that first place counts too: add 1 at the end.",
        ),
        Mistake(
            lambda n, k, p=0, s=1: (n + p - k) // s + 1,
            "You counted the padding once. In this exercise p zeros stand on each of the two sides, so the input "
            "grows by 2p.",
        ),
        Mistake(
            lambda n, k, p=0, s=1: -(-(n + 2 * p - k) // s) + 1,
            "You rounded up. When the last step would leave the input, the kernel does not take it: round down.",
        ),
        Mistake(
            lambda n, k, p=0, s=1: (n + 2 * p - k + 1) // s,
            "You added 1 before dividing by the stride. The strides cover n + 2p - k pixels; the first place is added "
            "after.",
        ),
        Mistake(
            lambda n, k, p=0, s=1: (n + 2 * p - k) / s + 1,
            "You divided without rounding. An output has a whole number of pixels: round down (`//`).",
        ),
        Mistake(
            lambda n, k, p=0, s=1: n + 2 * p - k + 1,
            "You left the stride out.",
        ),
    ),
)


def max_pool(image, size, stride):
    """The largest value of each window of size x size pixels."""
    rows, columns = ((n - size) // stride + 1 for n in image.shape)
    output = np.zeros((rows, columns))
    for i, j in np.ndindex(output.shape):
        output[i, j] = image[i * stride : i * stride + size, j * stride : j * stride + size].max()
    return output


def _pool(image, size, stride, reduce):
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size))[::stride, ::stride]
    return reduce(windows, axis=(2, 3))


MAX_POOL = Exercise(
    id="max-pool",
    points=2,
    reference=max_pool,
    cases=(
        (np.arange(9.0).reshape(3, 3), 2, 1),
        (_images[1], 2, 2),
        (-1 - _images[1], 2, 2),
        (np.array([[3.0, 1, 4, 1, 5, 9], [2, 6, 5, 3, 5, 8], [9, 7, 9, 3, 2, 3], [8, 4, 6, 2, 6, 4]]), 3, 1),
        (np.array([[3.0, 1, 4, 1, 5, 9, 2], [2, 6, 5, 3, 5, 8, 0], [9, 7, 9, 3, 2, 3, 1]]), 2, 3),
    ),
    mistakes=(
        Mistake(
            lambda image, size, stride: _pool(image, size, stride, np.min),
            "You took the minimum of each window, not the maximum.",
        ),
        Mistake(
            lambda image, size, stride: _pool(image, size, stride, np.mean),
            "You took the mean of each window: that is average pooling.",
        ),
        Mistake(
            lambda image, size, stride: _pool(image, size, size, np.max),
            "You moved by the window's size. Move by `stride`, which may differ from `size`.",
        ),
        Mistake(
            lambda image, size, stride: _pool(image, size, 1, np.max),
            "You moved by one pixel each time. Move by `stride`.",
        ),
        Mistake(
            lambda image, size, stride: np.maximum(max_pool(image, size, stride), 0),
            "You started each maximum from 0, which hides negative values. Start from the window's own values.",
        ),
    ),
)


def convolution_matrix(kernel, height, width):
    """Matrix whose product with the flattened image is the flattened output of `correlate`."""
    rows, columns = kernel.shape
    output_rows, output_columns = height - rows + 1, width - columns + 1
    matrix = np.zeros((output_rows * output_columns, height * width))
    for i, j in np.ndindex(output_rows, output_columns):
        place = np.zeros((height, width))
        place[i : i + rows, j : j + columns] = kernel
        matrix[i * output_columns + j] = place.ravel()
    return matrix


def _no_jump_at_line_ends(kernel, height, width):
    rows, columns = kernel.shape
    output_rows, output_columns = height - rows + 1, width - columns + 1
    place = np.zeros((height, width))
    place[:rows, :columns] = kernel
    return np.array([np.roll(place.ravel(), shift) for shift in range(output_rows * output_columns)])


CONVOLUTION_MATRIX = Exercise(
    id="convolution-matrix",
    points=3,
    reference=convolution_matrix,
    cases=((_kernels[0], 3, 3), (_kernels[0], 2, 4), (_kernels[1], 4, 5)),
    mistakes=(
        Mistake(
            lambda kernel, height, width: convolution_matrix(kernel, height, width).T,
            "Your matrix is transposed: it needs one row for each output and one column for each input. (The "
            "transpose is "
            "useful too: it is the transposed convolution of lesson 15.)",
        ),
        Mistake(
            _no_jump_at_line_ends,
            "Each of your rows is the one above moved by one. That is right within a line of the output, but at its "
            "end the "
            "kernel jumps to the start of the next line, by more than one column of the matrix.",
        ),
        Mistake(
            lambda kernel, height, width: convolution_matrix(kernel[::-1, ::-1], height, width),
            "You turned the kernel by 180 degrees. The layers of this course do not turn it.",
        ),
        Mistake(
            lambda kernel, height, width: convolution_matrix(kernel.T, height, width),
            "You used the transposed kernel: rows and columns are swapped.",
        ),
    ),
)


def num_parameters(kernel_size, input_channels, output_channels):
    """Weights and biases of a convolutional layer with square kernels."""
    return (kernel_size**2 * input_channels + 1) * output_channels


NUM_PARAMETERS = Exercise(
    id="num-parameters",
    points=2,
    reference=num_parameters,
    cases=((5, 1, 10), (3, 3, 64), (1, 256, 64), (7, 50, 100)),
    mistakes=(
        Mistake(
            lambda k, ci, co: k**2 * ci * co,
            "You left out the biases: one for each output channel.",
        ),
        Mistake(
            lambda k, ci, co: (k**2 + 1) * co,
            "You left out the input channels. Each kernel looks at all of them, so it has k x k x (input channels) "
            "weights.",
        ),
        Mistake(
            lambda k, ci, co: k**2 * ci * co + 1,
            "You counted one bias for the whole layer. Each output channel has its own.",
        ),
        Mistake(
            lambda k, ci, co: (k**2 + 1) * ci * co,
            "You gave each pair of input and output channel a bias. A bias belongs to an output channel: it is added "
            "once, "
            "after the sum over the input channels.",
        ),
        Mistake(
            lambda k, ci, co: (k * ci + 1) * co,
            "You counted k weights for a kernel that is k pixels high and k wide: it has k x k.",
        ),
    ),
)

EXERCISES = (CORRELATE, OUTPUT_SIZE, MAX_POOL, CONVOLUTION_MATRIX, NUM_PARAMETERS)
