# %% [markdown]
# # Convolution: one small kernel, slid over the whole image
#
# **You will**
# - compute a convolution by hand, and see Keras arrive at the same numbers;
# - predict the size of its output for any padding and stride;
# - write it as a matrix, and count its parameters against those of a dense layer;
# - measure how far a stack of layers sees, and what happens when the image moves, turns or is shuffled.
#
# **Before you start:** Python, NumPy, what a dense (fully connected) layer does, and how a small network is trained with Keras. **Time:** 1 minute of
# computing on two cores, two hours of reading and exercises. Follows the Tor Vergata lecture (L3), with examples of AC 209B (L1).

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
# $10^6 \times 10^3$ of them. We need not build that layer to be sure. Two smaller ones, counted by Keras, show the rule: one weight for each pair.


# %%
def dense_weights(inputs, units):
    """Weights of a dense layer, biases left out, as Keras makes them."""
    layer = layers.Dense(units, use_bias=False)
    return cvkit.analysis.count_parameters(keras.Sequential([keras.Input((inputs,)), layer]))


dense_weights(784, 10), dense_weights(10_000, 100)

# %% [markdown]
# Lessons hold such numbers against the lectures. The call below prints what the slide claims, the correction where the slide is wrong, and whether
# your number agrees with what is right. All of them are collected in a table at the end.

# %%
weights_per_pair = dense_weights(10_000, 100) / (10_000 * 100)
lesson.claim("dense-on-a-megapixel", weights_per_pair * 10**6 * 10**3)

# %% [markdown]
# A billion weights of four bytes each, for one layer. And they would have to learn the same thing a million times over: an edge in the upper left
# corner and the same edge in the lower right share no weight. Two facts about images help us out.
#
# - *Nearby pixels belong together.* A unit can look at a small window and ignore the rest.
# - *What is worth seeing here is worth seeing there.* Every window can share the same few weights.
#
# ## The idea, by hand
#
# The shared weights are called the **kernel** (or filter). We lay it on the image, multiply each weight by the pixel below it, and add the products
# up. That is one number of the output. Then we move on by one pixel. For an image $X$ and a kernel $K$ of $k_h \times k_w$ weights, all counted from
# 0,
#
# $$H_{i,j} = \sum_{a=0}^{k_h-1}\;\sum_{b=0}^{k_w-1} K_{a,b}\; X_{i+a,\; j+b}.$$
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
# Keras expects several images at once (a *batch*), and each has *channels*: three in a colour image, one in a grey one. So images have the shape
# `(batch, height, width, channels)` and kernels `(height, width, input channels, output channels)`. Ours has one input and one output channel. This
# helper adds the extra axes and takes them off again.


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
# The weights decide what the output shows. Equal weights that sum to one give the mean of the window: the picture gets softer. The two weights $[1,
# -1]$ side by side give the difference between a pixel and its right neighbour: zero where nothing changes, large where brightness jumps. That is an
# edge detector, with two weights. One above the other, they find the edges that run across.

# %%
photo = cvkit.data.load("photos")["camera"][..., 0] / 255.0
blurred = keras_convolution(photo, np.full((9, 9), 1 / 81))
upright = abs(keras_convolution(photo, np.array([[1.0, -1.0]])))
across = abs(keras_convolution(photo, np.array([[1.0], [-1.0]])))
captions = ["photograph", "mean of 9 × 9 pixels", "[1, −1], 4 × absolute value", "[[1], [−1]], 4 × absolute value"]
pictures = [photo, blurred, np.minimum(4 * upright, 1), np.minimum(4 * across, 1)]
fig = cvkit.plots.image_grid(pictures, captions, size=2.4)
lesson.figure(
    fig,
    alt="A man with a camera: the photograph, a softened copy, and two dark copies with outlines, upright and across.",
)

