# %% [markdown]
# # LeNet-5: the network that read handwritten digits
#
# **You will**
# - read LeNet-5 layer by layer, as it is built today and as it was built in 1998, and account for its parameters;
# - train it on real handwritten digits, and look closely at the ones it gets wrong;
# - compare it with a dense network of the same size, with sigmoids and averages instead of ReLU and maxima, and on shuffled pixels;
# - switch to MNIST or Fashion-MNIST by changing one line.
#
# **Before you start:** lesson 01 (kernel, pooling, feature map, receptive field), and how a small network is trained with Keras. **Time:** 2 minutes
# of computing on two cores, two hours of reading and exercises. Follows the Tor Vergata lecture (L3, its `tf_lenet` and `tf_lenet_fashion`) and AC
# 209B (L1). In the 1990s this network read millions of bank cheques a day.

# %%
import cvkit
import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers, ops

lesson = cvkit.lesson("lenet", seed=0)

# %% [markdown]
# The settings of this lesson. `"digits"` comes with the kit. With `"mnist"` or `"fashion_mnist"` the real set is downloaded once (11 or 31 MB), and a
# run takes about three minutes. After a change choose *Restart kernel and run all cells*.

# %% tags=["parameters"]
DATASET = "digits"

# %% [markdown]
# ## The data
#
# The embedded digits are small: 8 × 8 pixels, 1,797 images, written by 13 people. We train on 70% and test on the 30% that the network never sees.
# The same people wrote both parts, so our test says nothing about *new* writers. MNIST has 70,000 digits of 28 × 28 pixels, and Fashion-MNIST as many
# articles of clothing in the same format.

# %%
train, test = (cvkit.data.load(DATASET, split) for split in ("train", "test"))
names = [str(name) for name in cvkit.data.catalogue()[DATASET].classes]
first_of_each = [np.flatnonzero(train["labels"] == label)[0] for label in range(10)]
fig = cvkit.plots.image_grid(train["images"][first_of_each], names, columns=10)
fig.suptitle(
    f"One of each class, from {len(train['images']):,} images to train on and {len(test['images']):,} to test on"
)
lesson.figure(fig, alt="Ten small grey images, one of each class, with their names.")

# %% [markdown]
# LeNet-5 takes images of 32 × 32 pixels with values from 0 to 1. We enlarge small images, in between the pixels by interpolation, and put a dark
# frame around those of 28 × 28.


# %%
def prepare(images):
    """Images uint8 (N, H, W, 1) as float32 (N, 32, 32, 1) from 0 to 1."""
    images = images.astype("float32") / 255
    if images.shape[1] < 28:
        return ops.convert_to_numpy(ops.image.resize(images, (32, 32), interpolation="bilinear"))
    return np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)))


train_images, test_images = prepare(train["images"]), prepare(test["images"])
train_images.shape, test_images.shape, float(train_images.min()), float(train_images.max())

# %% [markdown]
# ## The network
#
# LeNet-5 has two parts. An *encoder* of two convolutions, each followed by pooling, turns the image into 16 small maps. A block of three dense layers
# reads the class off them. The names are those of the paper: C for convolution, S for subsampling (pooling), F for fully connected. (C5 is a
# convolution with kernels as large as its maps, which is a dense layer, as you saw at the end of lesson 01.)

# %%
network = cvkit.models.lenet5()
cvkit.analysis.layer_table(network)

# %% [markdown]
# Follow one column at a time. *Output*: 32 shrinks to 28 (a 5 × 5 kernel), halves to 14, shrinks to 10, halves to 5, while the maps grow from 1 to 6
# to 16. *Field* (receptive field) and *jump* are as in lesson 01, with "?" where no positions are left: a unit of S4 sees 16 × 16 of the 32 × 32
# pixels, and C5 sees them all. *Parameters*: most sit in C5, the first dense layer. *Multiply-adds* (multiplications, each with its addition): most
# are spent in C3, which has few weights but uses each of them a hundred times.
#
# You can check the parameters in your head. C1 has six kernels of $5 \cdot 5 \cdot 1$ weights and a bias: $6 \cdot 26 = 156$. C3 has sixteen kernels
# over six maps:
# $16 \cdot (25 \cdot 6 + 1) = 2{,}416$. C5 has 120 units on $5 \cdot 5 \cdot 16 = 400$ numbers: $120 \cdot 401 = 48{,}120$. This is the code; `x = layer(x)` puts
# one layer on top of the last:

# %%
cvkit.show_source(cvkit.models.lenet5)

# %%
kinds = [type(layer).__name__ for layer in network.layers if layer.weights]
lesson.claim("lenet-layers", [kinds.count("Conv2D"), kinds.count("Dense")])
lesson.claim("lenet-today-parameters", cvkit.analysis.count_parameters(network))

# %% [markdown]
# ## As it was in 1998
#
# L1 says "around 60k parameters". The network above has 61,706; the one in the paper had 60,000 exactly. Three differences change the count.
#
# **C3 was sparse.** Each of its 16 maps looked at three, four or six of the six maps below, as this table says. It saved weights, and it was meant to
# make the maps different from each other.

# %%
fig, ax = plt.subplots(figsize=(7, 2.6))
cvkit.plots.matrix(cvkit.layers.LENET_TABLE.astype(int), ax, "which map of S2 (rows) each map of C3 (columns) sees")
ax.set(xlabel="map of C3", ylabel="map of S2", xticks=range(16), yticks=range(6))
lesson.figure(
    fig,
    alt="A table of 6 rows and 16 columns of zeros and ones. The first six columns hold three ones, the last one holds six.",
)

# %% [markdown]
# **Pooling had weights.** S2 and S4 took a map $X$ of the layer below, summed each 2 × 2 window, multiplied the sum by a coefficient $w_c$ of the map
# $c$, added its bias $b_c$, and squashed the result with a function $\phi$:
#
# $$Y_{i,j,c} = \phi\Big(w_c \sum_{u,v \in \{0,1\}} X_{2i+u,\,2j+v,\,c} + b_c\Big).$$
#
# **The output was a comparison.** For each digit $k$ there was a fixed drawing $p_k$ of 7 × 12 pixels, +1 for ink and −1 for paper, and the 84 units
# of F6 had to look like the right one. That is why there are 84. Call the outputs of F6 $x_1, \dots, x_{84}$, and number the pixels of a drawing line
# by line. Our score
# $z_k$ of digit $k$ is minus half the squared distance, so that the nearest drawing has the largest. (The paper used the distance itself: the smallest wins.)
# It has no weights to learn:
#
# $$z_k = -\tfrac12 \sum_{i=1}^{84} (x_i - p_{k,i})^2.$$

# %%
patterns = cvkit.layers.digit_patterns().reshape(10, 12, 7)
fig = cvkit.plots.image_grid(-patterns, [str(digit) for digit in range(10)], columns=10)
fig.suptitle("What F6 should look like: our drawings (the paper's were of printed digits)")
lesson.figure(fig, alt="The ten digits as bars, like those of a pocket calculator, each 7 pixels wide and 12 high.")

# %%
original = cvkit.models.lenet5_original()
lesson.claim("lenet-1998-parameters", cvkit.analysis.count_parameters(original))
cvkit.analysis.layer_table(original)

# %% [markdown]
# Two more differences cost no parameters. The squashing function $\phi$ was a hyperbolic tangent, scaled so that it maps 1 to 1 and −1 to −1. And the
# first layer, *contrast*, maps pixel values from 0…1 to −0.1…1.175, which brought the mean near zero on the paper's digits (on our small ones it is
# about 0.3).

# %% [markdown]
# ## Training
#
# One recipe serves all networks of this lesson. The network gives each class a score (a *logit*); the *softmax* turns scores into probabilities; the
# loss, *cross-entropy*, is minus the logarithm of the true class's probability. *Adam* is gradient descent with a step size of its own for each
# weight, computed from 32 images at a time. The learning rate falls to zero along a cosine. One *epoch* is one pass over the training images.
#
# Two things depend on the data set. The small one gets 25 epochs, the large ones 3. And a network could learn 1,257 images by heart, so we show it
# each one a little differently every time: shifted by up to 8%, turned by up to 11 degrees, scaled by up to 10%, at random. That is called **data
# augmentation**. Keras does it with layers that act in training only.


# %%
EPOCHS = 25 if DATASET == "digits" else 3


def augmentation():
    """Layers that change each training image a little, for the small data set; none for the large ones."""
    if DATASET != "digits":
        return []
    options = dict(fill_mode="constant")
    return [
        layers.RandomTranslation(0.08, 0.08, **options),
        layers.RandomRotation(0.03, **options),
        layers.RandomZoom(0.1, **options),
    ]


