# %% [markdown]
# # AlexNet and VGG: LeNet grown up
#
# **You will**
# - work out by hand what AlexNet added to LeNet: ReLU, overlapping pooling, local response normalisation, dropout;
# - turn a LeNet into a small AlexNet one change at a time, and measure what each change brings;
# - replace one 5 × 5 convolution by two of 3 × 3, and count what that saves;
# - find out where the parameters of AlexNet and VGG sit, and where their work is done.
#
# **Before you start:** lessons 01 (receptive field, multiply-adds) and 02 (LeNet-5, how we train). **Time:** 2 minutes of computing on two cores, two
# hours of reading and exercises. Follows the Tor Vergata lecture (L3, its `tf_alexnet_fashion`), with the tables of AC 209B (L1), L2 and RWTH (L5).

# %%
import cvkit
import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers, ops

lesson = cvkit.lesson("alexnet_vgg", seed=0)

# %% [markdown]
# The settings of this lesson. `"shapes"` is drawn on your machine. With `"fashion_mnist"`, the set of L3's notebook, 31 MB are downloaded once, and a
# run takes about seven minutes. After a change choose *Restart kernel and run all cells*.

# %% tags=["parameters"]
DATASET = "shapes"

# %% [markdown]
# ## What AlexNet added, by hand
#
# For fourteen years nothing much seemed to come after LeNet-5. In 2012 a network named after its first author, Alex Krizhevsky, won the ImageNet
# competition: one of 1,000 classes for each photograph, 1.2 million of them to learn from. It is a LeNet in its outline. Four things in it are new,
# and each is small enough to work out on paper.
#
# ### ReLU for the sigmoid
#
# Lesson 02 named a weakness of the sigmoid $\sigma(x) = 1 / (1 + e^{-x})$: on its way back the gradient is multiplied by the activation's slope at
# each layer, and the sigmoid's slope $\sigma(x)\,(1 - \sigma(x))$ is small. Here it is beside ReLU's.

# %%
x = np.linspace(-6, 6, 241)
sigmoid = 1 / (1 + np.exp(-x))
fig, ax = plt.subplots(figsize=(6, 3))
ax.plot(x, sigmoid * (1 - sigmoid), label="sigmoid")
ax.plot(x, x > 0, label="ReLU")
ax.set(xlabel="x", ylabel="slope", title="The slope of two activations")
ax.legend(frameon=False)
lesson.figure(fig, alt="The sigmoid's slope is a low hill of height one quarter; ReLU's jumps from 0 to 1 at x = 0.")

# %% [markdown]
# At best the sigmoid passes on a quarter, so that five layers leave at most $0.25^5$, a thousandth. The weights multiply too, and may make it larger
# or smaller.
#
# ### Overlapping pooling
#
# LeNet's pooling windows lie side by side: size 2, stride 2. AlexNet's overlap: size 3, stride 2. The size of the output is about the same, and a
# large value may now be seen by two windows. (`padding="same"` lets the last window reach past the end.)

# %%
row = np.array([3.0, 1.0, 5.0, 1.0, 2.0, 0.0])
pools = [layers.MaxPooling1D(size, strides=2, padding="same") for size in (2, 3)]
[ops.convert_to_numpy(pool(row[None, :, None])).ravel().tolist() for pool in pools]

# %% [markdown]
# Side by side the windows are $(3, 1)$, $(5, 1)$ and $(2, 0)$. Overlapping they are $(3, 1, 5)$, $(5, 1, 2)$ and $(2, 0)$: the 5 stands in two of
# them.
#
# ### Local response normalisation
#
# In the brain an excited neuron quietens its neighbours. AlexNet imitates this *across channels*: each number $a_c$ of channel $c$ is divided by a
# power of $k$ plus $\alpha$ times the sum of the squares of $n$ channels at the same place of the map, itself in the middle:
#
# $$b_c = \frac{a_c}{\Big(k + \alpha \sum_{j=c-m}^{c+m} a_j^2\Big)^\beta}, \qquad m = \frac{n-1}{2}.$$
#
# Channels that do not exist add nothing to the sum. The paper takes $n = 5$, $k = 2$, $\alpha = 10^{-4}$, $\beta = 0.75$. For a first try we take $n
# = 3$ and $k = \alpha = \beta = 1$, and three channels:

# %%
channels = np.array([1.0, 2.0, 3.0])
sums = np.array([1 + 4, 1 + 4 + 9, 4 + 9])  # the squares of each channel and its neighbours
channels / (1 + sums)