# %% [markdown]
# Compare the two on the right. The upright middle of the tripod is bright in the first and vanishes in the second. The upper side of the camera runs
# across: it is faint in the first and bright in the second. A network has many kernels, and learns which ones it needs.
#
# ## Padding: keep the size
#
# A $k \times k$ kernel fits into $n$ pixels at $n - k + 1$ places, so each layer shrinks the image. To stop that, we add a frame of zeros:
# **padding**. With
# $p$ zeros on each side there are $n + 2p - k + 1$ places, and the size is kept when $p = (k - 1)/2$. That needs an odd $k$, which is one reason why
# kernels usually are odd. The lecture's kernel is even: with a frame of one zero, 3 × 3 pixels grow to 4 × 4.

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
# **A slip in the slides.** L3 prints these sixteen numbers, but describes them as 5 × 5 with a first column of zeros. The output has
# $3 + 2 - 2 + 1 = 4$ rows, and its first column is 0, 9, 21, 6: the kernel touches the image there with its right half.
#
# Two conventions are in use, so read with care. L3 uses $p$ for the zeros added *in total*; L1 and most papers, like this lesson, for those on *each
# side*. Keras avoids the question. `padding="valid"` adds none. `padding="same"` adds what is needed for $n_\text{out} = n$ (with a stride of $s$,
# see below, for $n / s$ rounded up), on both sides where it can, and one more at the end where it must.
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
# The brackets mean *round down*: when the last step would leave the image, it is not taken. In our example the second window down would start in the
# third row and need a fourth, so the third row is not read at all.
#
# ## Channels: look through the whole stack
#
# In a stack of **channels**, such as the three of a colour image, the kernel has a table of $k_h \times k_w$ weights for each, and the products of
# all are added into one number. Several kernels make several output channels; the $d$-th has the weights $K_{a,b,c,d}$ and a bias $t_d$ of its own:
#
# $$H_{i,j,d} = t_d + \sum_{a}\sum_{b}\sum_{c} K_{a,b,c,d}\; X_{i+a,\; j+b,\; c}.$$
#
# To check it, we take five input channels, four output channels and an oblong kernel, so that a mixed-up axis of the kernel would show. (Biases start
# at zero in Keras; here they are drawn at random, or the check would not notice them.)

# %%
rng = np.random.default_rng(0)
features = rng.normal(size=(8, 9, 5)).astype("float32")
layer = layers.Conv2D(4, (2, 3), bias_initializer="normal")
by_keras = ops.convert_to_numpy(layer(features[None]))[0]
weights, bias = (ops.convert_to_numpy(weight) for weight in layer.weights)
by_hand = np.zeros((7, 7, 4))
for i, j, d in np.ndindex(7, 7, 4):
    by_hand[i, j, d] = (weights[:, :, :, d] * features[i : i + 2, j : j + 3, :]).sum() + bias[d]
print(f"kernel {weights.shape}, output {by_hand.shape}, largest difference {abs(by_keras - by_hand).max():.0e}")

# %% [markdown]
# Two rows, three columns, five input channels, four output channels. The difference is rounding. One output channel is also called a *feature map*,
# or map for short.
#
# Even a **1 × 1 kernel** makes sense now. It sees one pixel, but all its channels: with the channels red, green, blue, the weights (1/3, 1/3, 1/3)
# turn colour into grey, and (1, 0, −1) give red minus blue, shown here as (1 + value) / 2, as it can be negative. Without neighbours, the sum is a
# dot product over the channels at each pixel, in NumPy `@`.

# %%
cat = cvkit.data.load("photos")["chelsea"] / 255.0
grey = cat @ np.array([1 / 3, 1 / 3, 1 / 3])
warm = (1 + cat @ np.array([[1.0], [0.0], [-1.0]])) / 2
fig = cvkit.plots.image_grid(
    [cat, grey, np.repeat(warm, 3, axis=-1)],
    ["colour", "weights 1/3, 1/3, 1/3", "weights 1, 0, −1; mid-grey is 0"],
    size=3,
)
lesson.figure(
    fig, alt="A ginger cat in colour, in grey, and as red minus blue, where the fur is lighter than mid-grey."
)

