# %% [markdown]
# # Inception: small kernels, side by side, and no large dense layers
#
# **You will**
# - see that a 1 × 1 convolution is a dense layer at each pixel, and what it saves;
# - replace the dense layers at the end of a network by one averaged map for each class, and measure what that does to parameters, to overfitting and
#   to images that are shifted;
# - take the inception block apart, and count what its 1 × 1 convolutions save in GoogLeNet;
# - measure what GoogLeNet's two auxiliary heads do to the gradients of a deep network without batch normalisation.
#
# **Before you start:** lessons 01 to 03 (kernels, pooling, LeNet-5, AlexNet). **Time:** 2 minutes of computing on two cores, two hours of reading and
# exercises. Follows AC 209B (L1: network in network, inception), the Tor Vergata lecture (L3: GoogLeNet), and the tables in the slides on classical
# architectures (L2) and of RWTH Aachen (L5).

# %%
import cvkit
import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers, ops

lesson = cvkit.lesson("inception", seed=0)

# %% [markdown]
# The settings of this lesson. `"shapes"` is drawn by the kit: one textured shape of eight kinds in each image. With `"cifar10"` the real photographs
# are downloaded once (170 MB); we then use the first 5,000 of them. The images serve to measure overfitting; all else is done on the kit's
# handwritten digits.

# %% tags=["parameters"]
DATASET = "shapes"

# %% [markdown]
# ## A kernel of 1 × 1 pixels
#
# Lesson 01 ended its section on channels with a kernel that sees one pixel. L3 says that at first sight it makes no sense, since it cannot compare
# pixels. But a pixel of a *feature map* holds many numbers, one for each channel. With the input $X$, kernel $K$ and biases $t$,
#
# $$H_{i,j,d} = t_d + \sum_c K_{c,d}\, X_{i,j,c}.$$
#
# Leave out $i$ and $j$, and this is a dense layer from the channels $c$ to the channels $d$. So a 1 × 1 convolution is **a dense layer at each pixel,
# with the same weights at all of them**. By hand: four pixels of three channels each, and a kernel that makes two channels.

# %%
pixels = np.arange(12.0).reshape(2, 2, 3)
kernel = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, -1.0]])  # the sum of the channels, and minus the last one
pixels @ kernel

# %% [markdown]
# The pixel in the upper left holds 0, 1, 2: the sum is 3, and minus the last is −2. Now with Keras, on larger maps with random weights: a convolution
# and a dense layer with the same numbers. (`Dense` acts on the last axis, which is the channels, and leaves the others alone.)

# %%
maps = np.random.default_rng(0).normal(size=(2, 6, 5, 32)).astype("float32")
convolution, dense = layers.Conv2D(16, 1, bias_initializer="normal"), layers.Dense(16)
by_convolution = convolution(maps)
dense.build(maps.shape)
weights, biases = convolution.get_weights()
dense.set_weights([weights[0, 0], biases])
lesson.claim("one-by-one-is-dense", float(ops.max(ops.abs(by_convolution - dense(maps)))))

# %% [markdown]
# What is it good for? Two things, and this lesson is about them.
#
# - With a ReLU behind it, it makes a network deeper and lets it combine channels in new ways, without looking further. That is **network in
#   network**.
# - With fewer outputs than inputs it makes the maps thinner, so that the large kernel which follows has less to do. That is what the inception block
#   uses.
#
# ## Network in network
#
# In 2013 Lin, Chen and Yan put a small dense network behind each convolution, at each pixel: two more layers with 1 × 1 kernels. They called the
# three together an *mlpconv* layer (MLP, multi-layer perceptron, is another name for a dense network).

# %%
cvkit.show_source(cvkit.models.mlpconv)

# %%
cvkit.analysis.layer_table(cvkit.models.nin())

# %% [markdown]
# Three mlpconv layers, 967 thousand parameters, made for the small photographs of CIFAR-10. Look at the column *field*: the 1 × 1 layers leave it as
# it is. Look at the last two rows too: there is no dense layer.
#
# ## Global average pooling
#
# LeNet-5, AlexNet and VGG flatten their last maps and put dense layers on top, which hold most of their parameters. Network in network does without.
# Its last convolution makes **one map for each class**. The mean of a map is the score $z_k$ of its class:
#
# $$z_k = \frac{1}{H W} \sum_{i,j} M_{i,j,k}.$$
#
# There is nothing to learn in a mean.