# %%
layer = cvkit.layers.LocalResponseNormalization(n=3, k=1.0, alpha=1.0, beta=1.0)
layer(channels[None, None, None, :])

# %% [markdown]
# The 2, which has neighbours on both sides, has become smaller than the 1. Four tall channels show it better: one that stands alone keeps more of its
# height than those in company.

# %%
before = np.array([0, 0, 4, 0, 0, 0, 4, 4, 4, 0], "float32")
after = ops.convert_to_numpy(cvkit.layers.local_response_normalization(before, n=3, k=1.0, alpha=0.1, beta=0.75))
fig, ax = plt.subplots(figsize=(6, 3))
ax.bar(np.arange(10) - 0.2, before, 0.4, label="before")
ax.bar(np.arange(10) + 0.2, after, 0.4, label="after")
ax.set(xlabel="channel", ylabel="value at one place of the map", xticks=range(10))
ax.set_title("Local response normalisation: company makes small")
ax.legend(frameon=False)
lesson.figure(
    fig,
    alt="Four channels of height 4 before. After, the lone one is the tallest, and the middle one of three neighbours the smallest.",
)

# %% [markdown]
# A warning for those who compare libraries. The paper, our layer and TensorFlow multiply the sum by $\alpha$; Caffe and PyTorch divide $\alpha$ by
# $n$ first. Their "0.0001" is five times smaller than the paper's. The paper found that normalisation lowered its error by a little more than one
# percentage point. Two years later the authors of VGG tried it and saw no gain. Today it is history; batch normalisation (lesson 05) took its place.
#
# ### Dropout
#
# AlexNet's dense layers hold so many weights that they can learn the training images by heart. **Dropout** makes that hard: at each training step
# every output of the layer is set to zero with probability $p$, here one half, drawn anew. No unit can rely on a certain other one to be there. The
# kept values are divided by $1 - p$, so that the next layer gets, on average, as much as before. At test time nothing is dropped.

# %%
drop = layers.Dropout(0.5)
ones = np.ones((1, 12), "float32")
drop(ones, training=True), drop(ones, training=False)

# %% [markdown]
# Of twelve ones some became zero and the rest became two. (The paper kept the values in training and halved them at test time; the mean is the same.)
#
# ## AlexNet
#
# Now the network. The kernels get smaller from layer to layer, 11 × 11, then 5 × 5, then 3 × 3, and the first one moves in steps of 4 pixels. Three
# convolutions follow each other without pooling. The hidden dense layers have 4,096 units each. (What `towers` are comes below.)

# %%
cvkit.show_source(cvkit.models.alexnet, docstring=False)

# %% [markdown]
# The networks of this and the next section have up to 144 million parameters, half a gigabyte, and we only want to count them.
# `cvkit.analysis.on_paper` builds a network that has its shapes, but no number is drawn.


# %%
def layer_table(build, **options):
    """The layer table of the network that `build(**options)` makes; its parameters stay on paper."""
    return cvkit.analysis.layer_table(cvkit.analysis.on_paper(build, **options))


def total(table, column="parameters"):
    """Sum of a column."""
    return sum(getattr(row, column) for row in table.rows)


# %%
alexnet = layer_table(cvkit.models.alexnet)
alexnet

# %% [markdown]
# How many layers is that? It is the custom to count those that have weights. L2 and L3 say eight; L1 says twelve on one slide and seven on another.
# Five convolutions, three poolings, three dense layers and the softmax would make twelve; the slide does not say what it counted.

# %%
lesson.claim("alexnet-layers", sum(row.parameters > 0 for row in alexnet.rows))

# %% [markdown]
# And how many parameters? The graphics cards of 2012 had 3 GB of memory. The weights take less than a tenth of it, but training also keeps their
# gradients, the optimiser's memory, and all maps of 128 images at once. So the paper cut the network into two **towers**, one a card. The second,
# fourth and fifth convolution see only the maps on their own card. Keras calls that `groups=2`; it halves their weights. L1 gives 60 million, which
# is right for two towers; L2's 62 million is the network in one piece.

# %%
two_towers = layer_table(cvkit.models.alexnet, towers=2)
lesson.claim("alexnet-parameters", [total(two_towers), total(alexnet)])
lesson.claim("alexnet-megabytes", total(two_towers) * 4 / 1e6)

# %% [markdown]
# A parameter is a *float32*, a number of four bytes, and a megabyte (MB) is a million bytes. L3 says that AlexNet's dense layers take 160 MB. The
# network in the table has more. L3's notebook follows a variant for grey images of 224 × 224 pixels and ten classes. Without padding in the first
# convolution its last map has 5 × 5 instead of 6 × 6 positions, so that the first dense layer has 6,400 inputs instead of 9,216; that saves 46 MB.
# The last one has 10 outputs instead of 1,000; that saves 16 more.