# %% [markdown]
# ## One dimension: a series
#
# Nothing above needs two dimensions. On a time series, a kernel of equal weights is a moving average. Of 200 points it leaves $200 - 15 + 1 = 186$.

# %%
time = np.linspace(0, 4 * np.pi, 200)
series = np.sin(time) + rng.normal(scale=0.4, size=200)
smoother = layers.Conv1D(1, 15, use_bias=False, kernel_initializer=keras.initializers.Constant(1 / 15))
smooth = ops.convert_to_numpy(smoother(series[None, :, None]))[0, :, 0]
fig, ax = plt.subplots(figsize=(7, 2.4))
ax.plot(time, series, color="lightgrey", label="series")
ax.plot(time[7:-7], smooth, label="mean of 15 points")
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
pooled = ops.convert_to_numpy(layers.MaxPooling2D(2, strides=1)(image[None, :, :, None]))[0, :, :, 0]
print(pooled)
lesson.claim("max-pooling-example", pooled)

# %% [markdown]
# Here the windows overlap, because the stride is 1. Left to itself, Keras takes the window's size as the stride, so that 2 × 2 pooling halves height
# and width, rounded down. The formula for the output's size holds for pooling too.
#
# ## A convolution is a matrix
#
# Every output is a weighted sum of pixels. So the whole operation is one matrix times the flattened image: a dense layer in which most weights are
# zero and the others are shared. Number the pixels line by line, pixel $(r, c)$ of a 3 × 3 image as $3r + c$. A 2 × 2 kernel then makes a matrix with
# four rows, one for each output, and nine columns, one for each pixel. A dense layer of that shape has 36 weights; this one has four.

# %%
full_kernel = np.array([[1.0, 2.0], [3.0, 4.0]])  # a kernel without a zero, to see where its weights go
matrix = np.zeros((4, 9))
for row, (i, j) in enumerate(np.ndindex(2, 2)):
    for a, b in np.ndindex(2, 2):
        matrix[row, (i + a) * 3 + (j + b)] = full_kernel[a, b]
fig, ax = plt.subplots(figsize=(6, 2.8))
cvkit.plots.matrix(matrix, ax, "the matrix of the kernel [[1, 2], [3, 4]]")
ax.set(xlabel="pixel", ylabel="output", xticks=range(9), yticks=range(4))
lesson.figure(
    fig,
    alt="A 4 × 9 matrix. Each row holds 1 2 0 3 4 and zeros, moved right by one, and by two where a new line begins.",
)

# %%
difference = matrix @ image.ravel() - keras_convolution(image, full_kernel).ravel()
lesson.claim("convolution-is-a-matrix", abs(difference).max())

# %% [markdown]
# Look at how the rows move. From the first to the second the kernel goes one pixel to the right, and so do the weights. From the second to the third
# it goes to a new line of the image, and the weights move by two.
#
# Since it is a matrix product, it is trained like one. The gradient of a shared weight is the sum of its gradients over all the places where it is
# used.
#
# ## How far does a unit see?
#
# One 3 × 3 layer sees three pixels across. A unit of the second layer sees a 3 × 3 window of the first, whose units see 3 × 3 pixels each: five
# across, together. We measure it, by the gradient of the middle output with respect to each pixel. With all weights one and nothing else in between,
# that gradient is the number of ways in which the pixel reaches the output: through which unit of the first layer, which of the second, and so on.
# Where it is zero, the output does not see the pixel.


# %%
def stack(depth):
    """So many 3 × 3 layers, one channel each, all weights one."""
    x = inputs = keras.Input((15, 15, 1))
    for _ in range(depth):
        x = layers.Conv2D(1, 3, padding="same", use_bias=False, kernel_initializer="ones")(x)
    return keras.Model(inputs, x)


