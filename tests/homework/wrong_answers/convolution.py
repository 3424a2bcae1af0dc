"""Wrong answers to the exercises of lesson 01."""

import numpy as np


def loop(output_shape, value):
    output = np.zeros(output_shape)
    for i in range(output_shape[0]):
        for j in range(output_shape[1]):
            output[i, j] = value(i, j)
    return output


def flipped(image, kernel):
    h, w = kernel.shape
    shape = image.shape[0] - h + 1, image.shape[1] - w + 1
    return loop(
        shape,
        lambda i, j: sum(image[i + h - 1 - a, j + w - 1 - b] * kernel[a, b] for a in range(h) for b in range(w)),
    )


def one_short(image, kernel):
    h, w = kernel.shape
    shape = image.shape[0] - h, image.shape[1] - w
    return loop(shape, lambda i, j: np.sum(image[i : i + h, j : j + w] * kernel))


def mean_instead_of_sum(image, kernel):
    h, w = kernel.shape
    shape = image.shape[0] - h + 1, image.shape[1] - w + 1
    return loop(shape, lambda i, j: np.mean(image[i : i + h, j : j + w] * kernel))


def pool_by_size(image, size, stride):
    shape = (image.shape[0] - size) // size + 1, (image.shape[1] - size) // size + 1
    return loop(shape, lambda i, j: image[i * size : (i + 1) * size, j * size : (j + 1) * size].max())


def pool_minimum(image, size, stride):
    shape = (image.shape[0] - size) // stride + 1, (image.shape[1] - size) // stride + 1
    return loop(
        shape, lambda i, j: min(image[i * stride + a, j * stride + b] for a in range(size) for b in range(size))
    )


def pool_from_zero(image, size, stride):
    shape = (image.shape[0] - size) // stride + 1, (image.shape[1] - size) // stride + 1

    def largest(i, j):
        best = 0
        for a in range(size):
            for b in range(size):
                if image[i * stride + a, j * stride + b] > best:
                    best = image[i * stride + a, j * stride + b]
        return best

    return loop(shape, largest)


def matrix_of(kernel, height, width, step):
    h, w = kernel.shape
    rows = []
    for i in range(height - h + 1):
        for j in range(width - w + 1):
            row = np.zeros(height * width)
            for a in range(h):
                for b in range(w):
                    row[(step(i, j, width, w) + a * width + b) % (height * width)] = kernel[a, b]
            rows.append(row)
    return np.array(rows)


def matrix_without_jump(kernel, height, width):
    return matrix_of(kernel, height, width, lambda i, j, width, w: i * (width - w + 1) + j)


def matrix_flipped(kernel, height, width):
    return matrix_of(np.flip(kernel), height, width, lambda i, j, width, w: i * width + j)


def matrix_transposed(kernel, height, width):
    return np.transpose(matrix_of(kernel, height, width, lambda i, j, width, w: i * width + j))


WRONG = {
    "correlate": [
        (flipped, "turned the kernel by 180 degrees"),
        (one_short, "n - k + 1 places"),
        (mean_instead_of_sum, "mean of the products"),
    ],
    "output-size": [
        (lambda n, k, p=0, s=1: int((n - k + 2 * p) / s), "one short"),
        (lambda n, k, p=0, s=1: int((n - k + p) / s) + 1, "counted the padding once"),
        (lambda n, k, p=0, s=1: int(np.ceil((n + 2 * p - k) / s)) + 1, "rounded up"),
        (lambda n, k, p=0, s=1: (n - k + 2 * p) / s + 1, "without rounding"),
    ],
    "max-pool": [
        (pool_minimum, "minimum"),
        (pool_by_size, "Move by `stride`"),
        (pool_from_zero, "started each maximum from 0"),
    ],
    "convolution-matrix": [
        (matrix_without_jump, "start of the next line"),
        (matrix_flipped, "180 degrees"),
        (matrix_transposed, "one row for each output"),
    ],
    "num-parameters": [
        (lambda k, c_in, c_out: k * k * c_in * c_out, "left out the biases"),
        (lambda k, c_in, c_out: (k * k + 1) * c_out, "left out the input channels"),
        (lambda k, c_in, c_out: k * k * c_in * c_out + 1, "one bias for the whole layer"),
    ],
}
