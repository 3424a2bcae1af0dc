# %% [markdown]
# # DenseNet and the design of networks: what a parameter buys
#
# **You will**
# - stack maps instead of adding them, count what each layer of a dense block reads, and see what an addition loses;
# - compute the widths of a whole network, RegNet, from four numbers;
# - count the layers, parameters and multiply-adds of the networks of lessons 02 to 06, and set published errors beside them;
# - train a dozen small networks for the same time, and draw accuracy against cost.
#
# **Before you start:** lessons 02 to 05, above all the 1 × 1 convolution (04), batch normalisation and the residual block (05). **Time:** 2 minutes
# of computing on two cores, two hours of reading and exercises. Follows AC 209B (L1), *Classical architectures* (L2, which shows the figures of
# Canziani et al. 2016) and Tor Vergata (L3).

# %%
import math
import time

import cvkit
import keras
import matplotlib.pyplot as plt
import numpy as np
from cvkit import models
from cvkit.published import read_published
from keras import layers

lesson = cvkit.lesson("densenet_and_design", seed=0)

# %% [markdown]
# The settings: the data for the dozen networks at the end. `"digits"` comes with the kit. With `"cifar10"` or `"fashion_mnist"` the real set is
# downloaded once, and a run takes about five minutes. After a change choose *Restart kernel and run all cells*.

# %% tags=["parameters"]
DATASET = "digits"

# %% [markdown]
# ## Stack instead of add
#
# A residual block hands on a sum, $x_l = x_{l-1} + H_l(x_{l-1})$. The next layer reads that sum and nothing else. A **dense** layer puts its maps
# *beside* those it has read. So layer $l$ reads everything that was made before it:
#
# $$\text{residual: } x_l = x_{l-1} + H_l(x_{l-1}) \qquad\qquad \text{dense: } x_l = H_l\big([x_0, x_1, \dots, x_{l-1}]\big)$$
#
# The square brackets mean *stacked along the channels*. Two pairs of numbers show the difference.

# %%
first = {"input": np.array([1.0, 2.0]), "layer": np.array([3.0, 1.0])}
second = {"input": np.array([4.0, 0.0]), "layer": np.array([0.0, 3.0])}
for pair in (first, second):
    print("added", pair["input"] + pair["layer"], "  stacked", np.concatenate([pair["input"], pair["layer"]]))

# %% [markdown]
# Two different pairs, one sum. Whoever reads the sum cannot tell which pair it was; whoever reads the stack can.
#
# How much does that matter? We take random vectors of 16 channels (a map of one pixel), pass them through layers with random weights, and ask after
# each layer how well the *input* can be computed from what is handed on, by the best linear layer (a 1 × 1 convolution, fitted by least squares).
# The answer is the share of the input's variance that it gets right: 1 means all of it.


# %%
def share_recovered(state, target):
    """Share of the target's variance that the best linear layer on `state` gets right."""
    state = np.column_stack([state, np.ones(len(state))])  # a column of ones for the bias
    weights = np.linalg.lstsq(state, target, rcond=None)[0]
    return 1 - ((state @ weights - target) ** 2).sum() / ((target - target.mean(0)) ** 2).sum()


# %%
rng = np.random.default_rng(0)
signal = rng.normal(size=(4000, 16))
added, stacked, recovered = signal, signal, {"added": [], "stacked": []}
for _ in range(12):
    kernels = [rng.normal(scale=np.sqrt(2 / n), size=(n, 16)) for n in (16, stacked.shape[1])]
    added = added + np.maximum(added, 0) @ kernels[0]
    stacked = np.concatenate([stacked, np.maximum(stacked, 0) @ kernels[1]], axis=1)
    recovered["added"].append(share_recovered(added, signal))
    recovered["stacked"].append(share_recovered(stacked, signal))

# %%
fig, ax = plt.subplots(figsize=(6, 2.8))
cvkit.plots.curves(recovered, ax, "share of the input", xlabel="layer", title="What a linear layer can still read")
ax.set_ylim(0, 1.05)
lesson.figure(fig, alt="Two curves over twelve layers: stacked stays at one, added falls with every layer.")

# %% [markdown]
# Stacked, the input is still there after twelve layers: it lies in the first 16 channels. Added, it fades, since each layer pours something new over
# it. (With random weights, mind. A trained residual network can learn to leave alone what it will need. It has to learn that, and a dense one does
# not.)
#
# ## A dense block
#
# In a real block $H_l$ is batch normalisation, ReLU and a 3 × 3 convolution, and each layer adds the same few maps, $k$ of them: the **growth rate**.
# In front of the block there are $k_0$ maps. Layer 1 reads $k_0$, layer 2 reads $k_0 + k$, and so on:
#
# $$k_l = k_0 + k\,(l - 1).$$
#
# Here is a block of five layers with $k_0 = 16$ and $k = 12$. A row is where maps come from, a column is who reads them.