footprints = {depth: cvkit.analysis.gradient_footprint(stack(depth)) for depth in (1, 2, 3, 7)}
widths = [int((footprint.max(axis=0) > 0).sum()) for footprint in footprints.values()]

# %%
fig, axes = plt.subplots(1, 3, figsize=(10, 3.4))
for ax, (depth, footprint), width in zip(axes, footprints.items(), widths, strict=False):
    cvkit.plots.matrix(footprint[4:11, 4:11], ax, f"{depth} × (3 × 3): {width} pixels across")
lesson.figure(
    fig,
    alt="The middle 7 × 7 pixels with their number of ways: ones in 3 × 3, then up to 9 in 5 × 5, then up to 49 in 7 × 7.",
)

# %%
lesson.claim("receptive-field-grows", widths)

# %% [markdown]
# This is the **receptive field**. It grows by two with each layer, so after seven layers the middle unit sees all of this image of 15 × 15 pixels.
# The middle counts more than the rim: more ways lead there. Pooling or a stride makes it grow faster. The package works the number out from the
# layers, without a gradient: below, *field* is the receptive field, and *jump* by how many pixels of the image the windows of neighbouring units are
# apart. *Multiply-adds* counts the products.

# %%
pooling_stack = keras.Sequential([stack(2), layers.MaxPooling2D(2), layers.Conv2D(1, 3)])
cvkit.analysis.layer_table(pooling_stack)

# %% [markdown]
# ## Move the image, and the output moves
#
# Sharing the weights has a consequence. If the image moves by three pixels, so does the output: the layer (with stride 1) is **equivariant** to
# translation. We shift a part of the photograph to the right and compare two orders of work. `np.roll` brings what leaves on the right back in on the
# left, so we leave those columns out. The kernel is Sobel's, a smoother relative of $[1, -1]$.

# %%
small = photo[100:228, 160:288]
detector = np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
shift_then_filter = keras_convolution(np.roll(small, 3, axis=1), detector)
filter_then_shift = np.roll(keras_convolution(small, detector), 3, axis=1)
inside = np.s_[:, 3:]
lesson.claim("convolution-is-equivariant", abs(shift_then_filter[inside] - filter_then_shift[inside]).max())

# %% [markdown]
# L1 says *invariant*, which would mean that the output does not change at all. It does: it moves along. Pooling brings a little invariance. The
# maximum of a window often stays the same when the image moves by one pixel, because the largest value is still inside the window. We pool the
# absolute values of Sobel's output, move the image by one pixel, and divide the norm of the change by the norm of the output. As a control, we keep
# one fixed pixel of each window instead of the maximum.


# %%
def relative_change(before, after):
    return np.linalg.norm(after - before) / np.linalg.norm(before)


def max_pool(maps, size):
    return ops.convert_to_numpy(layers.MaxPooling2D(size)(maps[None, :, :, None]))[0, :, :, 0]


# %%
before = abs(keras_convolution(small, detector))[:, 1:]
after = abs(keras_convolution(np.roll(small, 1, axis=1), detector))[:, 1:]
sizes = (1, 2, 4, 8)
pooled = [relative_change(max_pool(before, size), max_pool(after, size)) for size in sizes]
thinned = [relative_change(before[::size, ::size], after[::size, ::size]) for size in sizes]

# %%
fig, ax = plt.subplots(figsize=(6, 2.8))
for offset, (name, changes) in enumerate(
    {"one pixel of each window": thinned, "maximum of each window": pooled}.items()
):
    ax.bar_label(ax.bar(np.arange(4) + 0.4 * offset, changes, 0.38, label=name), fmt="%.2f", fontsize=8)