# %%
network = cvkit.models.nin()
dense_layers = [layer for layer in network.layers if isinstance(layer, layers.Dense)]
averaging = network.get_layer("output")
print(network.get_layer("class_maps").output.shape, "->", averaging.output.shape)
lesson.claim("average-pooling-needs-no-dense-layer", [len(dense_layers), averaging.count_params()])

# %% [markdown]
# **The slide says it otherwise.** L1 says that global average pooling "uses a FC layer with as many outputs as the number of classes". The averaging
# itself needs none: in network in network it is a *convolution* that has as many outputs as there are classes, and each output is a map that is
# averaged. L1's words fit GoogLeNet, which comes later in this lesson and does it in the other order: it averages 1,024 maps first and then puts one
# dense layer on the 1,024 means. Averaging and a 1 × 1 convolution without activation can change places, so that is the same sum. What both avoid is
# a dense layer on *flattened* maps, with a weight for each position.
#
# ## What it saves
#
# A network has a *trunk*, which makes the maps, and a *head*, which turns them into scores. We put two heads on the same trunk of three small mlpconv
# layers. The old one flattens and has a hidden layer of 128 units. The new one makes a map for each class and averages. Between the stages stands
# *batch normalisation*, which keeps the numbers in a range in which training is quick; lesson 05 explains it. Both networks have it.


# %%
def trunk(inputs):
    """Three mlpconv layers; each pooling halves the maps."""
    x = inputs
    for stage, width in enumerate((16, 32, 64), 1):
        x = layers.MaxPooling2D(2)(x) if stage > 1 else x
        x = cvkit.models.mlpconv(x, 3, (width, width), name=f"mlp{stage}")
        x = layers.BatchNormalization(momentum=0.9)(x)  # averages that keep up in a short training
    return x


# %%
def averaging_network(input_shape, num_classes):
    inputs = keras.Input(input_shape)
    maps = layers.Conv2D(num_classes, 1, name="class_maps")(trunk(inputs))
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(maps))


def flattening_network(input_shape, num_classes):
    inputs = keras.Input(input_shape)
    hidden = layers.Dense(128, "relu")(layers.Flatten()(trunk(inputs)))
    return keras.Model(inputs, layers.Dense(num_classes)(hidden))


# %% [markdown]
# The data:

# %%
options = dict(image_size=24, num_objects=1, texture="textured", noise=16, num_train=2000, num_test=1000)


def load(split, limit):
    """Images from -0.5 to 0.5, and labels."""
    data = cvkit.data.load(DATASET, split, **(options if DATASET == "shapes" else {}))
    return data["images"][:limit].astype("float32") / 255 - 0.5, data["labels"][:limit]


train_images, train_labels = load("train", 5000)
test_images, test_labels = load("test", 2000)

# %%
names = [str(name) for name in cvkit.data.catalogue()[DATASET].classes]
fig = cvkit.plots.image_grid(train_images[:8] + 0.5, [names[label] for label in train_labels[:8]])
fig.suptitle(f"Eight of {len(train_images):,} images to train on; {len(test_images):,} to test on")
lesson.figure(fig, alt="Eight small colour images with the names of their classes.")

# %%
builders = {"flatten, dense": flattening_network, "average": averaging_network}
size = train_images.shape[1:], len(names)
for name, build in builders.items():
    print(f"{name:16}{cvkit.analysis.count_parameters(build(*size)):8,} parameters")

# %% [markdown]
# Now train both with the same recipe, three times each with different seeds: 6 epochs, Adam, learning rate falling from 0.002 to zero. We chose the
# recipe by looking at the test images of one seed, so both accuracies may be a little too good; the comparison is fair, since it is one recipe for
# both. Each network is compiled once, and `cvkit.restart` gives it fresh weights for each seed.


# %%
def compile_for(model, images, epochs):
    """Adam with a learning rate that falls from 0.002 to zero."""
    steps = epochs * int(np.ceil(len(images) / 32))
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(2e-3, steps))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"])
    return model


def accuracy(model, images, labels):
    scores = model.predict(images, batch_size=256, verbose=0)
    return float((scores.argmax(axis=1) == labels).mean())


# %%
SEEDS = (0, 1, 2)
results = {}
for name, build in builders.items():
    model, runs = compile_for(build(*size), train_images, epochs=6), []
    for seed in SEEDS:
        cvkit.restart(model, seed)
        model.fit(train_images, train_labels, batch_size=32, epochs=6, verbose=0)
        runs.append([accuracy(model, train_images, train_labels), accuracy(model, test_images, test_labels)])
    results[name] = np.array(runs)  # (seeds, train and test)
    print(f"{name:16}train", results[name][:, 0].round(2), "test", results[name][:, 1].round(2))