# %%
k0, k, depth = 16, 12, 5
reads = np.zeros((depth, depth), int)
reads[0] = k0
for n in range(1, depth):
    reads[n, n:] = k  # what layer n makes, all later ones read

fig, ax = plt.subplots(figsize=(6.6, 4.4))
cvkit.plots.matrix(reads, ax, "Maps that each layer reads")
ax.set_xticks(range(depth), [f"layer {n + 1}\n{reads[:, n].sum()} maps" for n in range(depth)])
ax.set_yticks(range(depth), ["input", *(f"layer {n}" for n in range(1, depth))])
ax.set(xlabel="read by", ylabel="made by")
lesson.figure(fig, alt="A triangle of numbers: 16 maps from the input in each column, and 12 from each earlier layer.")

# %% [markdown]
# The code is one loop. `Concatenate` stacks along the channels; `bottleneck` comes in a moment.

# %%
cvkit.show_source(models.dense_block)

# %% [markdown]
# We check both statements of the slides on the real thing: what came into a block comes out of it unchanged, and the six layers of the first block of
# DenseNet-121 ($k_0 = 64$, $k = 32$) read what the formula says. The input channels of a layer are an axis of its kernel.

# %%
image = keras.Input((8, 8, 16))
block = keras.Model(image, models.dense_block(image, num_layers=5, growth_rate=12))
maps = rng.normal(size=(2, 8, 8, 16)).astype("float32")
lesson.claim("densenet-concatenates", float(abs(keras.ops.convert_to_numpy(block(maps))[..., :16] - maps).max()))

# %%
densenet121 = models.densenet(121)
widths = [densenet121.get_layer(f"block1_{n}_narrow_conv").kernel.shape[2] for n in range(1, 7)]
lesson.claim("densenet-growth", widths)

# %% [markdown]
# The layers are narrow. In DenseNet-40-12, the paper's network for small images (40 layers, $k = 12$), each of the 36 layers in its three blocks
# makes 12 maps, where a ResNet makes 16 to 64. It has a million parameters.

# %%
densenet40 = models.densenet_cifar(depth=40, growth_rate=12)
made = {layer.filters for layer in densenet40.layers if "block" in layer.name and hasattr(layer, "filters")}
print(f"{cvkit.analysis.count_parameters(densenet40, trainable=True):,} parameters to train")
lesson.claim("densenet-narrow", sorted(made))

# %% [markdown]
# ## Why a bottleneck, why a transition
#
# Stacking has a price: late layers read very many maps. In the last block of DenseNet-121 ($k_0 = 512$, 16 layers) the last one reads $512 + 32 \cdot
# 15 = 992$. A 3 × 3 convolution on all of them would have $9 \cdot 992 \cdot 32 = 285{,}696$ weights. Lesson 04 knows what to do: first a 1 × 1
# convolution to $4k = 128$ maps, then the 3 × 3 on those, $992 \cdot 128 + 9 \cdot 128 \cdot 32 = 163{,}840$. That is the **bottleneck**. For the
# whole block:


# %%
def block_parameters(bottleneck):
    """Parameters of the last dense block of DenseNet-121, with or without bottlenecks."""
    image = keras.Input((7, 7, 512))
    model = keras.Model(image, models.dense_block(image, 16, 32, bottleneck=bottleneck))
    return cvkit.analysis.count_parameters(model, trainable=True)


print(f"without {block_parameters(False):,}, with bottlenecks {block_parameters(True):,}")

# %% [markdown]
# Two things cannot go on inside a block. The maps must keep their size, or they could not be stacked; and their number grows without end. So between
# two blocks stands a **transition**: a 1 × 1 convolution that keeps half of the maps (the *compression*, 0.5), then 2 × 2 average pooling. Without
# the compression the stack would grow like this:


# %%
def maps_along(blocks, k0=64, k=32, compression=0.5):
    """Maps after the stem and after each layer and transition of a DenseNet."""
    maps = [k0]
    for number, num_layers in enumerate(blocks, 1):
        maps += [maps[-1] + k * n for n in range(1, num_layers + 1)]
        if number < len(blocks):
            maps.append(int(compression * maps[-1]))
    return maps


halved, kept = (maps_along((6, 12, 24, 16), compression=c) for c in (0.5, 1.0))
stacked_in_model = [layer.output.shape[-1] for layer in densenet121.layers if isinstance(layer, layers.Concatenate)]
set(stacked_in_model) <= set(halved), halved[-1], kept[-1]

# %%
fig, ax = plt.subplots(figsize=(7, 3))
ax.plot(kept, label="transitions keep all")
ax.plot(halved, label="transitions keep half: DenseNet-121")
ax.set(xlabel="layers and transitions", ylabel="maps", title="How many maps DenseNet-121 stacks")
ax.legend(frameon=False)
lesson.figure(fig, alt="Two saw-toothed lines. With halving it ends at 1,024 maps, without at nearly 2,000.")