ax.set_xticks(np.arange(4) + 0.2, [f"{size} × {size}" for size in sizes])
ax.set(xlabel="window", ylabel="relative change", title="The image moves by one pixel", ylim=(0, 1.45))
ax.legend(frameon=False, fontsize=8, loc="upper right", ncols=2)
lesson.figure(
    fig,
    alt="Bars for four window sizes. The change falls with the window for the maximum, and does not for single pixels.",
)

# %%
lesson.claim("pooling-adds-invariance", pooled[2] / pooled[0])

# %% [markdown]
# The larger the window, the smaller the change, and it is the maximum that does it, not the thinning out. (The number above is the change at 4 × 4
# over that at 1 × 1.) Even at 8 × 8 a change of 0.25 remains. And translation is all we get. If we turn the image by 90 degrees, or enlarge it, the
# output of this kernel is not the turned or enlarged one. (A kernel that looks the same when it is turned, like the mean above, would pass the first
# test.)

# %%
filtered = keras_convolution(small, detector)
turned = relative_change(np.rot90(filtered), keras_convolution(np.rot90(small), detector))
enlarged_input = np.kron(small, np.ones((2, 2)))
enlarged = relative_change(np.kron(filtered, np.ones((2, 2))), keras_convolution(enlarged_input, detector)[1:-1, 1:-1])
lesson.claim("rotation-is-not-equivariant", [turned, enlarged])

# %% [markdown]
# Both are far from zero, where translation gave zero. For the turn that is plain: upright edges now run across, and this kernel is blind to them. The
# enlarged image meets a kernel as small as before: a gradual change of brightness is half as steep for it, and a sharp edge gives a line half as wide
# as in the enlarged output. A network that must recognise turned objects has to see turned objects in training.
#
# ## Shuffle the pixels
#
# Here is a test of what a network uses. We shuffle the pixels of every image, in the same way for all of them. To us the digits become unreadable.
# Does a network mind? The images are handwritten digits of 8 × 8 pixels, 1,257 for training and 540 for testing.

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
# seeds; that takes most of this lesson's computing time. (The last pooling of the convolutional network keeps the largest value of each whole map.)


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
    spread = np.ptp(runs, axis=0).max()
    print(f"{network.__name__:24}{plain:.3f} in order, {mixed:.3f} shuffled; seeds differ by {spread:.3f} at most")

# %%
lesson.claim("dense-net-ignores-order", lost[dense_network])
lesson.claim("convolution-needs-order", lost[convolutional_network])

# %% [markdown]
# Trained anew on shuffled images, the dense network does as well: to it, an image is a list. (That is all L3's *invariant* can mean; a network
# already trained would fail.) The convolutional one loses accuracy, because neighbours in the shuffled image have nothing to do with each other, and
# it had been using that they do. It still does well, since the pixels are shuffled alike in every image, so there is a pattern to learn, only not a
# local one. That convolution beats the dense network on ordered images is *not* shown here: on such small images the difference is not clearly larger
# than that between seeds. Lesson 02 looks again, on larger ones.
#
# ## Counting parameters
#
# L1 introduces convolutional networks with this network: ten 5 × 5 kernels, 2 × 2 max pooling, a dense layer of 200 units. It counts 250 + 10
# parameters in the convolution, and 338,000 + 200 in the dense layer, since pooling leaves 13 × 13 × 10 = 1,690 numbers. Which image gives 13 × 13?


# %%
def intro_network(size):
    body = [layers.Conv2D(10, 5), layers.MaxPooling2D(2), layers.Flatten(), layers.Dense(200)]
    return keras.Sequential([keras.Input((size, size, 1)), *body])


for size in (28, 30):
    network = intro_network(size)
    pooled_shape = network.layers[1].output.shape[1:]
    print(
        f"{size} x {size} image: {pooled_shape} after pooling, {cvkit.analysis.count_parameters(network):,} parameters"
    )

# %%
lesson.claim("intro-network-parameters", cvkit.analysis.count_parameters(intro_network(30)))