# %%
fig, ax = plt.subplots(figsize=(6, 2.8))
for offset, (part, column) in enumerate({"training images": 0, "test images": 1}.items()):
    points = np.array([runs[:, column] for runs in results.values()])  # (heads, seeds)
    places = np.repeat(np.arange(2) + 0.2 * offset, len(SEEDS))
    ax.plot(places, points.ravel(), "os"[offset], alpha=0.7, label=part)
ax.axhline(1 / len(names), color="grey", linestyle="--", label="chance")
ax.set_xticks(np.arange(2) + 0.1, results)
ax.set(
    xlabel="head", ylabel="accuracy", xlim=(-0.5, 1.7), ylim=(0, 1.02), title="Two heads on the same trunk, three seeds"
)
ax.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
lesson.figure(
    fig,
    alt="Three points for each head and set: far apart for the dense head, whose test points lie near chance; closer for averages.",
)

# %%
overfitting = {name: float((runs[:, 0] - runs[:, 1]).mean()) for name, runs in results.items()}
print({name: round(gap, 2) for name, gap in overfitting.items()})
lesson.claim("average-pooling-overfits-less", overfitting["flatten, dense"] - overfitting["average"])

# %% [markdown]
# The gap between the two accuracies is the **overfitting**: what the network knows of the training images and cannot use on others. The dense head
# has a weight for each position of each map, enough to learn many training images by heart. The averaging head cannot: it may not even ask *where*
# something was. It fits the training images less well (part of the smaller gap is that it has learnt less), and the test images better, where the
# dense head hardly beats chance. The comparison is hard on the dense head: it has no dropout, and the shapes stand anywhere.
#
# ## Shifted images
#
# L1 adds that global average pooling is "robust to spatial translations of the input". The convolutions move their maps along with the image (they
# are *equivariant*, lesson 01), and the mean of a map does not care where in the map things are. The dense head does care. A fair test needs objects
# that are always in the middle while we train. The handwritten digits are: we enlarge them to 16 × 16 pixels, put a dark frame of 4 pixels around
# them, train, and then move the test images by 0 to 4 pixels: one quarter of them to the right, one to the left, one down, one up. Nothing leaves the
# image.


# %%
def framed(images):
    """Digits uint8 (N, 8, 8, 1) as float32 (N, 24, 24, 1) from 0 to 1."""
    enlarged = ops.image.resize(images.astype("float32") / 255, (16, 16), interpolation="bilinear")
    return np.pad(ops.convert_to_numpy(enlarged), ((0, 0), (4, 4), (4, 4), (0, 0)))


def shifted(images, distance):
    """The images moved, each in one of four directions."""
    moved = images.copy()
    for k, move in enumerate([(0, distance), (0, -distance), (distance, 0), (-distance, 0)]):
        moved[k::4] = np.roll(images[k::4], move, axis=(1, 2))
    return moved


# %%
digits = {split: cvkit.data.load("digits", split) for split in ("train", "test")}
digit_images = {split: framed(data["images"]) for split, data in digits.items()}
digit_labels = {split: data["labels"] for split, data in digits.items()}
digit_images["train"].shape, digit_images["test"].shape

# %%
kept = {}
for name, build in builders.items():
    model, runs = compile_for(build((24, 24, 1), 10), digit_images["train"], epochs=4), []
    for seed in SEEDS:
        cvkit.restart(model, seed)
        model.fit(digit_images["train"], digit_labels["train"], batch_size=32, epochs=4, verbose=0)
        tests = [shifted(digit_images["test"], distance) for distance in range(5)]
        runs.append([accuracy(model, images, digit_labels["test"]) for images in tests])
    kept[name] = np.array(runs)  # (seeds, distances)
    print(
        f"{name:16}", kept[name].mean(axis=0).round(2), "seeds differ by at most", np.ptp(runs, axis=0).max().round(2)
    )

# %%
fig, ax = plt.subplots(figsize=(6, 3))
for name, runs in kept.items():
    ax.plot(range(5), runs.mean(axis=0), marker="o", label=name)
    ax.fill_between(range(5), runs.min(axis=0), runs.max(axis=0), alpha=0.2)
