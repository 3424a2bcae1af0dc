# %% [markdown]
# # Convolution: one small kernel, slid over the whole image
#
# **You will**
# - compute a convolution by hand, and see Keras arrive at the same numbers;
# - predict the size of its output for any padding and stride;
# - write it as a matrix, and count its parameters against those of a dense layer;
# - measure how far a stack of layers sees, and what happens when the image moves, turns or is shuffled.
#
# **Before you start:** Python, NumPy, and what a dense (fully connected) layer does. **Time:** 1 minute of computing on two cores, two hours of
# reading and exercises. Follows the Tor Vergata lecture (L3), with examples of AC 209B (L1).

# %%
import cvkit
import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers, ops

lesson = cvkit.lesson("convolution", seed=0)

# %% [markdown]
# ## Why not a dense layer?
#
# A dense layer joins every input to every unit. For a photograph that is a lot of weights: a million pixels and a thousand hidden units make
# $10^6 \times 10^3$ of them. We do not have to build the layer to know. Smaller ones show the rule: one weight for each pair.


# %%
def dense_weights(inputs, units):
    """Weights of a dense layer, biases left out, as Keras makes them."""
    return cvkit.analysis.count_parameters(
        keras.Sequential([keras.Input((inputs,)), layers.Dense(units, use_bias=False)])
    )


[dense_weights(inputs, 10) / (inputs * 10) for inputs in (100, 1_000, 10_000)]

# %%
weights_per_pair = dense_weights(10_000, 10) // (10_000 * 10)
lesson.claim("dense-on-a-megapixel", weights_per_pair * 10**6 * 10**3)

# %% [markdown]
# A billion weights, four gigabytes, for one layer. And they would have to learn the same thing a million times over: an edge in the upper left corner
# and the same edge in the lower right share no weight. Two facts about images help us out.
#
# - *Nearby pixels belong together.* A unit can look at a small window and ignore the rest.
# - *What is worth seeing here is worth seeing there.* Every window can share the same few weights.
#
# ## The idea, by hand
#
# The shared weights are called the **kernel** (or filter). We lay it on the image, multiply each weight by the pixel below it, and add the products
# up. That is one number of the output. Then we move on by one pixel. For an image $X$ and a kernel $K$,
#
# $$H_{i,j} = \sum_{a}\sum_{b} K_{a,b}\; X_{i+a,\; j+b}.$$
#
# The lecture's example: the image holds the numbers 0 to 8.

# %%
image = np.arange(9.0).reshape(3, 3)
kernel = np.array([[0.0, 1.0], [2.0, 3.0]])
window = image[0:2, 0:2]
(window * kernel).sum()

# %% [markdown]
# That was the upper left window: $0 \cdot 0 + 1 \cdot 1 + 3 \cdot 2 + 4 \cdot 3 = 19$. The kernel fits into this image at four places, two down and
# two across, so the output has four numbers. Move the slider to visit them. (Where the notebook is only shown and not run, you see one position.)

# %%
cvkit.plots.sliding_kernel(image, kernel, position=0)

# %% [markdown]
# In code, with one loop over the places:

# %%
output = np.zeros((2, 2))
for i, j in np.ndindex(2, 2):
    output[i, j] = (image[i : i + 2, j : j + 2] * kernel).sum()
output

# %% [markdown]
# ## The same with Keras
#
# Keras expects a batch of images, each with channels: the shape is `(batch, height, width, channels)`. Its kernels have the shape `(height, width,
# input channels, output channels)`. Ours has one channel of each kind. This helper adds the extra axes and takes them off again.


# %%
def keras_convolution(image, kernel, **options):
    """Convolve one image (H, W) with one kernel (kh, kw) by `keras.layers.Conv2D`."""
    layer = layers.Conv2D(1, kernel.shape, use_bias=False, **options)
    layer.build((None, None, None, 1))
    layer.set_weights([kernel[:, :, None, None]])
    return ops.convert_to_numpy(layer(image[None, :, :, None].astype("float32")))[0, :, :, 0]


keras_convolution(image, kernel)