# %%
def fit(build, first=None, seed=0):
    """Train the network that `build()` makes, behind the layer `first`; return it and its history, epoch by epoch."""
    keras.utils.set_random_seed(seed)
    stages = [*augmentation(), *([first] if first else [])]
    model = keras.Sequential([keras.Input((32, 32, 1)), *stages, build()])
    steps = EPOCHS * int(np.ceil(len(train_images) / 32))
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(2e-3, steps))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"])
    data = dict(validation_data=(test_images, test["labels"]), batch_size=32, verbose=0)
    return model, model.fit(train_images, train["labels"], epochs=EPOCHS, **data).history


# %%
model, history = fit(cvkit.models.lenet5)
fig, axes = plt.subplots(1, 2, figsize=(9, 3))
cvkit.plots.curves({"training": history["loss"], "test": history["val_loss"]}, axes[0], "cross-entropy", title="Loss")
cvkit.plots.curves(
    {"training": history["accuracy"], "test": history["val_accuracy"]}, axes[1], "accuracy", title="Accuracy"
)
lesson.figure(
    fig,
    alt="Two plots over the epochs: the losses fall and the accuracies rise, fast at first; the test set does better at first.",
)

# %% [markdown]
# On the small data set the network does *better* on the test images, at least at first. With augmentation that is to be expected: the training images
# are shifted and turned, which makes them harder, and the test images are not. Also, the training figure is a mean over the epoch, during which the
# network was still learning.
#
# We used the test images to draw a curve, not to decide anything: the number of epochs was fixed beforehand. To choose between recipes, put some
# training images aside for that.

# %%
results = {"LeNet-5": history["val_accuracy"]}
claims = {"digits": "lenet-digits-accuracy", "mnist": "lenet-mnist-accuracy", "fashion_mnist": "lenet-fashion-accuracy"}
lesson.claim(claims[DATASET], results["LeNet-5"][-1])

# %% [markdown]
# ## What it gets wrong
#
# Here are sixteen test images: first those on which the network fails, the least sure first, with captions in red; if there is room, then the right
# ones of which it is least sure. Under each you find the truth and what the network says, with its probability.

# %%
probabilities = ops.convert_to_numpy(ops.softmax(model.predict(test_images, verbose=0)))
predictions = probabilities.argmax(axis=1)
wrong = predictions != test["labels"]
doubt = np.where(wrong, 2, 1) - probabilities.max(axis=1)
worst = np.argsort(-doubt)[:16]
captions = [
    f"is {names[test['labels'][i]]}\nsays {names[predictions[i]]} ({probabilities[i].max():.0%})" for i in worst
]

# %%
fig = cvkit.plots.image_grid(test_images[worst], captions, columns=8, size=1.25)
for ax, is_wrong in zip(fig.axes, wrong[worst], strict=True):
    ax.title.set_color("crimson" if is_wrong else "black")
fig.suptitle(f"{wrong.sum()} of {len(wrong):,} test images are wrong")
lesson.figure(
    fig,
    alt="Sixteen test images, each with its class, the network's answer and its probability; the wrong ones in red.",
)

# %% [markdown]
# Would you have known them all? Look at the probabilities too: a network can be wrong and sure of it.
#
# A **confusion matrix** shows which classes it mixes up. The row is the true class, the column the answer. Correct answers lie on the diagonal,
# errors off it; an error that repeats makes a large number there. You will write it yourself in exercise 3; here it comes from scikit-learn.

# %%
from sklearn.metrics import confusion_matrix as scikit_learns_matrix

confusion = scikit_learns_matrix(test["labels"], predictions)
fig, ax = plt.subplots(figsize=(5, 4.4))
cvkit.plots.matrix(confusion, ax, "Confusion matrix on the test images")
ax.set_xticks(range(10), names, rotation=0 if DATASET == "digits" else 60)
ax.set_yticks(range(10), names)
ax.set(xlabel="the network says", ylabel="true class")
lesson.figure(fig, alt="A 10 × 10 table with large numbers on the diagonal and few or none elsewhere.")