ax.set(xlabel="shift in pixels", ylabel="test accuracy", xticks=range(5), ylim=(0, 1.05))
ax.set_title("Trained on centred digits, tested on shifted ones (three seeds)")
ax.legend(frameon=False)
lesson.figure(fig, alt="Two curves over the shift: with averages it stays high, with dense layers it falls steeply.")

# %%
lesson.claim("average-pooling-and-shifts", float(kept["average"][:, 4].mean() - kept["flatten, dense"][:, 4].mean()))

# %% [markdown]
# The network with dense layers has never seen a digit off the middle, and fails. The one with averages keeps most of its accuracy, although it has
# not seen one either. It is robust, not invariant. A shift by two pixels moves the maps behind the first pooling as a whole, a shift by four those
# behind the second as well (but for the zeros that pad the edges); a shift by one or three changes what each window sees. Look whether your curve
# dips there. At one pixel the dense head need not be behind.
#
# To see what is averaged, here are the ten maps that the averaging network of the last seed makes of one digit, and their means. (Blue is negative,
# red positive.)

# %%
class_maps = keras.Model(model.input, model.get_layer("class_maps").output)
digit = digit_images["test"][:1]
ten_maps = class_maps.predict(digit, verbose=0)[0]  # (6, 6, 10)
limit = abs(ten_maps).max()
fig, axes = plt.subplots(1, 11, figsize=(11, 1.7))
axes[0].imshow(digit[0, :, :, 0])
axes[0].set_title(f"a {digit_labels['test'][0]}")
for k, ax in enumerate(axes[1:]):
    ax.imshow(ten_maps[:, :, k], cmap="coolwarm", vmin=-limit, vmax=limit)
    ax.set_title(f"{k}: {ten_maps[:, :, k].mean():.1f}")
for ax in axes:
    ax.set(xticks=[], yticks=[])
lesson.figure(fig, alt="A handwritten digit and ten maps of 6 × 6 cells; the map of its own class is the reddest.")

# %% [markdown]
# The map of the right class is strongly positive where the digit is, and weakly elsewhere too: each cell sees 18 × 18 of the 24 pixels. Nobody told
# the network where the digit is: the place comes for free, since the score is a sum over places. Lesson 07 turns this into heat maps that show what a
# network looked at.
#
# ## The inception block
#
# How large should a kernel be? AlexNet took 11, 5 and 3 pixels, VGG only 3. In 2014 Szegedy and his colleagues did not choose: an **inception block**
# puts kernels of 1 × 1, 3 × 3 and 5 × 5 pixels *side by side*, and max pooling of stride 1 besides. All keep height and width, so that their maps can
# be stacked. The network itself finds out what is best seen at which size.
#
# That is the naive block, and it has two flaws. A 5 × 5 kernel over 192 channels has 4,800 weights for each map that it makes. And pooling gives back
# as many channels as it gets, so that the stack grows from block to block. The cure is the 1 × 1 convolution: it makes the maps thinner *before* the
# large kernels, and *after* the pooling. GoogLeNet calls its blocks 3a to 5b: the number is the stage (maps of 28, 14 and 7 pixels), the letter the
# block within it. The six widths of 3a are the maps made by the 1 × 1 (64), by the reduction before the 3 × 3 (96), the 3 × 3 (128), the reduction
# before the 5 × 5 (16), the 5 × 5 (32) and the 1 × 1 after the pooling (32). Here are both forms of the block, drawn from the networks themselves,
# from the bottom up.

# %%
widths = cvkit.models.INCEPTION_WIDTHS["3a"]
maps = keras.Input((28, 28, 192), name="input")
blocks = {
    "naive": keras.Model(maps, cvkit.models.inception_block(maps, widths, reduced=False, name="3a")),
    "reduced": keras.Model(maps, cvkit.models.inception_block(maps, widths, name="3a")),
}
fig, axes = plt.subplots(1, 2, figsize=(11, 4))
for ax, (name, block) in zip(axes, blocks.items(), strict=True):
    cvkit.plots.block_diagram(block, ax, f"Block 3a, {name}")
lesson.figure(
    fig,
    alt="Naive: three convolutions and a pooling, stacked. Reduced: 1 × 1 before 3 × 3, before 5 × 5 and after the pooling.",
)

# %%
cvkit.show_source(cvkit.models.inception_block)

# %%
cvkit.analysis.layer_table(blocks["reduced"])