# %%
def dense_megabytes(table):
    """Size of the dense layers in MB."""
    return sum(row.parameters for row in table.rows if row.kind == "Dense") * 4 / 1e6


grey = layer_table(cvkit.models.alexnet, num_classes=10, input_shape=(224, 224, 1))
print("last map:", *[row.output_shape for table in (grey, alexnet) for row in table.rows if row.name == "pool5"])
lesson.claim("alexnet-dense-megabytes", [dense_megabytes(grey), dense_megabytes(alexnet)])

# %% [markdown]
# ### ZFNet: look inside, then mend
#
# A year later Matthew Zeiler and Rob Fergus found a way to see what AlexNet's layers respond to (lesson 07), and saw two things go wrong in the
# first: its 96 kernels caught coarse and fine patterns and little in between, and steps of four pixels lost detail. So they took 7 × 7 kernels and
# steps of two. Nearly everything else stayed.

# %%
zfnet = layer_table(cvkit.models.zfnet)
for name, table in (("AlexNet", alexnet), ("ZFNet", zfnet)):
    (first,) = (row for row in table.rows if row.name == "conv1")
    work = total(table, "multiply_adds") / 1e6
    print(f"{name:8} {first.output_shape} {first.parameters:,} parameters, in all {total(table):,}, {work:,.0f} M")

# %% [markdown]
# Each line: output and parameters of the first layer, then parameters and multiply-adds (in millions) of the whole network. Smaller kernels save a
# few parameters. The smaller steps leave four times as many positions, but ZFNet's second convolution moves in steps of two as well, and the work
# stays about the same.
#
# ## VGG: only 3 × 3
#
# In 2014 Karen Simonyan and Andrew Zisserman of Oxford's Visual Geometry Group asked what depth alone can do. They kept one kind of convolution, 3 ×
# 3, and stacked it. Why should small kernels do? Look at two of them, one after the other, beside one of 5 × 5.


# %%
def stack(kernel_sizes, channels=64):
    """Convolutions one after the other, from 64 maps to 64, a ReLU after each."""
    body = [layers.Conv2D(channels, k, activation="relu", use_bias=False) for k in kernel_sizes]
    return keras.Sequential([keras.Input((15, 15, channels)), *body])


stacks = {"5": [5], "3 + 3": [3, 3], "7": [7], "3 + 3 + 3": [3, 3, 3]}
fields = {name: cvkit.analysis.receptive_field(stack(sizes)) for name, sizes in stacks.items()}
weights = {name: cvkit.analysis.count_parameters(stack(sizes)) for name, sizes in stacks.items()}
for name in stacks:
    print(f"{name:12} sees {fields[name]} × {fields[name]} pixels, {weights[name]:,} weights, {len(stacks[name])} ReLU")

# %% [markdown]
# In the first claim, how far stacks of two and of three 3 × 3 see; in the second, the weights of two as a share of those of one 5 × 5.

# %%
lesson.claim("stacked-3x3-see-as-far", [fields["3 + 3"], fields["3 + 3 + 3"]])
lesson.claim("stacked-3x3-weigh-less", weights["3 + 3"] / weights["5"])

# %% [markdown]
# Two 3 × 3 layers see as far as one 5 × 5, with $2 \cdot 9 = 18$ weights for each pair of maps instead of 25, and there is a ReLU in between, so that
# the pair can do what no single linear layer can. Three in place of one 7 × 7 take 27 instead of 49. Something is given up as well: with 18 weights
# not every one of the 5 × 5 kernels can be made. And the pair does not treat the 25 pixels alike: lesson 01 showed that more ways lead to the middle
# of the window than to its rim.
#
# ### The table on the slide
#
# L5 shows the paper's table: six networks, A to E. Each column has five blocks with pooling between them; "conv3-64" is a 3 × 3 convolution with 64
# filters. Our `vgg` is built from that very table; here each of its columns is a line:

# %%
for config, blocks in cvkit.models.VGG_TABLE.items():
    print(f"{config:6}", " | ".join(" ".join(block) for block in blocks))

# %%
cvkit.show_source(cvkit.models.vgg, docstring=False)

# %% [markdown]
# Counting the convolutions and the three dense layers gives the second line of the slide's table. From block to block the maps shrink by half and the
# filters double, up to 512. The convolutions keep the size: below are the sides of VGG-16's maps after each convolution and each pooling.