# %% [markdown]
# ## Is it the convolution?
#
# Any network with 60,000 weights might do as well. So we train a dense one of about the same number, with the same recipe. And we train LeNet-5 on
# images whose pixels are shuffled, all in the same way. Lesson 01 did both with small networks on 8 × 8 pixels; here the images have 32 × 32. (The
# small digits are only enlarged, which adds pixels but no detail.) The shuffling is a layer, so that it comes *after* the augmentation: we move the
# digit, then shuffle.


# %%
def dense_network():
    """A dense network with nearly as many parameters as LeNet-5."""
    body = [layers.Flatten(), layers.Dense(58, "relu"), layers.Dense(28, "relu")]
    return keras.Sequential([keras.Input((32, 32, 1)), *body, layers.Dense(10)])


cvkit.analysis.count_parameters(dense_network())


# %%
class ShufflePixels(layers.Layer):
    """Put the pixels of each image into another order, the same for all images."""

    def call(self, images):
        order = np.random.default_rng(0).permutation(32 * 32)
        return ops.reshape(ops.take(ops.reshape(images, (-1, 32 * 32)), order, axis=1), (-1, 32, 32, 1))


# %%
results["dense network"] = fit(dense_network)[1]["val_accuracy"]
results["LeNet-5, pixels shuffled"] = fit(cvkit.models.lenet5, first=ShufflePixels())[1]["val_accuracy"]

# %% [markdown]
# ## Sigmoids and averages
#
# L3 says that ReLU replaced the sigmoid between LeNet and AlexNet; LeNet-5 itself had the tangent above. A sigmoid squashes its input to values from
# 0 to 1; ReLU is $\max(0, x)$. And where we now pool by the maximum, LeNet summed. So we train today's network with sigmoids and average pooling, and
# also the architecture of 1998 in full, all with our recipe. (With clothes, the drawings of digits serve as arbitrary codes.)


# %%
def sigmoid_lenet():
    return cvkit.models.lenet5(activation="sigmoid", pooling="average")


results["sigmoid, average pooling"] = fit(sigmoid_lenet)[1]["val_accuracy"]
results["LeNet-5 of 1998"] = fit(cvkit.models.lenet5_original)[1]["val_accuracy"]

# %%
fig, ax = plt.subplots(figsize=(8, 3.6))
cvkit.plots.curves(results, ax, "test accuracy", title="Five networks, one recipe")
ax.set_ylim(0, 1.02)
lesson.figure(
    fig,
    alt="Five accuracy curves over the epochs. Four rise at once, and today's LeNet-5 ends highest; with sigmoids and averages the fifth starts late.",
)

# %%
for name, values in results.items():
    errors = round((1 - values[-1]) * len(test_images))
    print(f"{name:28}{values[0]:.3f} after one epoch, {values[-1]:.3f} at the end: {errors} errors")

# %%
final = {name: values[-1] for name, values in results.items()}
lesson.claim("lenet-beats-dense", final["LeNet-5"] - final["dense network"])
lesson.claim("lenet-needs-order", final["LeNet-5"] - final["LeNet-5, pixels shuffled"])
lesson.claim("relu-trains-faster", results["LeNet-5"][0] - results["sigmoid, average pooling"][0])

# %% [markdown]
# With one run each, small differences mean little; lesson 03 begins to train from several seeds. Three things stand out all the same.
#
# - The dense network, with as many weights, makes several times as many errors. LeNet-5 spends several times as many multiply-adds, so the comparison is
#   generous to it; but on shuffled pixels, with the same work, it loses much of its lead.
# - With sigmoids and averages the network starts late. We changed two things at once; the likelier cause is the sigmoid, whose slope is at most 1/4, which tends to shrink the gradient on its way back through the layers.
#   ReLU has slope 1 where its input is positive, and 0 elsewhere.
# - The architecture of 1998 starts at once. Its hyperbolic tangent has slope 1.14 at zero, over four times a sigmoid's, which probably helps; more than
#   that differs, so this run does not prove it.
#
# ## Exercises
#
# Replace the line that raises `NotImplementedError` by your answer, run the cell, then run the check below it.
#
# ### Exercise 1: the sparse C3 (2 points)
#
# Return the number of parameters, weights and biases, of a convolution with a table of connections. `table` is a NumPy array of zeros and ones (or
# `False` and `True`) with a row for each input map and a column for each output map; each 1 is a kernel of `kernel_size` × `kernel_size` weights.
# Each output map has one bias. Check yourself: LeNet's table with kernels of 5 × 5 gives 1,516.