# %% [markdown]
# The large kernels get 96 and 16 channels instead of 192: the reduction that L1 speaks of. Check one line in your head. The 3 × 3 convolution makes
# 128 maps from 96: $128 \cdot (9 \cdot 96 + 1) = 110{,}720$ parameters. Each of its weights is used at $28 \cdot 28$ places: $784 \cdot 110{,}592 =
# 86.7$ million multiply-adds. Now the two forms against each other:

# %%
for name, block in blocks.items():
    parameters, work = cvkit.analysis.count_parameters(block), cvkit.analysis.count_multiply_adds(block)
    print(
        f"{name:8} {parameters:8,} parameters, {work / 1e6:4.0f} million multiply-adds, {block.output.shape[-1]} maps"
    )

# %% [markdown]
# One block saves a little over half. But the naive one also makes 416 maps where the reduced one makes 256, and the next block has to read them all.
#
# ## GoogLeNet
#
# A stem of three convolutions; nine inception blocks, with poolings after the second and the seventh; global average pooling; one dense layer. (Where
# there are poolings inside of the blocks, they have stride 1.) The stem also uses the local response normalisation of lesson 03.

# %%
cvkit.show_source(cvkit.models.googlenet)


# %%
def per_part(model):
    """Parameters and multiply-adds of each inception block, and of all the rest together."""
    totals = {name: np.zeros(2, int) for name in (*cvkit.models.INCEPTION_WIDTHS, "rest")}
    for row in cvkit.analysis.layer_table(model).rows:
        name = row.name.split("_")[0]
        totals[name if name in totals else "rest"] += row.parameters, row.multiply_adds
    return totals


counts = {"naive": per_part(cvkit.models.googlenet(reduced=False, auxiliary=False))}
googlenet = cvkit.models.googlenet(auxiliary=False)
counts["reduced"] = per_part(googlenet)
lesson.claim("googlenet-blocks", len([name for name in counts["reduced"] if name != "rest"]))

# %%
fig, axes = plt.subplots(1, 2, figsize=(10, 3))
for ax, column, label in zip(axes, (0, 1), ("parameters", "multiply-adds"), strict=True):
    for name, parts in counts.items():
        ax.plot(list(parts), [values[column] / 1e6 for values in parts.values()], "o", label=name)
    ax.set(xlabel="block", ylabel=f"millions of {label}", yscale="log", title=f"GoogLeNet, part by part: {label}")
axes[0].legend(frameon=False)
lesson.figure(
    fig,
    alt="Points for nine blocks and the rest, logarithmic: each naive block lies above the reduced one, by more and more.",
)

# %% [markdown]
# The gap widens to the right. A naive block passes on all channels that it gets, so that each has more to read than the one before. In a reduced
# block the 1 × 1 convolution after the pooling keeps the stack thin.

# %%
totals = {f"GoogLeNet, {name}": sum(parts.values()) for name, parts in counts.items()}
totals["AlexNet"] = sum(per_part(cvkit.models.alexnet(towers=2)).values())  # the paper's, in two halves
for name, (parameters, work) in totals.items():
    print(f"{name:18} {parameters / 1e6:5.1f} million parameters, {work / 1e9:4.1f} billion multiply-adds")

# %%
reduced = int(totals["GoogLeNet, reduced"][0])
lesson.claim("one-by-one-cuts-parameters", totals["GoogLeNet, naive"][0] / reduced)
lesson.claim("googlenet-below-alexnet", reduced / totals["AlexNet"][0])
lesson.claim("googlenet-parameters", reduced)
lesson.claim("googlenet-layers", cvkit.analysis.count_layers(googlenet))

# %% [markdown]
# Naive blocks would make GoogLeNet larger than AlexNet. With the 1 × 1 convolutions it has about a ninth of AlexNet's parameters, and 22 layers where
# AlexNet has 8. It does about twice AlexNet's work: few weights, each used in many places.
#
# **Two slips in the slides.** The parameters: L1 says 4 million, L2 "4–12" for the whole family. The paper's own table adds up to 6.8 million; built
# plainly, as here, it is 6,998,552. A million of them sit in the last dense layer, so that even without a classifier it is six. The layers: L1 says
# 19, L2 and L5 say 22. The paper counts layers with parameters along the longest path: 1 + 2 in the stem, 2 in each of nine blocks, 1 dense layer,
# which makes $3 + 18 + 1 = 22$. In all there are 58 layers with weights, most of them side by side.
#
# ## Auxiliary heads
#
# In 2014 there was no batch normalisation, and 22 layers were hard to train: a gradient on its way back is multiplied by the weights of each layer,
# and by zero wherever a ReLU is off. So GoogLeNet has two **auxiliary heads**, small classifiers on the maps of blocks 4a and 4d. In training, the
# loss is
#
# $$L = L_\text{main} + 0.3\, L_1 + 0.3\, L_2,$$
#
# all three being cross-entropies with the same labels. So the early layers get a gradient from nearby. When training is over, the heads are thrown
# away.