# %% [markdown]
# The same four numbers. A word on the name. In mathematics, a *convolution* turns the kernel by 180 degrees before it slides, and what we computed is
# called *cross-correlation*. Deep-learning libraries compute the second and call it the first. It makes no difference to them: the kernel is learned,
# and a network can learn the turned kernel as well as the other. It does make a difference when you compare with SciPy:

# %%
from scipy.signal import convolve2d

convolve2d(image, kernel, mode="valid"), convolve2d(image, np.flip(kernel), mode="valid")

# %% [markdown]
# ## What a kernel can see
#
# The weights decide what the output shows. Four weights of 0.25 give the mean of four pixels: the picture gets softer. The two weights $[1, -1]$ give
# the difference between a pixel and its right neighbour: zero where nothing changes, large where brightness jumps. That is an edge detector, with two
# weights.

# %%
photo = cvkit.data.load("photos")["camera"][..., 0] / 255.0
blurred = keras_convolution(photo, np.full((9, 9), 1 / 81))
edges = keras_convolution(photo, np.array([[1.0, -1.0]]))
captions = ["photograph", "mean of 9 × 9 pixels", "kernel [1, −1], absolute value"]
fig = cvkit.plots.image_grid([photo, blurred, np.minimum(4 * abs(edges), 1)], captions, size=3)
lesson.figure(
    fig, alt="A man with a camera: the photograph, a softened copy, and a dark copy with bright vertical outlines."
)

# %% [markdown]
# Look at the tripod and the coat: their left and right outlines are bright. The horizon, a horizontal edge, is missing on the right: nothing changes
# there from left to right. To see it, the kernel would have to stand upright. A network has many kernels, and learns which ones it needs.
#
# ## Padding: keep the size
#
# A $k \times k$ kernel fits into $n$ pixels at $n - k + 1$ places, so each layer shrinks the image. To stop that, we add a frame of zeros:
# **padding**. The lecture pads the image above by one zero on each side, to 5 × 5.

# %%
padded = np.pad(image, 1)
padded_output = keras_convolution(padded, kernel)
fig, axes = plt.subplots(1, 2, figsize=(7, 3.4))
cvkit.plots.matrix(padded, axes[0], "input, padded to 5 × 5")
cvkit.plots.matrix(padded_output, axes[1], "output, 4 × 4", cmap="Greens")
lesson.figure(
    fig, alt="Left: the numbers 0 to 8 in a frame of zeros. Right: the 4 × 4 output, rows 0 3 8 4 to 6 7 8 0."
)

# %%
lesson.claim("padded-example", padded_output)

# %% [markdown]
# **A slip in the slides.** L3 prints these sixteen numbers, but describes them as 5 × 5 with a first column of zeros. The output has $5 - 2 + 1 = 4$
# rows, and its first column is 0, 9, 21, 6: the kernel touches the image there with its right half.
#
# Two conventions are in use, so read with care. L3 writes $n + p - k + 1$ with $p$ for the zeros added *in total*. L1 writes $n + 2p - f$ with $p$
# for the zeros on *each side*, and so do most papers. Keras avoids the question: `padding="valid"` means none, and `padding="same"` adds what is
# needed to keep the size. With an odd kernel that is
# $(k - 1) / 2$ on each side. This is one reason why kernels are usually odd.
#
# ## Stride: skip places
#
# With a **stride** of $s$ the kernel moves by $s$ pixels at a time. The lecture's second example:

# %%
image2 = np.array([[0.0, 1, 2, 7], [4, 3, 5, 0], [6, 7, 8, 2]])
stride1, stride2 = keras_convolution(image2, kernel), keras_convolution(image2, kernel, strides=2)
print(stride1, "and with stride 2:", stride2, sep="\n")

# %%
lesson.claim("stride-1-example", stride1)
lesson.claim("stride-2-example", stride2)

# %% [markdown]
# Stride 2 took a 3 × 4 image to 1 × 2. "Halves the size" is a rule of thumb. The exact rule, with $p$ zeros on each side, is
#
# $$n_\text{out} = \left\lfloor \frac{n + 2p - k}{s} \right\rfloor + 1.$$
#
# The brackets mean *round down*: when the last step would leave the image, it is not taken. In our example the third row was never the top of a
# window.
#
# ## Channels: look through the whole stack
#
# A colour image has three **channels**. The kernel then has three layers of weights, one for each, and the products of all three are added into one
# number:
#
# $$H_{i,j,k} = b_k + \sum_{a}\sum_{b}\sum_{c} K_{a,b,c,k}\; X_{i+a,\; j+b,\; c}.$$
#
# Several such kernels, numbered by $k$, make several output channels, and each has a bias $b_k$. (L3 writes images as $3 \times h \times w$ here and
# as $h \times w \times c$ a page later. Keras puts channels last.) One line of NumPy says the same as the formula:

# %%
rng = np.random.default_rng(0)
colour = rng.normal(size=(1, 8, 9, 3)).astype("float32")
layer = layers.Conv2D(4, 3, bias_initializer="normal")
by_keras = ops.convert_to_numpy(layer(colour))
kernels, bias = (ops.convert_to_numpy(weight) for weight in layer.weights)
windows = np.lib.stride_tricks.sliding_window_view(colour[0], (3, 3), axis=(0, 1))  # (6, 7, 3, 3, 3): i, j, c, a, b
by_hand = np.einsum("ijcab,abck->ijk", windows, kernels) + bias
kernels.shape, by_hand.shape, float(abs(by_keras[0] - by_hand).max())

# %% [markdown]
# Three rows, three columns, three input channels, four output channels; the largest difference is rounding.
#
# Even a **1 × 1 kernel** makes sense now. It sees one pixel, but all its channels. With the weights (1/3, 1/3, 1/3) it turns colour into grey; with
# others it picks out a colour.

# %%
cat = cvkit.data.load("photos")["chelsea"] / 255.0
grey = cat @ np.array([1 / 3, 1 / 3, 1 / 3])
warm = cat @ np.array([1.0, 0.0, -1.0])
fig = cvkit.plots.image_grid([cat, grey, warm], ["colour", "mean of the channels", "red minus blue"], size=3)
lesson.figure(
    fig, alt="A cat in colour, in grey, and as red minus blue, in which the fur is bright and the eyes' rims are dark."
)

# %% [markdown]
# ## One dimension: a series
#
# Nothing above needs two dimensions. On a time series, a kernel of equal weights is a moving average.

# %%
time = np.linspace(0, 4 * np.pi, 200)
series = np.sin(time) + rng.normal(scale=0.4, size=200)
smoother = layers.Conv1D(1, 15, use_bias=False, kernel_initializer=keras.initializers.Constant(1 / 15))
smooth = ops.convert_to_numpy(smoother(series[None, :, None]))[0, :, 0]
fig, ax = plt.subplots(figsize=(7, 2.4))
ax.plot(time, series, color="lightgrey", label="series")
ax.plot(time[7:-7], smooth, label="mean of 15 neighbours")
ax.set(xlabel="time", ylabel="value", title="A convolution in one dimension")
ax.legend(frameon=False)
lesson.figure(
    fig, alt="A noisy sine wave in grey, and a smooth one through its middle, shorter by seven points on each side."
)

# %% [markdown]
# ## Pooling: summarise a window
#
# **Pooling** slides a window too, but has no weights: it takes the maximum (or the mean) of what it sees, in each channel by itself.

# %%
pooled = layers.MaxPooling2D(2, strides=1)(image[None, :, :, None])
lesson.claim("max-pooling-example", ops.convert_to_numpy(pooled)[0, :, :, 0])

# %% [markdown]
# Here the windows overlap, because the stride is 1. Usually the stride equals the window, so that 2 × 2 pooling halves height and width.
#
# ## A convolution is a matrix
#
# Every output is a weighted sum of pixels. So the whole operation is one matrix times the flattened image: a dense layer in which most weights are
# zero and the others are shared. For a 3 × 3 image and a 2 × 2 kernel the matrix has four rows, one for each output, and nine columns, one for each
# pixel.

# %%
matrix = np.zeros((4, 9))
for row, (i, j) in enumerate(np.ndindex(2, 2)):
    for a, b in np.ndindex(2, 2):
        matrix[row, (i + a) * 3 + (j + b)] = kernel[a, b]
fig, ax = plt.subplots(figsize=(6, 2.8))
cvkit.plots.matrix(matrix, ax, "the matrix of the kernel [[0, 1], [2, 3]]")
lesson.figure(
    fig, alt="A 4 × 9 matrix. Each row holds 0 1 . 2 3, moved right by one, and by two where a new line begins."
)