# %% [markdown]
# One price remains, which no parameter count shows: memory. All maps of a block are kept while it runs. Written without care, each layer stores its
# own copy of the stack, and memory grows with the square of the depth.
#
# ## RegNet: a network from four numbers
#
# So far each network had its own table of widths, found by hand. Radosavovic et al. asked a different question: not which network is best, but which
# *rule* makes good ones. They drew thousands of networks at random from a large space of choices, trained each a little, and looked at what the good
# ones had in common. Then they narrowed the space, and again. What was left is simple: **widths should grow along a straight line**. Four numbers
# describe it, and a fifth the kind of block: the depth $d$ (how many blocks), the first width $w_0$, the slope $w_a$, the ratio $w_m$ of
# neighbouring widths, and a group width $g$.
#
# Block $j$ (from 0) should have $u_j = w_0 + w_a\, j$ channels. A different width for every block would be awkward, so the line is made a staircase
# whose steps are $w_0,\ w_0 w_m,\ w_0 w_m^2, \dots$: each $u_j$ goes to the nearest step, nearest in the exponent. Last, each step is rounded to a
# multiple of 8. For the smallest network of the paper:

# %%
d, w0, wa, wm = 13, 24, 36.44, 2.49
line = w0 + wa * np.arange(d)
exponents = np.log(line / w0) / np.log(wm)
steps = w0 * wm ** np.round(exponents)
for name, row in {"line": line, "exponent": exponents, "step": steps, "width": 8 * np.round(steps / 8)}.items():
    print(f"{name:9}" + " ".join(f"{value:6.1f}" for value in row))

# %% [markdown]
# Thirteen blocks, four different widths: four **stages**. Each stage begins with a stride of 2. `regnet_widths` does the same and makes widths and
# groups fit (below). The paper's table says 24, 56, 152 and 368 channels in 1, 1, 4 and 7 blocks; it follows from the four numbers.

# %%
stages = models.regnet_widths(w0=24, wa=36.44, wm=2.49, depth=13, group_width=8).stages
lesson.claim("regnet-from-a-few-numbers", stages)

# %%
fig, axes = plt.subplots(1, 2, figsize=(9, 3.2))
for ax, name in zip(axes, ("200MF", "3.2GF"), strict=True):
    line, steps, stages = models.regnet_widths(**models.REGNETX[name])
    built = np.repeat([width for width, _ in stages], [blocks for _, blocks in stages])
    ax.plot(line, "--", color="grey", label="the line")
    ax.step(range(len(line)), steps, where="mid", label="nearest step")
    ax.plot(built, "o", color="crimson", markersize=4, label="width that is built")
    ax.set(xlabel="block", ylabel="channels", title=f"RegNetX-{name}")
    ax.legend(frameon=False)
lesson.figure(
    fig, alt="Two straight dashed lines, each with a staircase of four steps along it and a dot for each block."
)

# %% [markdown]
# On the right the dots leave the steps a little. The 3 × 3 convolutions of RegNet are **grouped**: the channels are divided into groups of $g$, and
# each output reads its own group only, which takes $9\,g$ weights for an output instead of $9\,C$. So a width must be a multiple of $g$, here 48, and
# is moved to the nearest one.
#
# The block is a residual one: 1 × 1, grouped 3 × 3, 1 × 1, and the shortcut. The names tell the cost: 200MF stands for 200 million multiply-adds
# (papers say *flops*, and mean multiply-adds).

# %%
network = models.regnet(**models.REGNETX["200MF"])
work = cvkit.analysis.count_multiply_adds(network)
print(f"RegNetX-200MF: {work:,} multiply-adds, {cvkit.analysis.count_parameters(network, trainable=True):,} parameters")

# %% [markdown]
# ## Inception-v4's idea
#
# L2 and L3 say that Inception-v4 merges the ideas of GoogLeNet and ResNet. The paper does, the network does not. It describes two families:
# *Inception-v4* is a larger inception network without any shortcut, and *Inception-ResNet* has the shortcuts. In its block the branches of lesson 04
# are stacked, brought back to the channels of the input by a 1 × 1 convolution (only equal shapes can be added), made smaller by a factor of 0.1 to
# 0.3, and added to the input:
#
# $$y = \max\big(0,\; x + 0.2 \cdot W\,[b_1(x),\, b_2(x),\, b_3(x)]\big).$$
#
# So it stacks *and* adds. The factor is there because very wide ones died early in training without it. With shortcuts training was
# faster; in the end both families were about equally accurate.

# %%
inception_resnet = models.inception_resnet(num_classes=8, blocks=1)
additions = sum(isinstance(layer, layers.Add) for layer in inception_resnet.layers)
lesson.claim("inception-resnet-adds", additions)