# %% [markdown]
# **A slip in the slides.** From the usual 28 × 28 pixels you get $28 - 5 + 1 = 24$, and 12 × 12 after pooling; with padding, 14 × 14. A 30 × 30 image
# gives 26, and then 13: that is the geometry for which the slide's counts are right.
#
# Notice where the parameters are: 260 in the convolution, 338,200 in the dense layer. Going from 28 × 28 to 30 × 30 pixels costs the dense layer
# 50,000 weights and the convolution none. And a dense layer *instead* of that convolution, from 30 × 30 pixels to its 26 × 26 × 10 outputs, would
# need
# $900 \cdot 6{,}760 \approx 6$ million.
#
# A last count for later. L3 replaces a dense layer of 100 units on a stack of 50 maps of 7 × 7 by a 7 × 7 convolution with 100 kernels.

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
# The dense layer's weights, put into another shape, are the convolution's kernels, and the outputs agree. But the convolution takes a larger image as
# well, and then answers at each place:

# %%
convolution = layers.Conv2D(100, 7)
[convolution(np.ones((1, size, size, 50))).shape for size in (7, 9)]

# %% [markdown]
# With that trick, lesson 09 turns a classifier into a network that finds objects anywhere in an image.
#
# ## Exercises
#
# Replace the line that raises `NotImplementedError` by your answer, run the cell, then run the check below it. The check says what is wrong. Try as
# often as you like.
#
# ### Exercise 1: slide the kernel (3 points)
#
# Write the operation of this lesson: `image` and `kernel` are NumPy arrays with two axes, not necessarily square. There is no padding, the stride is
# 1, and the kernel is not turned. Mind the size of the output.


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
# How many pixels does one side of the output have? The input has `n`, the kernel `k`; there are `p` zeros on *each* side, and the stride is `s`.
# Return a whole number. Check yourself: $n = 7, k = 3, p = 0, s = 2$ gives 3.


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
# Return a NumPy array with the largest value of each window of `size` × `size` pixels of `image`, an array with two axes, not necessarily square. The
# window moves by `stride` and stays inside the image; rows and columns that are left over are dropped.


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
# Make the matrix of a convolution for any `kernel` (not necessarily square) and an image of `height` × `width` pixels, without padding, with stride
# 1: one row for each output, one column for each pixel, both numbered line by line.


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
# How many parameters does a convolutional layer with square kernels have? Count the biases too.


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
# - A convolution slides one small kernel over the image: multiply, add up, move on.
# - The output has $\lfloor (n + 2p - k) / s \rfloor + 1$ pixels along a side.
# - It is a matrix with few, shared weights. Their number does not grow with the image; that of a dense layer does.
# - Stacked 3 × 3 layers see 3, 5, 7 pixels. When the image moves, the output moves along; when it turns, the output in general does not turn
#   with it. Shuffled pixels
#   hurt a convolutional network and not a dense one.
#
# ## The library's way
#
# In practice you write `keras.layers.Conv2D`, `MaxPooling2D` and `AveragePooling2D`. For kernels that you choose yourself, without a layer, there is
# `keras.ops.conv`; SciPy has `scipy.signal.correlate2d` for arrays without channels.
#
# ## References
# - Y. LeCun et al., *Backpropagation applied to handwritten zip code recognition*, Neural Computation 1989.
# - V. Dumoulin and F. Visin, *A guide to convolution arithmetic for deep learning*, arXiv 1603.07285.
# - I. Goodfellow, Y. Bengio and A. Courville, *Deep Learning*, 2016, chapter 9.
#
# **A paper to present in five minutes:** R. Zhang, *Making convolutional networks shift-invariant again*, ICML 2019, arXiv 1904.11486. It shows that
# pooling with a stride breaks the equivariance we measured for stride 1, and largely restores it with a blur.
#
# ## What the lectures say, and what you measured

# %%
lesson.summary()