# %%
lesson.claim("convolution-is-a-matrix", abs(matrix @ image.ravel() - keras_convolution(image, kernel).ravel()).max())

# %% [markdown]
# Look at how the rows move. From the first to the second the kernel goes one pixel to the right, and so do the weights. From the second to the third
# it goes to a new line of the image, and the weights move by two. (The slide spells these rows out, and its third ends in $a_{2,3} \cdot 0$ where it
# must be $a_{3,3} \cdot 0$. Its general formula has $x_{j+1,i+1}$ for
# $x_{i+1,j+1}$.)
#
# Since it is a matrix product, it can be trained like one: backpropagation needs nothing new.
#
# ## How far does a unit see?
#
# One 3 × 3 layer sees three pixels across. A unit of the second layer sees a 3 × 3 window of the first, whose units see 3 × 3 pixels each: five
# across, together. We measure it: an output depends on a pixel exactly if its gradient with respect to that pixel is not zero. With all weights one,
# the gradient also counts the paths.


# %%
def stack(depth):
    """So many 3 × 3 layers, one channel each, all weights one."""
    x = inputs = keras.Input((15, 15, 1))
    for _ in range(depth):
        x = layers.Conv2D(1, 3, padding="same", use_bias=False, kernel_initializer="ones")(x)
    return keras.Model(inputs, x)


footprints = [cvkit.analysis.gradient_footprint(stack(depth)) for depth in (1, 2, 3)]
widths = [int((footprint.max(axis=0) > 0).sum()) for footprint in footprints]
captions = [f"{depth} layer(s): {width} pixels" for depth, width in zip((1, 2, 3), widths, strict=True)]
fig = cvkit.plots.image_grid(footprints, captions, size=2.2)
lesson.figure(
    fig, alt="Three black squares, each with a bright patch in the middle: 3, 5 and 7 pixels wide, fading to its rim."
)

# %%
lesson.claim("receptive-field-grows", widths)

# %% [markdown]
# This is the **receptive field**. It grows by two with each layer, so even small kernels see far in a deep network. The middle counts more than the
# rim: more paths lead there. The package works the number out from the layers, without a gradient; here for the three-layer stack.

# %%
cvkit.analysis.layer_table(stack(3))

# %% [markdown]
# ## Move the image, and the output moves
#
# Sharing the weights has a consequence. If the image moves by three pixels, so does the output: the layer is **equivariant** to translation. We shift
# the photograph to the right and compare two orders of work, away from the border.

# %%
small = photo[100:228, 160:288]
detector = np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
shift_then_filter = keras_convolution(np.roll(small, 3, axis=1), detector)
filter_then_shift = np.roll(keras_convolution(small, detector), 3, axis=1)
inside = np.s_[:, 3:]
lesson.claim("convolution-is-equivariant", abs(shift_then_filter[inside] - filter_then_shift[inside]).max())

# %% [markdown]
# L1 says *invariant*, which would mean that the output does not change at all. It does: it moves along. Pooling brings a little of the other. The
# maximum of a window often stays the same when the image moves by one pixel, because the brightest spot is still inside the window. We measure how
# much the output changes, relative to its size, before and after pooling.


# %%
def relative_change(before, after):
    return np.linalg.norm(after - before) / np.linalg.norm(before)


def max_pool(maps, size):
    return ops.convert_to_numpy(layers.MaxPooling2D(size)(maps[None, :, :, None]))[0, :, :, 0]


# %%
response = abs(keras_convolution(small, detector))
moved = abs(keras_convolution(np.roll(small, 1, axis=1), detector))
sizes = (1, 2, 4, 8)
changes = [relative_change(max_pool(response, size), max_pool(moved, size)) for size in sizes]
fig, ax = plt.subplots(figsize=(5, 2.6))
ax.bar([f"{size} × {size}" for size in sizes], changes)
ax.set(
    xlabel="pooling window", ylabel="relative change", title="Change of the output when the image moves by one pixel"
)
lesson.figure(fig, alt="Four bars, falling from left to right: the larger the pooling window, the smaller the change.")

# %%
lesson.claim("pooling-adds-invariance", changes[2] / changes[0])