# %%
depths = [sum(entry != "LRN" for block in blocks for entry in block) + 3 for blocks in cvkit.models.VGG_TABLE.values()]
lesson.claim("vgg-depths", depths)

# %%
vgg16 = layer_table(cvkit.models.vgg, config="D")
lesson.claim("vgg-sides", [row.output_shape[0] for row in vgg16.rows if row.kind in ("Conv2D", "MaxPooling2D")])
lesson.claim("vgg16-parameters", total(vgg16))
lesson.claim("vgg16-megabytes", total(vgg16) * 4 / 1e6)

# %% [markdown]
# Where do 138 million parameters sit? And where is the work done? The figure adds up the rows of the layer tables, for AlexNet and for VGG-16.


# %%
def shares(table, column):
    """Share of each layer with weights in a column of a layer table, in percent, by name."""
    values = {row.name: getattr(row, column) for row in table.rows if row.parameters}
    return {name: 100 * value / sum(values.values()) for name, value in values.items()}


{name: round(percent, 1) for name, percent in shares(alexnet, "parameters").items()}

# %%
fig, axes = plt.subplots(1, 2, figsize=(9, 4))
for ax, (name, table) in zip(axes, {"AlexNet": alexnet, "VGG-16": vgg16}.items(), strict=True):
    for shift, column in ((-0.2, "parameters"), (0.2, "multiply_adds")):
        values = shares(table, column)
        ax.barh(np.arange(len(values)) + shift, list(values.values()), 0.4, label=column.replace("_", "-"))
    ax.set_yticks(range(len(values)), list(values), fontsize=8)
    ax.set(xlabel="share in percent", ylabel="layer", title=name, ylim=(len(values) - 0.4, -0.6))
    ax.legend(frameon=False)
lesson.figure(
    fig,
    alt="In both networks the first dense layer holds most of the parameters, and the convolutions take nearly all multiply-adds.",
)

# %%
percents = shares(vgg16, "parameters")
lesson.claim("vgg-dense-share", sum(percents[name] for name in ("fc1", "fc2", "predictions")) / 100)

# %% [markdown]
# Convolutions share their few weights among many positions: little to store, much to compute. Dense layers use each weight once: much to store,
# little to compute. Lesson 04 shows how to do without the dense layers.
#
# VGG-19 has one more convolution in each of the last three blocks.

# %%
lesson.claim("vgg19-parameters", total(layer_table(cvkit.models.vgg, config="E")))

# %% [markdown]
# What did depth bring on ImageNet? From table 3 of the paper, where the images' shorter side is scaled to 256 pixels for training and testing: the
# share of validation images on which the first answer is wrong.
#
# | | A | A-LRN | B | C | D | E |
# |---|---|---|---|---|---|---|
# | layers with weights | 11 | 11 | 13 | 16 | 16 | 19 |
# | parameters, millions | 133 | 133 | 133 | 134 | 138 | 144 |
# | error, percent | 29.6 | 29.7 | 28.7 | 28.1 | 27.0 | 27.3 |
#
# These are single runs. The error falls as layers are added, up to 16; the last two columns are too close to rank (lesson 05 takes it up from there).
# C and D have the same depth. D's third convolutions are 3 × 3 where C's are 1 × 1: it sees further, and has more parameters too. In the one pair
# with and without normalisation there is no gain. In the competition VGG came second with 7.3%. That is a milder count, the images whose class is not
# among the first *five* answers, and the answers of several networks were averaged. The 6.7% on one of L5's slides is the winner's, GoogLeNet.
#
# ## From LeNet to AlexNet, one change at a time
#
# L3 lists what changed: ReLU for the sigmoid, larger layers, more of them, dropout. Which of them matters on small images, in a small AlexNet?
# ImageNet is out of reach on a laptop; all that is left of the original is the outline.
#
# ### The data
#
# The embedded set is `shapes`: one striped or checked shape of eight kinds, large or small, turned, in any colour, in front of a blotchy background.
# We ask only what it is, not where, so we cut out a window around it; on the smaller images training is quicker. The recipe below was chosen on
# images drawn with another seed, and then made shorter to save time.

# %%
SIDE = 24