# %%
cvkit.show_source(cvkit.models.auxiliary_head)

# %%
with_heads = cvkit.models.googlenet()
classifier = keras.Model(with_heads.input, with_heads.outputs[0])
print(f"{cvkit.analysis.count_parameters(with_heads):,} parameters in training, {reduced:,} afterwards")
with_heads.output_names, cvkit.analysis.count_parameters(classifier) == reduced

# %% [markdown]
# Do the early layers get more gradient? We build a small GoogLeNet for the digits: all nine blocks and both heads, with an eighth of the channels,
# behind one convolution of stride 2. No batch normalisation.


# %%
def small_googlenet():
    """GoogLeNet's nine blocks and two heads, an eighth as wide, for digits of 24 × 24 pixels."""
    inputs = keras.Input((24, 24, 1))
    x = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu", name="conv1")(inputs)
    heads = []
    for name, widths in cvkit.models.INCEPTION_WIDTHS.items():
        x = cvkit.models.inception_block(x, [width // 8 for width in widths], name=name)
        if name in ("4a", "4d"):
            heads.append(cvkit.models.auxiliary_head(x, 10, units=128, name=f"auxiliary{len(heads) + 1}"))
        if name in ("3b", "4e"):
            x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    x = layers.Dropout(0.4)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, [layers.Dense(10, name="output")(x), *heads])


# %%
[count(small_googlenet()) for count in (cvkit.analysis.count_layers, cvkit.analysis.count_parameters)]

# %% [markdown]
# There is a simple way to measure a gradient with any library: take one step of plain gradient descent with learning rate 1, and see how far each
# weight moved. We do that on 256 images, once with the main loss alone and once with the heads, from the same weights and with the same dropout, for
# ten seeds. (`run_eagerly=True` saves compiling the network for a single step.)


# %%
def gradient_norms(model, loss_weights):
    """Norm of the gradient of each part's weights; the model is left as it was."""
    state = [variable.numpy() for variable in model.variables]  # weights, and what dropout draws next
    losses = [keras.losses.SparseCategoricalCrossentropy(from_logits=True)] * 3
    model.compile(keras.optimizers.SGD(1.0), losses, loss_weights=loss_weights, run_eagerly=True)
    model.train_on_batch(digit_images["train"][:256], [digit_labels["train"][:256]] * 3)
    squares = dict.fromkeys(PARTS, 0.0)
    for variable, old in zip(model.variables, state, strict=True):
        part = variable.path.split("_")[0].split("/")[0]
        if part in squares:
            squares[part] += ((variable.numpy() - old) ** 2).sum()
        variable.assign(old)
    return np.sqrt(list(squares.values()))


# %%
PARTS = ["conv1", *cvkit.models.INCEPTION_WIDTHS]
norms = []
for seed in range(10):
    keras.utils.set_random_seed(seed)
    model = small_googlenet()
    norms.append([gradient_norms(model, weights) for weights in ([1.0, 0.0, 0.0], cvkit.models.AUXILIARY_LOSS_WEIGHTS)])
norms = np.array(norms)  # seeds, without and with heads, parts
print("weights of the losses:", cvkit.models.AUXILIARY_LOSS_WEIGHTS)
shown = dict(zip(PARTS, norms[:, 0].mean(axis=0).astype(float).round(3).tolist(), strict=True))
print("main loss alone, mean of ten seeds:", shown)

# %% [markdown]
# Read that line with care: the parts have kernels of different shapes and numbers, so that their norms do not compare along the network. What does
# compare is the same part with heads and without. We divide one by the other, seed by seed.

# %%
fig, ax = plt.subplots(figsize=(7, 3))
ratios = norms[:, 1] / norms[:, 0]
ax.plot(PARTS, ratios.T, color="tab:blue", alpha=0.3, linewidth=1)
ax.plot(PARTS, np.exp(np.log(ratios).mean(axis=0)), marker="o", color="black", label="geometric mean")
ax.axhline(1, color="grey", linestyle="--", linewidth=1)
ax.set(xlabel="part of the network, from the image to the output", ylabel="gradient with heads / without", yscale="log")
ax.set_title("Gradients before training (ten seeds, a line each)")
ax.yaxis.set(major_formatter="{x:.3g}", minor_formatter="{x:.3g}")
ax.legend(frameon=False)
lesson.figure(
    fig,
    alt="Ten lines over the parts: mostly above 1 up to block 4a, near 1 up to block 4d, exactly 1 from block 4e on.",
)

# %%
early = PARTS.index("4a") + 1
logs = np.log(np.linalg.norm(norms[:, 1, :early], axis=1) / np.linalg.norm(norms[:, 0, :early], axis=1))
error = logs.std(ddof=1) / np.sqrt(len(logs))
print(f"up to the first head: larger in {(logs > 0).sum()} of {len(logs)} seeds,", end=" ")
print(f"by factors from {np.exp(logs.min()):.2f} to {np.exp(logs.max()):.2f}, geometric mean {np.exp(logs.mean()):.2f}")
lesson.claim("heads-raise-early-gradients", float(np.exp(logs.mean() - 2 * error)))

# %% [markdown]
# The claim takes the mean less two standard errors, so that it holds for more than these ten draws. (Means are taken of logarithms, since twice and
# half should cancel.) Behind block 4d, where no head hangs, nothing changes. Up to block 4a, below both heads, the gradient grows, by a third or so;
# in a single layer of a single seed it can even shrink, since two gradients may point in opposite directions. That is less than one might expect: in
# this network of 20 layers (its stem has one convolution instead of three) the gradient of the main loss is small at the front, but it has not
# vanished.
#
# **Does it train better?** A larger gradient need not be a better one. While we wrote this lesson we trained the small network for four epochs of
# Adam, three seeds each way; that takes as long as half of this lesson, so it is not repeated here. With pixels from 0 to 1 it hardly began: in the
# fourth epoch it read 24 to 29% of the training digits without heads, 9 to 13% with them. With pixels from 0 to 255, less their mean, it read 74 to
# 80% without heads, 66 to 80% with them. So the heads did not help, and the scale of the pixels mattered far more. What starting weights and
# normalisation do for a deep network is the subject of the next lesson. L1 says that the additional outputs "enforce regularization"; networks that
# do not yet fit their training images say nothing about that.
#
# What others saw: the GoogLeNet paper reports that the heads brought about half a per cent, and that one of them would have done. A year later its
# authors wrote that the heads do not make training start sooner, and act as regularisers at its end (*Rethinking the Inception architecture*, section
# 4). Most classifiers of today have none.
#
# ## Exercises
#
# Replace the line that raises `NotImplementedError` by your answer, run the cell, then run the check below it.
#
# ### Exercise 1: scores by averaging (2 points)
#
# `maps` is a NumPy array (height, width, channels). Apply a 1 × 1 convolution with `weights` (channels, classes) and `biases` (classes), without
# ReLU, and average each of the resulting maps. Return an array (classes). Then average first and convolve the means: the scores should agree.


# %% nbgrader={"schema_version": 3, "grade_id": "class-scores", "solution": true, "grade": false, "locked": false, "task": false}
def class_scores(maps, weights, biases):
    """One score for each class."""
    ### BEGIN SOLUTION
    return maps.mean(axis=(0, 1)) @ weights + biases
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "class-scores-check", "solution": false, "grade": true, "points": 2, "locked": true, "task": false}
lesson.check("class-scores", class_scores)
### BEGIN HIDDEN TESTS
assert class_scores(np.array([[[1.0, 2.0]], [[3.0, 6.0]]]), np.eye(2), np.array([0.0, 1.0])).tolist() == [2, 5]
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 2: what a block costs (2 points)
#
# Return the number of parameters, weights and biases, of an inception block *with* dimension reduction. It gets `channels` channels; `widths` are six
# numbers as in `INCEPTION_WIDTHS`: `(n1, r3, n3, r5, n5, p)`. Check yourself: block 3a gets 192 channels and has 163,696.