# %% [markdown]
# Less, but not nothing: the larger the window, the smaller the change. And translation is all we get. If we turn the image by 90 degrees, or enlarge
# it, the output is not the turned or enlarged one.

# %%
filtered = keras_convolution(small, detector)
turned = relative_change(np.rot90(filtered), keras_convolution(np.rot90(small), detector))
enlarged_input = np.kron(small, np.ones((2, 2)))
enlarged = relative_change(np.kron(filtered, np.ones((2, 2))), keras_convolution(enlarged_input, detector)[1:-1, 1:-1])
lesson.claim("rotation-is-not-equivariant", [turned, enlarged])

# %% [markdown]
# A network that must recognise turned objects has to see turned objects in training.
#
# ## Shuffle the pixels
#
# Here is a test of what a network uses. We shuffle the pixels of every image, in the same way for all of them. To us the digits become unreadable.
# Does a network mind?

# %%
digits = {split: cvkit.data.load("digits", split) for split in ("train", "test")}
order = np.random.default_rng(0).permutation(64)


def shuffled(images):
    return images.reshape(len(images), 64)[:, order].reshape(images.shape)


examples = digits["train"]["images"][:6]
fig = cvkit.plots.image_grid(np.concatenate([examples, shuffled(examples)]), columns=6)
fig.suptitle("Six digits, and the same six with their pixels shuffled")
lesson.figure(
    fig,
    alt="Upper row: six handwritten digits on 8 × 8 pixels. Lower row: the same pixels in shuffled order, unreadable.",
)


# %% [markdown]
# We train a dense network and a convolutional one, of nearly the same number of parameters, on both versions. One run proves little, so we take three
# seeds.


# %%
def dense_network():
    hidden = [layers.Flatten(), layers.Dense(68, "relu")]
    return keras.Sequential([keras.Input((8, 8, 1)), *hidden, layers.Dense(10)])


def convolutional_network():
    options = dict(padding="same", activation="relu")
    hidden = [layers.Conv2D(16, 3, **options), layers.MaxPooling2D(2), layers.Conv2D(32, 3, **options)]
    return keras.Sequential([keras.Input((8, 8, 1)), *hidden, layers.GlobalMaxPooling2D(), layers.Dense(10)])


[cvkit.analysis.count_parameters(network()) for network in (dense_network, convolutional_network)]


# %%
def accuracy(network, prepare, seed):
    """Test accuracy after 15 epochs on the training images, both sets prepared alike."""
    keras.utils.set_random_seed(seed)
    model = network()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    train, test = digits["train"], digits["test"]
    model.fit(prepare(train["images"]) / 255.0, train["labels"], batch_size=32, epochs=15, verbose=0)
    return model.evaluate(prepare(test["images"]) / 255.0, test["labels"], verbose=0)[1]


# %%
lost = {}
for network in (dense_network, convolutional_network):
    runs = [[accuracy(network, prepare, seed) for prepare in (lambda x: x, shuffled)] for seed in (0, 1, 2)]
    plain, mixed = np.mean(runs, axis=0)
    lost[network] = plain - mixed
    print(
        f"{network.__name__:24}{plain:.3f} in order, {mixed:.3f} shuffled (spread over seeds {np.ptp(runs, axis=0).max():.3f})"
    )

# %%
lesson.claim("dense-net-ignores-order", lost[dense_network])
lesson.claim("convolution-needs-order", lost[convolutional_network])

# %% [markdown]
# The dense network does not care: to it, an image is a list. The convolutional one loses accuracy, because neighbours in the shuffled image have
# nothing to do with each other. It had been using that they do.
#
# ## Counting parameters
#
# L1 introduces convolutional networks with this one: ten 5 × 5 kernels, 2 × 2 max pooling, a dense layer of 200 units. It counts 250 + 10 parameters
# in the convolution, and 338,000 + 200 in the dense layer, since pooling leaves 13 × 13 × 10 = 1,690 numbers. Which image gives 13 × 13?


# %%
def intro_network(size):
    body = [layers.Conv2D(10, 5), layers.MaxPooling2D(2), layers.Flatten(), layers.Dense(200)]
    return keras.Sequential([keras.Input((size, size, 1)), *body])