def windows(scenes):
    """Cut the window of 24 × 24 pixels around the object out of each image, as far as the border allows."""
    cut = []
    for image, objects in zip(scenes["images"], scenes["objects"], strict=True):
        x1, y1, x2, y2 = objects["boxes"][0]  # left, top, right and bottom of the object
        left, top = (int(np.clip((a + b - SIDE) // 2, 0, len(image) - SIDE)) for a, b in ((x1, x2), (y1, y2)))
        cut.append(image[top : top + SIDE, left : left + SIDE])
    return np.stack(cut)


# %%
def load(split):
    """Images float32 (N, H, W, C) from -0.5 to 0.5, and labels."""
    if DATASET != "shapes":
        data = cvkit.data.load(DATASET, split)
        return data["images"].astype("float32") / 255 - 0.5, data["labels"]
    options = dict(image_size=48, num_objects=1, texture="textured", noise=16, num_train=2000, num_test=1000)
    data = cvkit.data.load("shapes", split, **options)
    return windows(data).astype("float32") / 255 - 0.5, data["labels"]


(train_images, train_labels), (test_images, test_labels) = load("train"), load("test")
train_images.shape, test_images.shape

# %%
names = [str(name) for name in cvkit.data.catalogue()[DATASET].classes]
examples = [np.flatnonzero(train_labels == label)[:2] for label in range(len(names))]
examples = np.concatenate(examples)
fig = cvkit.plots.image_grid(train_images[examples] + 0.5, [names[train_labels[i]] for i in examples], columns=8)
fig.suptitle("Two images of each class")
lesson.figure(fig, alt="Sixteen small images, two of each class, with the names of the classes.")

# %% [markdown]
# ### The networks
#
# One function builds them all, from a list of convolutions, each given as (filters, kernel size), and poolings. Dropout follows the hidden dense
# layers; with rate 0 it does nothing. "He" initial weights are drawn a little larger than Keras' usual ones, which suits ReLU (lesson 05 shows why).


# %%
def network(body, units, activation="relu", pooling=layers.MaxPooling2D, dropout=0.0):
    """Convolutions and poolings in the order of `body`, then hidden dense layers, then a score for each class."""
    options = dict(activation=activation, kernel_initializer="he_normal")
    x = inputs = keras.Input(train_images.shape[1:])
    for entry in body:
        x = pooling(2)(x) if entry == "pool" else layers.Conv2D(*entry, padding="same", **options)(x)
    x = layers.Flatten()(x)
    for width in units:
        x = layers.Dense(width, **options)(x)
        x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(len(names))(x))


# %% [markdown]
# The first network is LeNet as L3 draws it: two convolutions of 6 and 16 filters, sigmoids, average pooling, dense layers of 120 and 84 units. The
# steps:
#
# - *ReLU* for the sigmoid, then *max pooling*, which L3's list passes over, though its AlexNet has it;
# - *larger*: more filters and more dense units, two changes of one kind;
# - *deeper*: three convolutions of 3 × 3 after the last pooling. AlexNet pools once more after them. We do not, so that the dense layers stay as
#   large;
# - *dropout* with a rate of one half after the hidden dense layers;
# - *two 3 × 3*, VGG's way: in the deeper network, without dropout, two of 3 × 3 for each 5 × 5. (Here they weigh a little more than the one, for the
#   saving above supposes as many maps below a layer as in it.)
#
# Overlapping pooling and response normalisation are left out. By the paper's own account they brought 0.4 and 1.4 percentage points, too little to
# be seen here.

# %%
lenet = dict(body=[(6, 5), "pool", (16, 5), "pool"], units=[120, 84])
larger = dict(body=[(12, 5), "pool", (24, 5), "pool"], units=[256, 256])
three = [(48, 3), (48, 3), (24, 3)]
deeper = dict(larger, body=[*larger["body"], *three])
steps = {
    "LeNet": dict(lenet, activation="sigmoid", pooling=layers.AveragePooling2D),
    "ReLU": dict(lenet, pooling=layers.AveragePooling2D),
    "max pooling": lenet,
    "larger": larger,
    "deeper": deeper,
    "dropout": dict(deeper, dropout=0.5),
    "two 3 × 3": dict(larger, body=[(12, 3), (12, 3), "pool", (24, 3), (24, 3), "pool", *three]),
}

# %% [markdown]
# ### Training
#
# As in lesson 02: cross-entropy, Adam, a learning rate that falls along a cosine, the same for all. We leave augmentation out: it works against
# learning by heart, and that is dropout's part here. New is that every network is trained three times, from three seeds, which draw other initial
# weights and another order of the images. What differs between the three is chance. To build and compile a network takes longer than some epochs do,
# so each is compiled once, and `cvkit.restart` gives it new weights, as a new network would have them.

# %%
EPOCHS = 8 if DATASET == "shapes" else 2


def compiled(options):
    """A network, ready to be trained for `EPOCHS` epochs."""
    model = network(**options)
    num_steps = EPOCHS * int(np.ceil(len(train_images) / 32))
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(1e-3, num_steps))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"])
    return model


# %%
def fit(model, seed):
    """Train a network from a new start; return its test accuracy, epoch by epoch, and its training accuracy at the end."""
    cvkit.restart(model, seed)
    data = dict(validation_data=(test_images, test_labels), validation_batch_size=256, batch_size=32, verbose=0)
    history = model.fit(train_images, train_labels, epochs=EPOCHS, **data).history
    return history["val_accuracy"], model.evaluate(train_images, train_labels, 256, verbose=0)[1]


# %%
test_accuracy, final, train_accuracy, trained = {}, {}, {}, {}
for name, options in steps.items():
    trained[name] = model = compiled(options)
    curves, train_accuracy[name] = map(np.array, zip(*[fit(model, seed) for seed in range(3)], strict=True))
    test_accuracy[name] = curves  # (seeds, epochs)
    final[name] = test_accuracy[name][:, -1]
    size, work = cvkit.analysis.count_parameters(model), cvkit.analysis.count_multiply_adds(model)
    print(f"{name:12} {size:9,} parameters {work:10,} multiply-adds  {final[name].round(3)}")

# %%
fig, axes = plt.subplots(1, 2, figsize=(11, 4))
cvkit.plots.curves({name: values.mean(axis=0) for name, values in test_accuracy.items()}, axes[0], "test accuracy")
axes[0].set(title="Mean of three seeds", ylim=(0, 1.03))
axes[0].legend(frameon=False, fontsize=9, ncols=4, loc="upper center", bbox_to_anchor=(0.5, -0.15))
for values, marker, color in ((train_accuracy, "^", "tab:gray"), (final, "o", "tab:blue")):
    axes[1].plot(np.repeat(np.arange(len(steps)), 3), np.ravel(list(values.values())), marker, color=color, alpha=0.6)
axes[1].set(xlabel="network", ylabel="accuracy", title="Each of three seeds", ylim=(0, 1.03))
axes[1].set_xticks(range(len(steps)), steps, rotation=25)
for ax in axes:
    ax.axhline(1 / len(names), color="black", linestyle=":")
axes[1].legend(["training", "test", "chance"], frameon=False, loc=(0.35, 0.2))
lesson.figure(
    fig,
    alt="Left: mean test accuracy over the epochs; the sigmoid network stays at chance, dropout starts late. Right: each network's accuracies for three seeds.",
)

# %% [markdown]
# When is a gain more than chance? We call it clear when it is larger than twice the **spread**. That combines the standard deviations over the seeds
# before and after the step as Pythagoras does (`hypot`); `ddof=1` divides by one less than the number of seeds, since the mean comes from the same
# few. With three seeds even the spread is a rough measure.

# %%
before = dict(zip(list(steps)[1:], steps, strict=False))
before["two 3 × 3"] = "deeper"
for name, start in before.items():
    gain, spread = (final[name] - final[start]).mean(), np.hypot(final[name].std(ddof=1), final[start].std(ddof=1))
    clear = "clear" if abs(gain) > 2 * spread else "not clear"
    print(f"{start:>11} to {name:12} {gain:+.3f}, spread {spread:.3f}: {clear}")

# %%
if DATASET == "shapes":
    lesson.claim("relu-for-sigmoid", (final["ReLU"] - final["LeNet"]).mean())
    lesson.claim("larger-layers", (final["larger"] - final["max pooling"]).mean())
    lesson.claim("dropout-against-learning-by-heart", (train_accuracy["deeper"] - train_accuracy["dropout"]).mean())
if DATASET == "fashion_mnist":
    lesson.claim("alexnet-fashion-accuracy", final["deeper"].mean())

# %% [markdown]
# On the shapes chance is one in eight, the dotted line. Step by step:
#
# - **ReLU** matters most. With sigmoids the network is still at chance when the training is over. Given more epochs or a larger rate it could start
#   (in lesson 02 it started late).
# - **Larger layers** bring the next largest gain, and it stands out from the spread.
# - **Max pooling** and **depth** bring a few points at most, about what the seeds differ by: three seeds cannot tell that from chance. Two thousand
#   small images do not ask for more depth. On ImageNet, the paper says, leaving out any one of the middle layers cost two percentage points. Lesson
#   05 takes up depth in earnest.
# - **Two 3 × 3** for each 5 × 5 gain several points. That is about twice the spread, but on images of another seed each of three runs gained as well:
#   most likely not chance.
# - **Dropout** lowers both accuracies here: learning by heart has become harder, and all learning slower. Eight epochs are too few; the paper says
#   that dropout about doubles the number of steps. On images of another seed we gave both networks thirty epochs, three seeds each. Both then knew
#   nearly every training image, and dropout lowered the test loss for each seed, on average from 0.89 to 0.53. The test accuracy rose by three
#   points, about the spread. So with time dropout lowers the loss; on the accuracy three seeds leave it open. Try it: `EPOCHS = 30`.
#
# ### The sigmoid at the start
#
# Why does LeNet with sigmoids not start in eight epochs? Before any training, how much does the score of a class change when the image changes a
# little? That is the gradient with respect to the image. Here is its mean size for LeNet and for the deeper network, with sigmoids and with ReLU.


# %%
from cvkit.analysis.footprint import input_gradient


def score_gradient(options):
    """Mean size of the gradient of the first class's score with respect to the pixels, before training."""
    keras.utils.set_random_seed(0)
    model = network(**options)
    # A score depends on its own image alone, so the gradient of the sum holds that of each score.
    return np.abs(input_gradient(lambda images: ops.sum(model(images)[:, 0]), train_images[:32])).mean()


print(f"LeNet   sigmoid {score_gradient(steps['LeNet']):.1e}   ReLU {score_gradient(steps['ReLU']):.1e}")
print(f"deeper  sigmoid {score_gradient(dict(deeper, activation='sigmoid')):.1e}   ReLU {score_gradient(deeper):.1e}")

# %% [markdown]
# With ReLU the gradient does not shrink in the deeper network; with this start it even grows. With its four sigmoids LeNet has one about a hundred
# times smaller than with ReLU. The deeper network, with seven, has one thousands of times smaller. This is called the **vanishing gradient**. The
# score hardly depends on the image, so at first there is almost nothing to tell the classes apart by. That fits what we saw; it is not a proof. (Adam
# makes steps of its own size for each weight, however small the gradient.)
#
# ### What it gets wrong
#
# The test images of which the deeper network, in its last run, is most sure, and wrong:

# %%
probabilities = ops.convert_to_numpy(ops.softmax(trained["deeper"].predict(test_images, verbose=0)))
predictions = probabilities.argmax(axis=1)
wrong = np.flatnonzero(predictions != test_labels)
worst = wrong[np.argsort(-probabilities.max(axis=1)[wrong])][:16]
captions = [f"is {names[test_labels[i]]}\nsays {names[predictions[i]]} ({probabilities[i].max():.0%})" for i in worst]
fig = cvkit.plots.image_grid(test_images[worst] + 0.5, captions, columns=8, size=1.25)
fig.suptitle(f"{len(wrong)} of {len(test_images):,} test images are wrong; the surest of them")
lesson.figure(fig, alt="Sixteen test images, each with its class, the network's answer and its probability.")

# %% [markdown]
# Would you have known them? Many lie off the middle, where the window met the border of the image; the network has seen fewer of these, and its dense
# layers have weights of their own for each place. Some are so small that a few pixels decide, some are cut by the window. Others are plain to see,
# and the network is wrong and all but certain.
#
# ## Exercises
#
# Replace the line that raises `NotImplementedError` by your answer, run the cell, then run the check below it.
#
# ### Exercise 1: local response normalisation (3 points)
#
# `channels` is a NumPy array with one number for each channel, at one place of the map. Return an array of the same length, normalised as the paper
# does it: each number over $(k + \alpha \cdot$ the sum of the squares of the `n` channels around it$)^\beta$. `n` is odd; the channel itself is in
# the middle; channels that do not exist add nothing. Check yourself: `response_normalization(np.array([1.0, 2.0, 3.0]), 3, 1.0, 1.0, 1.0)` gives the
# numbers you saw above, 1/6, 2/15 and 3/14.


# %% nbgrader={"schema_version": 3, "grade_id": "response-normalization", "solution": true, "grade": false, "locked": false, "task": false}
def response_normalization(channels, n, k, alpha, beta):
    """Array of the normalised numbers."""
    ### BEGIN SOLUTION
    squares = np.pad(np.asarray(channels, float) ** 2, n // 2)
    sums = np.array([squares[c : c + n].sum() for c in range(len(channels))])
    return channels / (k + alpha * sums) ** beta
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "response-normalization-check", "solution": false, "grade": true, "points": 3, "locked": true, "task": false}
lesson.check("response-normalization", response_normalization)
### BEGIN HIDDEN TESTS
assert np.allclose(response_normalization(np.array([3.0, 0.0, 4.0]), 3, 16.0, 1.0, 0.5), [0.6, 0, 4 / np.sqrt(32)])
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 2: dropout (2 points)
#
# Write the dropout layer. `values` is a NumPy array, `rate` the probability of being dropped. `draws` is an array of the same shape with random
# numbers from 0 to 1, drawn for you so that the check can compare: in training a value is dropped where its draw lies below the rate. If `training`
# is `False`, the layer is not training. Check yourself: `dropout(np.array([3.0, 3.0]), np.array([0.2, 0.3]), 0.25, True)` gives 0 and 4.


# %% nbgrader={"schema_version": 3, "grade_id": "dropout", "solution": true, "grade": false, "locked": false, "task": false}
def dropout(values, draws, rate, training):
    """Array of the shape of values."""
    ### BEGIN SOLUTION
    if not training:
        return values
    return np.where(draws < rate, 0.0, values / (1 - rate))
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "dropout-check", "solution": false, "grade": true, "points": 2, "locked": true, "task": false}
lesson.check("dropout", dropout)
### BEGIN HIDDEN TESTS
assert dropout(np.array([1.0, 3.0]), np.array([0.1, 0.9]), 0.25, True).tolist() == [0, 4]
assert dropout(np.array([1.0, 3.0]), np.array([0.1, 0.9]), 0.25, False).tolist() == [1, 3]
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 3: a stack against one large kernel (3 points)
#
# `n` convolutions of 3 × 3, one after the other, see as far as one of $(2n + 1) \times (2n + 1)$. Return four numbers: parameters and multiply-adds
# of the stack, then parameters and multiply-adds of the one. Every layer maps `channels` maps to `channels` maps of `side` × `side`, with padding,
# and has biases; biases cost no multiply-adds. Check yourself: `stack_against_one(2, 64, 15)` gives 73,856, 16,588,800, 102,464 and 23,040,000.