# %% [markdown]
# ## What the papers report
#
# The ImageNet challenge asked for one of 1,000 classes; the *top-5 error* is the share of images whose class is not among the network's five best
# guesses. These are the figures of the papers and of the challenge. The kit keeps them in one file, `published.yaml`, each with its source.

# %%
challenge = read_published("challenge")
for row in challenge:
    print(
        f"{row.year}  {row.network:17}{row.top5_error:6.2f}%  {row.note or '':58} [{row.source.split(',')[0]}, {row.where}]"
    )

# %%
(person,) = read_published("people")
fig, ax = plt.subplots(figsize=(9, 3.4))
names = [f"{row.network}\n{row.year}".replace("-", "-\n", 1) for row in challenge]
ax.bar_label(ax.bar(names, [row.top5_error for row in challenge], color="steelblue"), fmt="%.4g", fontsize=8)
ax.axhline(person.top5_error, color="crimson", linestyle="--", label=f"a trained person, {person.top5_error}%")
ax.set(ylabel="top-5 error in %", title="The ImageNet challenge: error on the test set")
ax.tick_params(axis="x", labelsize=7)
ax.legend(frameon=False)
lesson.figure(
    fig, alt="Bars from 28 per cent in 2010 down to 2 in 2017; from 2015 on they lie below the line of a person."
)

# %%
errors = {row.network: row.top5_error for row in challenge}
lesson.claim("challenge-from-27-to-2", [errors["XRCE"], errors["SENet"]])
lesson.claim("vgg-error-is-googlenets", [errors["VGG"], errors["GoogLeNet"]])

# %% [markdown]
# **A slip in the slides.** L5 gives VGG an error of 6.7%. That is GoogLeNet's, which won in 2014; VGG came second with 7.3%.
#
# Before you compare two errors, ask three questions. *How many networks?* These are ensembles, two to seven networks that vote. *How many crops?*
# Each image was cut out many times, and the answers averaged. *Which set?* Some are of the test set, others of the validation set. ResNet alone has
# three errors: 3.57 for six networks on the test set (L1 rounds it to 3.6), 4.49 for one network of 152 layers with many crops on the validation set
# (L1's table), and for a single central crop:

# %%
single_crop = {row.network: row for row in read_published("single_crop")}
for name, row in single_crop.items():
    print(f"{name:15} top-1 error {row.top1_error:5.1f}%   top-5 error {row.top5_error:5.1f}%")

# %% [markdown]
# Nearly 6% for ResNet-152. This table has one more virtue: everyone in it was tested in the same way. We shall use it below. (It is Torchvision's;
# the AlexNet in it is a variant.)
#
# ## What we count ourselves
#
# Layers, parameters and multiply-adds need not be quoted, we have the networks. First the layers. The convention of the papers: count layers with a
# kernel, convolutions and dense ones, along the longest path.


# %%
IMAGENET = {
    "AlexNet": lambda: models.alexnet(towers=2),
    "GoogLeNet": lambda: models.googlenet(auxiliary=False),
    "ResNet-50": lambda: models.resnet(50),
    "DenseNet-201": lambda: models.densenet(201),
    "RegNetX-1.6GF": lambda: models.regnet(**models.REGNETX["1.6GF"]),
}


# %%
def cost(network):
    """(layers, parameters, multiply-adds) of a network."""
    parameters = cvkit.analysis.count_parameters(network, trainable=True)
    return cvkit.analysis.count_layers(network), parameters, cvkit.analysis.count_multiply_adds(network)


# %%
costs = {"LeNet-5": cost(models.lenet5()), "DenseNet-121": cost(densenet121)}
costs["VGG-16"] = (16, 138_357_544, 15_470_264_320)  # lesson 03 counted them; building it takes over a gigabyte
for name, build in IMAGENET.items():
    costs[name] = cost(build())
    keras.utils.clear_session()  # gives the memory back
for name, (depth, parameters, work) in costs.items():
    print(
        f"{name:15}{depth:4} layers {parameters / 1e6:8.2f} million parameters {work / 1e9:7.3f} billion multiply-adds"
    )

# %%
counted = [costs[name][0] for name in ("LeNet-5", "AlexNet", "VGG-16", "GoogLeNet", "ResNet-50")]
for row in read_published("slides"):
    if row.layers:
        print(
            f"{row.source.split(',')[0]:24} {row.network:10} {row.layers:9} layers, {row.parameters or 'no number of'} parameters"
        )
lesson.claim("layers-counted", counted)