for size in (28, 30):
    print(size, "->", intro_network(size).layers[1].output.shape[1:])

# %%
lesson.claim("intro-network-parameters", cvkit.analysis.count_parameters(intro_network(30)))

# %% [markdown]
# **A slip in the slides.** The lecture's picture suggests digits of 28 × 28 pixels. Those give $28 - 5 + 1 = 24$, and 12 × 12 after pooling. With
# padding it would be 14 × 14. A 30 × 30 image gives 26, and then 13: that is the geometry for which the slide's counts are right.
#
# Notice where the parameters are: 260 in the convolution and 338,200 in the dense layer. The dense layer grows with the image, the convolution does
# not.
#
# A last count for later. L3 replaces a dense layer on a 7 × 7 × 50 stack of maps by a 7 × 7 convolution with 100 kernels. Same weights, same outputs;
# but the convolution also accepts a larger image. That trick turns a classifier into a detector, in lesson 09.

# %%
maps = keras.Input((7, 7, 50))
dense_head = keras.Model(maps, layers.Dense(100)(layers.Flatten()(maps)))
convolutional_head = keras.Model(maps, layers.Conv2D(100, 7)(maps))
counts = [cvkit.analysis.count_parameters(model) for model in (dense_head, convolutional_head)]
lesson.claim("dense-equals-convolution", counts)

# %%
weights, bias = dense_head.get_weights()
convolutional_head.set_weights([weights.reshape(7, 7, 50, 100), bias])
features = rng.normal(size=(1, 7, 7, 50)).astype("float32")
outputs = [ops.convert_to_numpy(model(features)).ravel() for model in (dense_head, convolutional_head)]
float(abs(outputs[0] - outputs[1]).max())

# %% [markdown]
# The dense layer's weights, put into another shape, are the convolution's kernels. The outputs agree.
#
# ## Exercises
#
# Replace the line that raises `NotImplementedError` by your answer, run the cell, then run the check below it. A wrong answer is told what is wrong
# with it. Try as often as you like.
#
# ### Exercise 1: the convolution itself (3 points)
#
# Write the convolution of this lesson: `image` and `kernel` are NumPy arrays with two axes, there is no padding, and the stride is 1. Mind the size
# of the output.


# %% nbgrader={"schema_version": 3, "grade_id": "correlate", "solution": true, "grade": false, "locked": false, "task": false}
def correlate(image, kernel):
    """Slide the kernel over the image, without padding, one pixel at a time."""
    ### BEGIN SOLUTION
    rows, columns = kernel.shape
    windows = np.lib.stride_tricks.sliding_window_view(
        image, (rows, columns)
    )  # (output rows, output columns, rows, columns)
    return np.einsum("ijab,ab->ij", windows, kernel)
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "correlate-check", "solution": false, "grade": true, "points": 3, "locked": true, "task": false}
lesson.check("correlate", correlate)
### BEGIN HIDDEN TESTS
hidden_image, hidden_kernel = np.arange(20.0).reshape(4, 5) % 6, np.array([[2.0, -1, 0], [1, 0, 3]])
assert np.allclose(correlate(hidden_image, hidden_kernel), keras_convolution(hidden_image, hidden_kernel))
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 2: size of the output (2 points)
#
# How many pixels has one side of the output? The input has `n`, the kernel `k`; there are `p` zeros on *each* side, and the stride is `s`.


# %% nbgrader={"schema_version": 3, "grade_id": "output-size", "solution": true, "grade": false, "locked": false, "task": false}
def output_size(n, k, p=0, s=1):
    """Pixels along one side of the output."""
    ### BEGIN SOLUTION
    return (n + 2 * p - k) // s + 1
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "output-size-check", "solution": false, "grade": true, "points": 2, "locked": true, "task": false}
lesson.check("output-size", output_size)
### BEGIN HIDDEN TESTS
assert output_size(227, 11, p=0, s=4) == 55
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 3: max pooling (2 points)
#
# Take the largest value of each window of `size` × `size` pixels. The window moves by `stride`, and stays inside the image.