# %% nbgrader={"schema_version": 3, "grade_id": "table-parameters", "solution": true, "grade": false, "locked": false, "task": false}
def table_parameters(table, kernel_size):
    """Weights and biases of a convolution with sparse connections."""
    ### BEGIN SOLUTION
    return int(np.sum(table)) * kernel_size**2 + np.shape(table)[1]
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "table-parameters-check", "solution": false, "grade": true, "points": 2, "locked": true, "task": false}
lesson.check("table-parameters", table_parameters)
### BEGIN HIDDEN TESTS
assert table_parameters(cvkit.layers.LENET_TABLE, 5) == 1_516
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 2: the pooling of 1998 (2 points)
#
# Write the subsampling of S2, without the squashing: sum each 2 × 2 window of `maps`, multiply by the map's coefficient, add its bias. `maps` is a
# NumPy array (height, width, channels) with even sides; `coefficient` and `bias` are arrays with one number for each channel. Return an array (height
# / 2, width / 2, channels).


# %% nbgrader={"schema_version": 3, "grade_id": "subsample", "solution": true, "grade": false, "locked": false, "task": false}
def subsample(maps, coefficient, bias):
    """Maps of half the height and width."""
    ### BEGIN SOLUTION
    height, width, channels = maps.shape
    sums = maps.reshape(height // 2, 2, width // 2, 2, channels).sum(axis=(1, 3))
    return sums * coefficient + bias
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "subsample-check", "solution": false, "grade": true, "points": 2, "locked": true, "task": false}
lesson.check("subsample", subsample)
### BEGIN HIDDEN TESTS
assert subsample(np.ones((2, 4, 1)), np.array([0.5]), np.array([3.0])).ravel().tolist() == [5, 5]
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 3: the confusion matrix (2 points)
#
# Count how often each true class (row) was taken for each class (column). `labels` and `predictions` are NumPy arrays of whole numbers from 0 to
# `num_classes` − 1. Return plain counts, not shares.


# %% nbgrader={"schema_version": 3, "grade_id": "confusion-matrix", "solution": true, "grade": false, "locked": false, "task": false}
def confusion_matrix(labels, predictions, num_classes):
    """Array (num_classes, num_classes) of counts."""
    ### BEGIN SOLUTION
    counts = np.bincount(labels * num_classes + predictions, minlength=num_classes**2)
    return counts.reshape(num_classes, num_classes)
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "confusion-matrix-check", "solution": false, "grade": true, "points": 2, "locked": true, "task": false}
lesson.check("confusion-matrix", confusion_matrix)
### BEGIN HIDDEN TESTS
assert np.array_equal(confusion_matrix(test["labels"], predictions, 10), confusion)
### END HIDDEN TESTS

# %% [markdown]
# ## What you saw
# - LeNet-5 has 61,706 parameters as it is built today, and 60,000 as it was built in 1998, when C3 was sparse, pooling had weights and the output was fixed.
# - It reads the test images almost without error, and the errors are worth a look.
# - A dense network of the same size does worse, and so does LeNet-5 on shuffled pixels: the convolution uses that neighbours belong together.
# - Sigmoids with average pooling start later than ReLU with max pooling.
#
# ## The library's way
#
# `keras.datasets.mnist.load_data()` and `keras.datasets.fashion_mnist.load_data()` fetch the same sets; scikit-learn has the confusion matrix, and
# with `sklearn.metrics.classification_report` a table of how well each class is found.
#
# ## References
# - Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, *Gradient-based learning applied to document recognition*, Proceedings of the IEEE 1998. Section II.B describes LeNet-5.
# - H. Xiao, K. Rasul and R. Vollgraf, *Fashion-MNIST*, arXiv 1708.07747.
# - E. Alpaydin and C. Kaynak, *Optical recognition of handwritten digits*, UCI Machine Learning Repository 1998: the embedded digits.
#
# **A paper to present in five minutes:** C. Yadav and L. Bottou, *Cold case: the lost MNIST digits*, NeurIPS 2019, arXiv 1905.10498. Fifty thousand
# test digits had been lost; they rebuilt them, and asked whether twenty years of test results still hold.
#
# ## What the lectures say, and what you measured

# %%
lesson.summary()