# %% nbgrader={"schema_version": 3, "grade_id": "block-parameters", "solution": true, "grade": false, "locked": false, "task": false}
def block_parameters(channels, widths):
    """Parameters of a reduced inception block."""
    ### BEGIN SOLUTION
    n1, r3, n3, r5, n5, p = widths
    layers_of_block = [(1, channels, n) for n in (n1, r3, r5, p)] + [(3, r3, n3), (5, r5, n5)]
    return sum((size**2 * inputs + 1) * outputs for size, inputs, outputs in layers_of_block)
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "block-parameters-check", "solution": false, "grade": true, "points": 2, "locked": true, "task": false}
lesson.check("block-parameters", block_parameters)
### BEGIN HIDDEN TESTS
assert block_parameters(832, cvkit.models.INCEPTION_WIDTHS["5b"]) == 1_444_080
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 3: the loss with heads (2 points)
#
# Return GoogLeNet's loss in training. `logits` is an array (3, images, classes): the scores of the main output, of the first head and of the second.
# `labels` is an array (images) of whole numbers. The cross-entropy of an image is $-\log p$, where $p$ is the softmax probability of its label; take
# the mean over the images. Both are NumPy arrays. Scores may be large, so subtract the largest one of an image before you take exponentials: the
# probabilities stay the same.