# %% [markdown]
# **More slips.** For AlexNet the slides have 7, 8 and 12 layers: it is 8. L1 has 19 for GoogLeNet: it is 22, and about 7 million parameters, not 4.
# (LeNet-5 has 5 by this count; its paper numbers seven, with the two pooling layers.) So a number of layers means little unless you know who counted.
#
# ## Accuracy against cost
#
# This is the figure of Canziani et al. that L2 shows, made anew: what each network gets right, against the work for one image; the area of a disc is
# proportional to the parameters. On the right the *accuracy per parameter*, in per cent for a million of them. It gives the discs their
# numbers.


# %%
def ranked(rows):
    """Rows of (name, multiply-adds, parameters, accuracy in %), numbered from the most accurate per parameter."""
    return list(enumerate(sorted(rows, key=lambda row: row[3] / row[2], reverse=True), 1))


def discs(rows, ax, unit):
    largest = max(row[2] for row in rows)
    for number, (_, work, size, accuracy) in ranked(rows):
        ax.scatter(work / unit, accuracy, s=max(1500 * size / largest, 8), alpha=0.5)
        ax.annotate(number, (work / unit, accuracy), (5, 5), textcoords="offset points", fontsize=9)
    ax.set(xscale="log", ylabel="accuracy in %", title="Accuracy against work; area: parameters")
    ax.margins(0.15)


# %%
def bars(rows, ax, unit):
    names = [f"{row[0]}  {number}" for number, row in ranked(rows)]
    drawn = ax.barh(names, [row[3] / row[2] * unit for _, row in ranked(rows)], color="steelblue")
    ax.bar_label(drawn, fmt="%.3g", fontsize=8, padding=2)
    ax.invert_yaxis()
    ax.set_title("Accuracy per parameter")
    ax.margins(x=0.15)


# %%
accuracies = {name: 100 - row.top1_error for name, row in single_crop.items() if name in costs}
published = [(name, costs[name][2], costs[name][1], accuracy) for name, accuracy in accuracies.items()]
fig, axes = plt.subplots(1, 2, figsize=(11, 4.6), width_ratios=(1.5, 1))
discs(published, axes[0], unit=1e9)
bars(published, axes[1], unit=1e6)
axes[0].set(xlabel="billion multiply-adds for one image")
axes[1].set(xlabel="% of top-1 accuracy for a million parameters")
lesson.figure(
    fig,
    alt="Left: discs; AlexNet is low and large, VGG-16 far right and huge, the others small and high. Right: bars, VGG-16 has the least.",
)

# %%
density = {name: accuracy / size for name, _, size, accuracy in published}
alexnet, resnet50 = costs["AlexNet"], costs["ResNet-50"]
lesson.claim("alexnet-low-compute", [resnet50[2] / alexnet[2], alexnet[1] / resnet50[1]])
lesson.claim("googlenet-efficient", [density["GoogLeNet"] / density[name] for name in ("AlexNet", "VGG-16")])
lesson.claim("densenet-fewer-parameters", costs["DenseNet-201"][1] / resnet50[1])

# %% [markdown]
# Read it with the slides. *AlexNet: low compute, lots of parameters*: it does a sixth of ResNet-50's work with more than twice its parameters, most
# of them in dense layers. *VGG* has the most of both. *GoogLeNet: very efficient*: per parameter it gets an order of magnitude more than those two.
# DenseNet-201 does about the work of ResNet-50 with four fifths of its parameters, and is slightly more accurate.
#
# Be careful with the right-hand figure. Accuracy cannot grow in proportion to parameters: a tiny network that is right half of the time
# beats them all. It says who wastes parameters, not who is best.
#
# ## A dozen networks, the same time
#
# Published networks differ in more than their design: in training, in tricks, in years. So we train small ones ourselves, all on the same images and
# for the same *time*: so many seconds of processor time each, whatever they do with it. A small network sees every image often in that time, a large
# one only a few times.
#
# The embedded digits have 8 × 8 pixels and are too easy for a race. So we put each at a random place in a dark frame of 16 × 16, four times over: now
# a network has to find the digit first. (The test images are still made of 540 digits that no network trains on.)


# %%
def prepare(part):
    """Images from -0.5 to 0.5, and labels; small digits are put at four random places in a frame."""
    images, labels = part["images"].astype("float32") / 255 - 0.5, part["labels"]
    if DATASET != "digits":
        return images, labels
    placed = np.full((4 * len(images), 16, 16, 1), -0.5, "float32")
    corners = np.random.default_rng(0).integers(0, 9, (len(placed), 2))
    for frame, image, (top, left) in zip(placed, np.repeat(images, 4, axis=0), corners, strict=True):
        frame[top : top + 8, left : left + 8] = image
    return placed, np.repeat(labels, 4)


train_images, train_labels = prepare(cvkit.data.load(DATASET, "train"))
test_images, test_labels = prepare(cvkit.data.load(DATASET, "test"))
train_images.shape, test_images.shape