# %% nbgrader={"schema_version": 3, "grade_id": "max-pool", "solution": true, "grade": false, "locked": false, "task": false}
def pool(image, size, stride):
    """Max pooling of an image with two axes."""
    ### BEGIN SOLUTION
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size))[::stride, ::stride]
    return windows.max(axis=(2, 3))
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "max-pool-check", "solution": false, "grade": true, "points": 2, "locked": true, "task": false}
lesson.check("max-pool", pool)
### BEGIN HIDDEN TESTS
assert pool(-np.arange(35.0).reshape(5, 7), 3, 2).tolist() == [[0, -2, -4], [-14, -16, -18]]
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 4: the matrix (3 points)
#
# Make the matrix of a convolution for any kernel and any image size: one row for each output, one column for each pixel, both read line by line.


# %% nbgrader={"schema_version": 3, "grade_id": "convolution-matrix", "solution": true, "grade": false, "locked": false, "task": false}
def convolution_matrix(kernel, height, width):
    """Matrix (outputs, height * width) whose product with the flattened image is the flattened output."""
    ### BEGIN SOLUTION
    rows, columns = kernel.shape
    shape = height - rows + 1, width - columns + 1
    result = np.zeros((*shape, height, width))
    for i, j in np.ndindex(shape):
        result[i, j, i : i + rows, j : j + columns] = kernel
    return result.reshape(shape[0] * shape[1], height * width)
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "convolution-matrix-check", "solution": false, "grade": true, "points": 3, "locked": true, "task": false}
lesson.check("convolution-matrix", convolution_matrix)
### BEGIN HIDDEN TESTS
hidden_image, hidden_kernel = np.arange(24.0).reshape(4, 6) % 7, np.array([[1.0, 2], [3, 4], [5, 6]])
hidden_output = (convolution_matrix(hidden_kernel, 4, 6) @ hidden_image.ravel()).reshape(2, 5)
assert np.allclose(hidden_output, keras_convolution(hidden_image, hidden_kernel))
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 5: parameters of a layer (2 points)
#
# How many parameters has a convolutional layer with square kernels? Count the biases too.


# %% nbgrader={"schema_version": 3, "grade_id": "num-parameters", "solution": true, "grade": false, "locked": false, "task": false}
def num_parameters(kernel_size, input_channels, output_channels):
    """Weights and biases of a convolutional layer."""
    ### BEGIN SOLUTION
    return (kernel_size**2 * input_channels + 1) * output_channels
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "num-parameters-check", "solution": false, "grade": true, "points": 2, "locked": true, "task": false}
lesson.check("num-parameters", num_parameters)
### BEGIN HIDDEN TESTS
assert num_parameters(11, 3, 96) == 34_944
### END HIDDEN TESTS

# %% [markdown]
# ## What you saw
# - A convolution slides one small kernel over the image. Keras and a loop of three lines agree on every number.
# - The output has $\lfloor (n + 2p - k) / s \rfloor + 1$ pixels along a side.
# - It is a matrix with few, shared weights. Its parameters do not grow with the image; those of a dense layer do.
# - Stacked 3 × 3 layers see 3, 5, 7 pixels. When the image moves, the output moves along; when it turns, all bets are off. Shuffled pixels hurt a convolutional network
#   and leave a dense one unmoved.
#
# ## The library's way
#
# In practice you write `keras.layers.Conv2D`, `MaxPooling2D` and `AveragePooling2D`. For kernels that you choose yourself, without a layer, there is
# `keras.ops.conv`; SciPy has `scipy.signal.correlate2d` for arrays without channels.

# %%
by_ops = ops.conv(image[None, :, :, None].astype("float32"), kernel[:, :, None, None].astype("float32"))
ops.convert_to_numpy(by_ops)[0, :, :, 0]

# %% [markdown]
# ## References
# - Y. LeCun et al., *Backpropagation applied to handwritten zip code recognition*, Neural Computation 1989.
# - V. Dumoulin and F. Visin, *A guide to convolution arithmetic for deep learning*, arXiv 1603.07285.
# - I. Goodfellow, Y. Bengio and A. Courville, *Deep Learning*, 2016, chapter 9.
#
# **A paper to present in five minutes:** R. Zhang, *Making convolutional networks shift-invariant again*, ICML 2019, arXiv 1904.11486. It shows that
# strided pooling breaks the equivariance we measured above, and mends it with a blur.

# %%
lesson.summary()