# %% nbgrader={"schema_version": 3, "grade_id": "training-loss", "solution": true, "grade": false, "locked": false, "task": false}
def training_loss(logits, labels):
    """One number."""
    ### BEGIN SOLUTION
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities = exponentials / exponentials.sum(axis=-1, keepdims=True)
    main, first, second = -np.log(probabilities[:, np.arange(len(labels)), labels]).mean(axis=1)
    return main + 0.3 * (first + second)
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "training-loss-check", "solution": false, "grade": true, "points": 2, "locked": true, "task": false}
lesson.check("training-loss", training_loss)
### BEGIN HIDDEN TESTS
assert np.isclose(training_loss(np.zeros((3, 5, 10)), np.arange(5)), 1.6 * np.log(10))
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 4: how deep is it? (3 points)
#
# Count the layers with weights on the longest path. `reads` is a dictionary from each layer's name to the list of names that it reads, in an order in
# which each layer comes after those it reads; the first layers read none. `has_weights` is a dictionary from each name to 1 or 0. Two layers side by
# side add one, not two. Return a whole number. With `reads = {"a": [], "b": ["a"], "c": ["a", "b"]}` and weights in all three, the depth is 3. A
# hint: go through the layers in order, and note for each the largest depth reached so far.


# %% nbgrader={"schema_version": 3, "grade_id": "depth", "solution": true, "grade": false, "locked": false, "task": false}
def depth(reads, has_weights):
    """Layers with weights on the longest path."""
    ### BEGIN SOLUTION
    longest = {}
    for name, sources in reads.items():
        longest[name] = has_weights[name] + max([longest[source] for source in sources], default=0)
    return max(longest.values())
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "depth-check", "solution": false, "grade": true, "points": 3, "locked": true, "task": false}
lesson.check("depth", depth)
### BEGIN HIDDEN TESTS
assert depth({"a": [], "b": ["a"], "c": ["a", "b"], "d": ["c"]}, {"a": 1, "b": 0, "c": 1, "d": 1}) == 3
### END HIDDEN TESTS

# %% [markdown]
# ## What you saw
# - A 1 × 1 convolution is a dense layer at each pixel. It has fewer weights than a larger kernel between the same channels, and it makes the layers
#   behind it cheaper.
# - Global average pooling needs no dense layer: one map for each class is averaged. It overfits less than dense layers on flattened maps, and it
#   stands shifts that it was never trained on.
# - An inception block puts kernels of several sizes side by side. With 1 × 1 convolutions GoogLeNet has 7 million parameters; without them it would
#   have 98 million.
# - Its auxiliary heads raise the gradient of the early layers a little.
#
# ## The library's way
#
# Keras has no GoogLeNet, but its descendants: `keras.applications.InceptionV3`, `InceptionResNetV2` and `Xception`. Built with `include_top=False`
# and `pooling="avg"`, they end in global average pooling.
#
# ## References
# - M. Lin, Q. Chen and S. Yan, *Network in network*, arXiv 1312.4400.
# - C. Szegedy et al., *Going deeper with convolutions*, arXiv 1409.4842. Table 1 is the network.
# - C. Szegedy et al., *Rethinking the Inception architecture for computer vision*, arXiv 1512.00567. Section 4 looks back at the auxiliary heads.
#
# **A paper to present in five minutes:** F. Chollet, *Xception: deep learning with depthwise separable convolutions*, arXiv 1610.02357. It takes the
# idea of the inception block to its end: all channels mixed by 1 × 1 kernels, and each then filtered alone.
#
# ## What the lectures say, and what you measured

# %%
lesson.summary()