# %%
fig = cvkit.plots.image_grid(train_images[:32:2] + 0.5, [str(label) for label in train_labels[:32:2]], columns=8)
fig.suptitle(f"{len(train_images):,} images like these to train on, {len(test_images):,} to test on")
lesson.figure(fig, alt="Sixteen images, each with a small handwritten digit somewhere in a dark frame, and its class.")

# %% [markdown]
# Now the dozen. They are cousins of the famous ones, not copies: the layout is theirs, the size is ours, and all but LeNet-5 have batch
# normalisation, so that none loses for being old. Two helpers first.

# %%
SHAPE, CLASSES = train_images.shape[1:], int(train_labels.max()) + 1


def conv(x, filters, size=3, strides=1):
    """Convolution, batch normalisation, ReLU."""
    options = dict(padding="same", use_bias=False, kernel_initializer="he_normal")
    x = layers.Conv2D(filters, size, strides, **options)(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))


def halve(x):
    return layers.MaxPooling2D(2)(x)


# %% [markdown]
# AlexNet has large kernels first and large dense layers last. VGG has pairs of 3 × 3 convolutions, and dense layers too. NiN follows each convolution
# by 1 × 1 convolutions and ends, as all later ones do, with global average pooling.


# %%
def alexnet_like(x, width=16):
    x = halve(conv(halve(conv(x, width, 5)), 2 * width, 5))
    x = halve(conv(conv(conv(x, 3 * width), 3 * width), 2 * width))
    for _ in range(2):
        x = layers.Dropout(0.5)(layers.Dense(32 * width, "relu")(layers.Flatten()(x)))
    return x


def vgg_like(x, width):
    for filters in (width, 2 * width, 4 * width):
        x = halve(conv(conv(x, filters), filters))
    return layers.Dense(8 * width, "relu")(layers.Flatten()(x))


# %%
def nin_like(x, width=16):
    for filters in (width, 2 * width, 4 * width):
        x = halve(conv(conv(conv(x, filters), filters, 1), filters, 1))
    return layers.GlobalAveragePooling2D()(x)