# %% nbgrader={"schema_version": 3, "grade_id": "stack-against-one", "solution": true, "grade": false, "locked": false, "task": false}
def stack_against_one(n, channels, side):
    """List of four whole numbers: parameters and multiply-adds of the stack, then of the one."""
    ### BEGIN SOLUTION
    stack, one = n * 9 * channels**2, (2 * n + 1) ** 2 * channels**2
    return [stack + n * channels, stack * side**2, one + channels, one * side**2]
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "stack-against-one-check", "solution": false, "grade": true, "points": 3, "locked": true, "task": false}
lesson.check("stack-against-one", stack_against_one)
### BEGIN HIDDEN TESTS
assert list(stack_against_one(4, 32, 14)) == [36_992, 7_225_344, 82_976, 16_257_024]
### END HIDDEN TESTS

# %% [markdown]
# ## What you saw
# - AlexNet is LeNet made deeper and larger, with ReLU, overlapping pooling, response normalisation and dropout: eight layers with weights, 61 million
#   parameters in two towers and 62 million in one.
# - On our small images ReLU made LeNet learn at all, and larger layers helped next. Of depth three seeds show little. Dropout kept the network from
#   learning the training images by heart, and needed more epochs than we gave it.
# - Two 3 × 3 convolutions see as far as one 5 × 5, with fewer weights and one ReLU more. VGG is made of them.
# - The dense layers hold nine tenths of VGG-16's parameters, and the convolutions do nearly all the work.
#
# ## The library's way
#
# `keras.applications.VGG16` and `VGG19` are the networks D and E, with weights learned on ImageNet if you ask for them (lesson 08 does). Our `vgg`
# gives the same numbers when their weights are copied into it; the tests of this course prove it. TensorFlow has
# `tf.nn.local_response_normalization`; Keras never had a layer for it.
#
# ## References
# - A. Krizhevsky, I. Sutskever and G. Hinton, *ImageNet classification with deep convolutional neural networks*, NIPS 2012. Sections 3 and 4.
# - M. Zeiler and R. Fergus, *Visualizing and understanding convolutional networks*, arXiv 1311.2901. Figure 3 and section 4.1.
# - K. Simonyan and A. Zisserman, *Very deep convolutional networks for large-scale image recognition*, arXiv 1409.1556. Tables 1 to 3.
# - N. Srivastava and others, *Dropout: a simple way to prevent neural networks from overfitting*, JMLR 2014.
#
# **A paper to present in five minutes:** A. Krizhevsky, *One weird trick for parallelizing convolutional neural networks*, arXiv 1404.5997. The
# convolutions hold the work and the dense layers the weights, so each kind is spread over several graphics cards in its own way.
#
# ## What the lectures say, and what you measured

# %%
lesson.summary()