def inception(x, filters):
    """The block of lesson 04: four branches, side by side."""
    fine, coarse = conv(conv(x, filters, 1), 2 * filters), conv(conv(x, filters // 2, 1), filters // 2, 5)
    pooled = conv(layers.MaxPooling2D(3, 1, padding="same")(x), filters // 2, 1)
    return layers.Concatenate()([conv(x, filters, 1), fine, coarse, pooled])


# %%
def inception_like(x, width=8):
    x = inception(inception(halve(conv(x, 2 * width)), width), width)
    x = inception(inception(halve(x), 2 * width), 2 * width)
    return layers.GlobalAveragePooling2D()(x)


# %% [markdown]
# The others come from the package, made small. RegNet gets a single group: a grouped convolution saves multiply-adds, but on a processor TensorFlow
# runs it many times slower than a plain one. Multiply-adds are not time; keep that in mind.


# %%
def classifier(body, **options):
    """A network from one of the functions above: its body and a dense layer."""
    image = keras.Input(SHAPE)
    return keras.Model(image, layers.Dense(CLASSES)(body(image, **options)))


ends = dict(num_classes=CLASSES, input_shape=SHAPE)
small_regnet = dict(w0=8, wa=8, wm=2, depth=4, group_width=256, stem_stride=1)
large_regnet = dict(w0=16, wa=16, wm=2, depth=5, group_width=256, stem_stride=1)

# %%
DOZEN = {
    "LeNet-5": lambda: models.lenet5(**ends),
    "AlexNet-like": lambda: classifier(alexnet_like),
    "VGG-like, 8": lambda: classifier(vgg_like, width=8),
    "VGG-like, 16": lambda: classifier(vgg_like, width=16),
    "NiN-like": lambda: classifier(nin_like),
    "inception-like": lambda: classifier(inception_like),
    "Inception-ResNet": lambda: models.inception_resnet(**ends),
    "ResNet-8": lambda: models.resnet_cifar(8, width=8, **ends),
    "ResNet-14": lambda: models.resnet_cifar(14, width=12, **ends),
    "DenseNet-13": lambda: models.densenet_cifar(13, growth_rate=8, **ends),
    "RegNet, small": lambda: models.regnet(**small_regnet, **ends),
    "RegNet, large": lambda: models.regnet(**large_regnet, **ends),
}
len(DOZEN)

# %% [markdown]
# The clock is a callback. It starts after the first batch, which is when Keras prepares the network, and stops training when the time is up. The
# learning rate falls along a cosine of the *time*, so that every network ends its training properly, however far it got.

# %%
SECONDS = 4 if DATASET == "digits" else 20  # for each network
clock = time.perf_counter if lesson.profile == "gpu" else time.process_time  # on a GPU, time by the wall


# %%
class TimeShare(keras.callbacks.Callback):
    """Stop training after so many seconds; until then lower the learning rate from `rate` to zero."""

    def __init__(self, seconds, rate):
        super().__init__()
        self.seconds, self.rate, self.start, self.steps = seconds, rate, None, 0

    def on_train_batch_end(self, batch, logs=None):
        self.start = self.start or clock()
        self.steps += 1
        spent = min((clock() - self.start) / self.seconds, 1)
        self.model.optimizer.learning_rate = self.rate * (1 + math.cos(math.pi * spent)) / 2
        self.model.stop_training = spent == 1


# %%
def race(build, seed=0):
    """Train a network for its share of time. Returns the network and the epochs it got through."""
    keras.utils.set_random_seed(seed)
    model, share = build(), TimeShare(SECONDS, rate=3e-3)
    model.compile(keras.optimizers.Adam(), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(train_images, train_labels, batch_size=64, epochs=1000, verbose=0, callbacks=[share])
    return model, share.steps * 64 / len(train_images)


# %%
def accuracy_of(model):
    """Share of the test images that are right, in per cent."""
    parts = np.array_split(test_images, math.ceil(len(test_images) / 500))
    scores = np.concatenate([keras.ops.convert_to_numpy(model(part, training=False)) for part in parts])
    return 100 * float((scores.argmax(axis=1) == test_labels).mean())


# %%
results = {}
for name, build in DOZEN.items():
    model, epochs = race(build)
    _, parameters, work = cost(model)
    results[name] = (work, parameters, accuracy_of(model), epochs)
    keras.utils.clear_session()

# %%
for name, (work, parameters, accuracy, epochs) in results.items():
    print(
        f"{name:17}{parameters:9,} parameters {work / 1e6:6.2f} million multiply-adds {epochs:6.1f} epochs {accuracy:6.1f}% right"
    )

# %%
trained = [(name, *result[:3]) for name, result in results.items()]
fig, axes = plt.subplots(1, 2, figsize=(11, 4.6), width_ratios=(1.5, 1))
discs(trained, axes[0], unit=1e6)
bars(trained, axes[1], unit=1e3)
axes[0].set(xlabel="million multiply-adds for one image")
axes[1].set(xlabel="% of test accuracy for a thousand parameters")
lesson.figure(
    fig,
    alt="Left: twelve discs; the largest, AlexNet-like, is not the most accurate. Right: bars that differ several times over.",
)

# %%
most = max(trained, key=lambda row: row[2])
half_as_large = [row for row in trained if row[2] <= most[2] / 2]
per_parameter = [accuracy / size for _, _, size, accuracy in trained]
lesson.claim("accuracy-per-parameter-differs", max(per_parameter) / min(per_parameter))
lesson.claim("largest-is-not-best", max(row[3] for row in half_as_large) - most[3])

# %% [markdown]
# What is robust here, and what is not? Your machine is not ours: on a faster one every network sees more images, and the order of the best changes
# from seed to seed. Four things held in each of our runs.
#
# - *The largest network is not the best.* The cousin of AlexNet has by far the most parameters, nearly all of them in dense layers, where each must
#   learn anew for every place in the frame.
# - *Little work is not enough.* LeNet-5 does the least for each image, so it sees the images most often, and still makes more errors than most of
#   the others.
# - *Accuracy per parameter differs several times over*, much more than accuracy does. That was the message of L2's last figure.
# - *Multiply-adds are not time.* The inception-like network and the smaller VGG-like one do about as many, and yet the first gets through far
#   fewer images: it has many small layers. Normalisation, stacking and pooling count nothing and take their time.
#
# The two RegNets did badly in our runs. That is no verdict on the rule, which was found with ImageNet's images and long training; nothing promises it
# for 16 × 16 pixels and a few epochs.
#
# We looked at the test images once for each network, to draw the chart, and chose nothing by them. With one run each, a difference of a point means
# nothing; lesson 05 shows how to compare in earnest.
#
# ## Exercises
#
# Replace the line that raises `NotImplementedError` by your answer, run the cell, then run the check below it.
#
# ### Exercise 1: the weights of a dense block (2 points)
#
# A dense block of `num_layers` layers with bottlenecks stands behind `k0` maps; its growth rate is `k`. How many weights do its kernels have? Leave
# out batch normalisation; the convolutions have no biases. Check yourself: `k0 = 64`, `k = 32` and 6 layers give 331,776.


# %% nbgrader={"schema_version": 3, "grade_id": "dense-block-weights", "solution": true, "grade": false, "locked": false, "task": false}
def dense_block_weights(k0, k, num_layers):
    """Weights of the 1 × 1 and 3 × 3 kernels of a dense block."""
    ### BEGIN SOLUTION
    read = sum(k0 + k * (n - 1) for n in range(1, num_layers + 1))
    return read * 4 * k + num_layers * 9 * 4 * k * k
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "dense-block-weights-check", "solution": false, "grade": true, "points": 2, "locked": true, "task": false}
lesson.check("dense-block-weights", dense_block_weights)
### BEGIN HIDDEN TESTS
assert dense_block_weights(512, 32, 16) == 12_032 * 128 + 16 * 36_864
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 2: RegNet's rule (3 points)
#
# Return the width of each block, a NumPy array or list with `depth` entries, before groups come into play. The line is $u_j = w_0 + w_a\, j$ with $j$
# from 0; each $u_j$ goes to the nearest step $w_0 w_m^n$, with $n$ the nearest whole number to the exponent; and each step to the nearest multiple of
# 8. Check yourself: `w0 = 24`, `wa = 36.44`, `wm = 2.49` and 3 blocks give 24, 56, 152.


# %% nbgrader={"schema_version": 3, "grade_id": "block-widths", "solution": true, "grade": false, "locked": false, "task": false}
def block_widths(w0, wa, wm, depth):
    """Width of each block."""
    ### BEGIN SOLUTION
    exponents = np.log((w0 + wa * np.arange(depth)) / w0) / np.log(wm)
    return 8 * np.round(w0 * wm ** np.round(exponents) / 8)
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "block-widths-check", "solution": false, "grade": true, "points": 3, "locked": true, "task": false}
lesson.check("block-widths", block_widths)
### BEGIN HIDDEN TESTS
assert list(block_widths(88, 26.31, 2.25, 25)) == [88] * 2 + [200] * 6 + [448] * 15 + [1000] * 2
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 3: worth its operations (3 points)
#
# Which networks on a chart would you consider at all? Those that no other beats at the same price or less. `operations` and `accuracies` are NumPy
# arrays with one entry for each network. Return an array or list of booleans: `True` where no network with *as many or fewer* operations is more
# accurate.


# %% nbgrader={"schema_version": 3, "grade_id": "worth-its-operations", "solution": true, "grade": false, "locked": false, "task": false}
def worth_it(operations, accuracies):
    """Whether each network is the most accurate of those that cost no more."""
    ### BEGIN SOLUTION
    affordable = operations[None, :] <= operations[:, None]  # (network, those that cost no more)
    return accuracies >= np.where(affordable, accuracies[None, :], -np.inf).max(axis=1)
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "worth-its-operations-check", "solution": false, "grade": true, "points": 3, "locked": true, "task": false}
lesson.check("worth-its-operations", worth_it)
### BEGIN HIDDEN TESTS
assert list(worth_it(np.array([2.0, 1.0, 1.0]), np.array([0.5, 0.6, 0.4]))) == [False, True, False]
### END HIDDEN TESTS

# %% [markdown]
# ## What you saw
# - A dense layer stacks its maps beside those it has read. Layer $l$ of a block reads $k_0 + k(l - 1)$ maps, and what came in is still there.
# - Bottlenecks and transitions keep the stack affordable: DenseNet-121 has 8 million parameters, and 121 layers.
# - RegNet computes its widths: a line, moved to a few steps, rounded. Four numbers and a group width make a network.
# - Inception-ResNet stacks and adds; Inception-v4, in spite of what is said of it, only stacks.
# - Errors can be compared if networks, crops and sets are the same. Layers can be counted.
# - Trained for the same time on the same images, the largest of twelve small networks is not the best one, and accuracy per parameter differs several
#   times over.
#
# ## The library's way
#
# `keras.applications.DenseNet121()` and its larger siblings bring the trained weights; the tests of this kit hold ours against it.
# `keras.applications.InceptionResNetV2()` is the large Inception-ResNet. Keras has no RegNet of its own; Torchvision has
# (`torchvision.models.regnet_x_400mf`).
#
# ## References
# - G. Huang, Z. Liu, L. van der Maaten and K. Weinberger, *Densely connected convolutional networks*, CVPR 2017, arXiv 1608.06993.
# - I. Radosavovic, R. P. Kosaraju, R. Girshick, K. He and P. Dollár, *Designing network design spaces*, CVPR 2020, arXiv 2003.13678.
# - C. Szegedy, S. Ioffe, V. Vanhoucke and A. Alemi, *Inception-v4, Inception-ResNet and the impact of residual connections on learning*, AAAI 2017,
#   arXiv 1602.07261.
# - A. Canziani, A. Paszke and E. Culurciello, *An analysis of deep neural network models for practical applications*, 2016, arXiv 1605.07678.
# - Of the quoted figures, each has its source in `published.yaml`.
#
# **A paper to present in five minutes:** M. Tan and Q. Le, *EfficientNet: rethinking model scaling for convolutional neural networks*, ICML 2019,
# arXiv 1905.11946. Given twice the operations, should a network become deeper, wider, or look at larger images?
#
# ## What the lectures say, and what you measured

# %%
lesson.summary()
