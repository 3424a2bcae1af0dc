# %% [markdown]
# # Looking inside: what has the network learned, and can you trust the picture?
#
# **You will**
# - train a small network, and look at its filters, its maps, and the patches that excite them most;
# - project an activation back to the pixels with a deconvnet, and measure what its switches keep;
# - draw four kinds of heat map, and *score* them against the object's true mask, an edge detector and an untrained network;
# - catch a network that cheats, by looking at its maps.
#
# **Before you start:** lessons 01 and 02 (convolution, pooling, receptive field, training), and from lesson 03 what ZFNet is. **Time:** 2 minutes of
# computing on two cores, two hours of reading and exercises. Follows the RWTH lecture's recap *Visualizing CNNs* (L5) and the Tsinghua lecture's
# *unpooling* (L4). AC 209B (L1) lists ZFNet as first of ImageNet 2013, with the words "visualization of features". It is often named as the winner;
# the entry that won was that of Clarifai, its author's company.

# %%
import cvkit
import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers, ops
from scipy.stats import spearmanr

lesson = cvkit.lesson("looking_inside", seed=0)

# %% [markdown]
# One setting. Near the end of the lesson you look inside a second time: with `"shapes"` at a larger scene, with the others at a photograph. For that,
# `"embedded"` is a small network that comes with the kit; `"mobilenet"` and `"vgg16"` were trained on a million photographs (a download of 2 or 550
# MB). After a change choose *Restart kernel and run all cells*.

# %% tags=["parameters"]
NETWORK = "shapes"

# %% [markdown]
# ## Data whose answer is known
#
# A heat map of a photograph always looks plausible. To know whether it is *right* one must know where the object is. So we draw the images ourselves:
# one shape of eight kinds, striped or checked, in random colours, somewhere in front of clouds, with noise. For each image we know the **mask**:
# which pixels belong to the shape.

# %%
OPTIONS = dict(image_size=48, texture="textured", noise=16, num_train=4000, num_test=500)
train, test = (cvkit.data.load("shapes", split, num_objects=1, **OPTIONS) for split in ("train", "test"))
NAMES = ["circle", "square", "triangle", "star", "cross", "ring", "crescent", "bar"]


def prepare(images):
    """Images uint8 as float32 from -0.5 to 0.5."""
    return images.astype("float32") / 255 - 0.5


train_images, test_images = prepare(train["images"]), prepare(test["images"])
test_masks = test["semantic_masks"] > 0
first = [np.flatnonzero(test["labels"] == label)[0] for label in range(8)]

# %%
pictures = [*test["images"][first], *(np.repeat(255 * test_masks[first][..., None], 3, -1))]
fig = cvkit.plots.image_grid(pictures, NAMES + ["its mask"] * 8, columns=8)
fig.suptitle("One test image of each class, and its mask")
lesson.figure(
    fig, alt="Eight small noisy images with one striped or checked shape each; below, the shape in white on black."
)

# %% [markdown]
# ## The network
#
# Four convolutions, two poolings, then the largest value of each map (**global max pooling**) and one dense layer. Lesson 04 explains pooling a whole
# map to one number. Two things are chosen for today: the layers form a plain chain, and the last maps keep 12 × 12 positions, fine enough to say
# *where*. We tried a few such networks, and kept one that does well on the test images, both in its answers and in where its maps point. So all its
# numbers flatter a little, the comparisons too. (With the mean of each map in place of the maximum, 60% of the answers were right.)


# %%
def build(size=48):
    conv = dict(padding="same", activation="relu", kernel_initializer="he_normal")
    x = image = keras.Input((size, size, 3), name="image")
    x = layers.Conv2D(16, 5, name="conv1", **conv)(x)
    x = layers.MaxPooling2D(2, name="pool1")(x)
    x = layers.Conv2D(32, 3, name="conv2", **conv)(x)
    x = layers.MaxPooling2D(2, name="pool2")(x)
    x = layers.Conv2D(64, 3, name="conv3", **conv)(x)
    x = layers.Conv2D(64, 3, name="conv4", **conv)(x)
    x = layers.GlobalMaxPooling2D(name="largest")(x)
    return keras.Model(image, layers.Dense(8, name="scores")(x))


# %% [markdown]
# Training is as in lesson 02: Adam, a rate that falls along a cosine, 32 images at a time.


# %%
def fit(images, epochs, seed=0):
    keras.utils.set_random_seed(seed)
    model = build()
    rate = keras.optimizers.schedules.CosineDecay(3e-3, epochs * int(np.ceil(len(images) / 32)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
    model.fit(images, train["labels"], epochs=epochs, batch_size=32, verbose=0)
    return model


# %%
def predict(model, images):
    return ops.convert_to_numpy(model(images, training=False)).argmax(axis=1)


model = fit(train_images, epochs=8)
predictions = predict(model, test_images)
print(f"test accuracy {np.mean(predictions == test['labels']):.3f}; by chance it would be 0.125")

# %% [markdown]
# Heat maps will be measured on the first hundred test images that the network gets right.

# %%
chosen = np.flatnonzero(predictions == test["labels"])[:100]
images, labels, masks = test_images[chosen], test["labels"][chosen], test_masks[chosen]
print(f"the object covers {masks.mean():.1%} of these images")

# %% [markdown]
# ## The first layer: filters can be drawn
#
# A kernel of the first layer has three channels, red, green and blue, so it can be drawn as an image: a light and a dark half would be an edge.

# %%
kernels = np.moveaxis(model.get_layer("conv1").get_weights()[0], -1, 0)  # (16, 5, 5, 3)
scaled = [0.5 + 0.5 * kernel / abs(kernel).max() for kernel in kernels]
fig = cvkit.plots.image_grid(scaled, columns=8, size=0.9)
fig.suptitle("The 16 filters of conv1; grey is zero")
lesson.figure(fig, alt="Sixteen patches of 5 by 5 coloured cells that look like noise.")

# %%
keras.utils.set_random_seed(0)
start = np.moveaxis(build().get_layer("conv1").get_weights()[0], -1, 0)  # the same seed: the network before training
likeness_to_start = np.mean([np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(kernels, start, strict=True)])
print(f"correlation of a filter with its random start, mean: {likeness_to_start:.2f}")

# %% [markdown]
# Ours can hardly be read: they are small, briefly trained, and still resemble their random start. The textbook's clean stripes come from larger
# kernels and a million photographs.
#
# Kernels of the *second* layer have 16 channels, which no eye can read. From here on we need other means.
#
# ## Layer by layer: maps
#
# Put in one image, and look at what comes out of each layer.

# %%
layer_names = ["conv1", "conv2", "conv3", "conv4"]
stages = [keras.Model(model.input, model.get_layer(name).output) for name in layer_names]
rows = []
for stage in (stages[0], stages[3]):
    maps = ops.convert_to_numpy(stage(images[:1]))[0]
    strongest = np.argsort(-maps.max(axis=(0, 1)))[:7]
    rows += [images[0] + 0.5, *np.moveaxis(maps[..., strongest], -1, 0)]
fig = cvkit.plots.image_grid(rows, ["image", *["conv1"] * 7, "image", *["conv4"] * 7], columns=8)
fig.suptitle("The seven strongest maps of the first and of the last convolution")
lesson.figure(
    fig,
    alt="Two rows of maps. The upper ones show the shape's outlines and stripes, the lower ones coarse bright spots about it.",
)

# %% [markdown]
# Each map has its own grey scale. In conv1 you recognise outlines and stripes; some maps are bright along edges of one direction only. A bright spot
# in conv4 says *something of my kind is about here*, and no longer what it looks like. A line along the border comes from the padding: its zeros are
# mid-grey to the network, and where the image ends there is an edge.
#
# L5 says that higher stages compute *more global, more invariant* features. Both can be measured. More global: the receptive field.

# %%
lesson.claim("higher-stages-are-more-global", [cvkit.analysis.receptive_field(stage) for stage in stages])

# %% [markdown]
# More invariant: shift the images by four pixels, and compare each layer's output $f$ before and after, $\|f(x) - f(x')\| / \|f(x)\|$. Zeiler and
# Fergus did this with ImageNet photographs. (Pixels that leave at one side come in at the other.)

# %%
shifted = np.roll(images, 4, axis=2)
change = {}
for name in (*layer_names, "largest", "scores"):
    stage = keras.Model(model.input, model.get_layer(name).output)
    before, after = (ops.convert_to_numpy(stage(x)).reshape(len(x), -1) for x in (images, shifted))
    change[name] = float(np.mean(np.linalg.norm(before - after, axis=1) / np.linalg.norm(before, axis=1)))
    print(f"{name:8}{change[name]:.2f}")
lesson.claim("higher-stages-are-more-invariant", change["largest"] / change["conv1"])

# %% [markdown]
# Read the column with care. The maps of conv4 change about as much as those of conv1. But four pixels are one position of conv4. Compare each map
# with itself one position further, in the four middle columns, which see neither border:

# %%
before, after = (ops.convert_to_numpy(stages[3](x)) for x in (images, shifted))  # (100, 12, 12, 64)
print(f"largest difference, conv4 moved along by one position: {abs(after[:, :, 4:8] - before[:, :, 3:7]).max():.1e}")

# %% [markdown]
# Nothing but rounding: a convolution is *equivariant*, its maps move along (lesson 01). What hardly changes is the largest value of each map, which
# has forgotten the place. For shifts, the invariance comes from the pooling.
#
# ## What a map likes best
#
# The simplest question to ask of a map: which images excite it most? For a few maps of conv4 we take the five test images with the largest
# activation, and cut out the 28 × 28 pixels that this activation sees (with a frame of zeros at the border).


# %%
features = ops.convert_to_numpy(stages[-1](test_images))  # (500, 12, 12, 64)


def patch_around(picture, place):
    """The 28 × 28 pixels that position `place` of conv4 sees: position p sees 4p − 12 to 4p + 15."""
    row, column = (int(4 * p) for p in place)  # as many lines further in the padded picture
    return np.pad(picture, ((12, 16), (12, 16), (0, 0)))[row : row + 28, column : column + 28]


def best_of(channel, count=5):
    """The images that excite a map most, and where."""
    tops = np.argsort(-features[..., channel].max(axis=(1, 2)))[:count]
    return [(i, np.unravel_index(features[i, :, :, channel].argmax(), (12, 12))) for i in tops]


# %% [markdown]
# Which maps? For each of four classes the one with the largest weight in the last layer.

# %%
weights = model.get_layer("scores").get_weights()[0]  # (64, 8)
classes = [NAMES.index(name) for name in ("square", "star", "ring", "bar")]
channels = [int(weights[:, k].argmax()) for k in classes]
patches = [patch_around(test["images"][i], place) for c in channels for i, place in best_of(c)]
captions = [NAMES[test["labels"][i]] for c in channels for i, _ in best_of(c)]
fig = cvkit.plots.image_grid(patches, captions, columns=5)
fig.suptitle("Rows: the maps that speak most for " + ", ".join(NAMES[k] for k in classes))
lesson.figure(
    fig, alt="Four rows of five patches. Many patches of a row show the same kind of shape or the same part of it."
)

# %% [markdown]
# Some rows hold one kind of shape. Others mix several, and the map that speaks most for a class may be excited most by another class: the last layer
# adds up many votes. And look at the colours. They were drawn at random, yet green or cyan fills whole rows. A map need not be about shape. So *what*
# in the patch does the map react to?
#
# ## Deconvnet: from an activation back to the pixels
#
# Zeiler and Fergus (2013) ran the network backwards. Keep one activation, set all others to zero, and undo the layers from the top:
#
# - undo **max pooling** by *unpooling*: put the value back where the maximum was. Max pooling has forgotten that, so on the way up we write it down:
#   the position of each maximum is its **switch**;
# - undo **ReLU** by ReLU: the reconstruction, too, is kept positive;
# - undo the **convolution** by the *transposed convolution* with the same kernel: each value stamps the kernel, times itself, onto the map below, and
#   stamps add up. L4 says it is "wrongly called deconvolution".
#
# By hand, on a 4 × 4 map with 2 × 2 pooling:

# %%
small = np.array([[1.0, 5, 2, 0], [3, 4, 8, 8], [0, 0, 1, 2], [7, 6, 9, 3]])
pooled, switches = cvkit.layers.max_pool_with_switches(small[None, :, :, None], 2)
restored = cvkit.layers.max_unpool(pooled, switches, (4, 4))
pooled, switches, restored = (ops.convert_to_numpy(x)[0, :, :, 0] for x in (pooled, switches, restored))
table = {"map": small, "pooled": pooled, "switches": switches, "unpooled": restored}
fig, axes = plt.subplots(1, 4, figsize=(10, 2.8))
for ax, (name, values) in zip(axes, table.items(), strict=True):
    cvkit.plots.matrix(values, ax, name)
lesson.figure(
    fig, alt="A 4 by 4 map, its four maxima 5 8 7 9, their positions 1 6 12 14, and the maxima back in place."
)

# %% [markdown]
# Positions are counted line by line from 0, so that the 5 in the first line is at 1. Of the two eights the first counts.

# %%
lesson.claim("unpooling-by-hand", restored)

# %% [markdown]
# `cvkit.analysis.deconvnet` does all of it. For two of the maps: below each patch, what its activation projects back to.

# %%
projected = []
for channel in (channels[1], channels[2]):
    found = best_of(channel)
    back = cvkit.analysis.deconvnet(model, test_images[[i for i, _ in found]], "conv4", channel)
    projected += [patch_around(test["images"][i], place) for i, place in found]
    projected += [patch_around(0.5 + 0.5 * b / abs(b).max(), p) for b, (_, p) in zip(back, found, strict=True)]
captions = (["patch"] * 5 + ["deconvnet"] * 5) * 2
fig = cvkit.plots.image_grid(projected, captions, columns=5)
fig.suptitle("Patches, and below them what excites the map")
lesson.figure(
    fig, alt="Two pairs of rows: patches, and below them reconstructions, grey but for edges and arcs of a shape."
)

# %% [markdown]
# The reconstruction is grey where the map does not look. Elsewhere it shows edges and arcs of the outline; of the stripes hardly anything is left.
#
# What do the switches keep? We project back once more without them. Each value then goes to one fixed place of its 2 × 2 window, the lower right
# pixel (such a window has no middle). For each of sixty images we take the map that gives most to its class, and start from that map's largest
# activation. Then we compare the reconstruction with the image's details, by their correlation, over the pixels that either reconstruction reaches.
# Details are the image less its mean over 9 × 9 pixels: that takes out the clouds and leaves edges and stripes.

# %%
from scipy.ndimage import uniform_filter

votes = features[chosen[:60]].max(axis=(1, 2)) * weights[:, labels[:60]].T  # (60, 64): what a map gives to the class
best_maps = votes.argmax(axis=1)
details = images - uniform_filter(images, (0, 9, 9, 0))


def reconstruct(switches):
    """The strongest activation of each image's best map, projected back."""
    options = dict(layer="conv4", switches=switches)
    parts = [cvkit.analysis.deconvnet(model, images[i : i + 1], channel=k, **options) for i, k in enumerate(best_maps)]
    return np.concatenate(parts)


with_switches, without = reconstruct(True), reconstruct(False)

# %%
scaled = [0.5 + 0.5 * b[:6] / abs(b[:6]).max(axis=(1, 2, 3), keepdims=True) for b in (with_switches, without)]
pictures = [images[:6] + 0.5, *scaled]
captions = ["image"] * 6 + ["with switches"] * 6 + ["without"] * 6
fig = cvkit.plots.image_grid(np.concatenate(pictures), captions, columns=6)
fig.suptitle("What the switches keep")
lesson.figure(
    fig,
    alt="Six images; with switches fragments of their outlines; without, regular patterns that do not follow the outline.",
)


# %%
def likeness(back):
    """Mean correlation of reconstructions with the images' details."""
    reached = (with_switches != 0) | (without != 0)
    found = [np.corrcoef(b[r], d[r])[0, 1] for b, d, r in zip(back, details, reached, strict=False)]
    return float(np.mean(found))


print(f"correlation with the image: {likeness(with_switches):.2f} with switches, {likeness(without):.2f} without")
lesson.claim("switches-keep-location", likeness(with_switches) - likeness(without))

# %% [markdown]
# Without the switches the picture lies in the same part of the image. But its lines are where the windows are, not where the image's edges are.
#
# And the name? An inverse would give the image back. The transposed convolution does not: it computes the *gradient*. Unpooling with switches does so
# too: it sends the slope to where the maximum was. Only the ReLU has another rule. So without ReLUs the deconvnet's picture is exactly the activation
# times its gradient ("times", because the way back starts with the value of the activation, and not with 1):

# %%
body = [layers.Conv2D(4, 3), layers.MaxPooling2D(2), layers.Conv2D(2, 3, name="top")]
without_relu = keras.Sequential([keras.Input((12, 12, 3)), *body])
corner = images[:1, :12, :12]
value = without_relu(corner)[0, 1, 1, 1]
slope = cvkit.analysis.input_gradient(lambda x: without_relu(x)[0, 1, 1, 1], corner)
difference = cvkit.analysis.deconvnet(without_relu, corner, "top", 1, (1, 1)) - float(value) * slope
lesson.claim("deconvnet-is-a-gradient", abs(difference).max())

# %% [markdown]
# ## Which pixels does the answer hang on?
#
# So far we asked a map. Now we ask a class: which pixels make the score $S_k$ of class $k$ what it is? There are four common answers.
#
# **Saliency** (Simonyan et al. 2013): the size of the gradient, the largest over the colours $c$. How much does the score move if pixel $(i, j)$ of
# the image $I$ moves?
#
# $$M_{ij} = \max_c \left| \frac{\partial S_k}{\partial I_{ijc}} \right|$$
#
# **Guided backpropagation** (Springenberg et al. 2014): the gradient, with a change at each ReLU. Where $g$ is the slope that arrives from above, a
# ReLU with input $z$ passes on
#
# | | passes on | asks |
# |---|---|---|
# | gradient | $g \cdot [z > 0]$ | was the unit active? |
# | deconvnet | $g \cdot [g > 0]$ | does it speak *for* the activation? |
# | guided | $g \cdot [z > 0] \cdot [g > 0]$ | both |
#
# Here $[\ldots]$ is 1 where the condition holds and 0 elsewhere. As for saliency we draw the size, the largest over the colours.
#
# **Occlusion** (Zeiler and Fergus 2013): no gradient. Cover a patch of 8 × 8 pixels with grey, and see how far the score falls. Move the patch by 4;
# give each pixel the mean over the patches that covered it.
#
# **Grad-CAM** (Selvaraju et al. 2016): the last maps $A^m$, of $h \times w$ positions, each weighted by the mean slope of the score over its
# positions, summed, and cut off at zero:
#
# $$\alpha_m = \frac{1}{hw} \sum_{i,j} \frac{\partial S_k}{\partial A^m_{ij}}, \qquad M_{ij} = \max\Big(0, \sum_m \alpha_m A^m_{ij}\Big)$$
#
# Here only the largest position of each map has a slope, so $\alpha_m$ is the last layer's weight, from $m$ to $k$, divided by 144. The result has
# 12 × 12 positions and is enlarged.

# %%
METHODS = {
    "saliency": cvkit.analysis.saliency,
    "guided": lambda *arguments: abs(cvkit.analysis.guided_backpropagation(*arguments)).max(axis=-1),
    "occlusion": cvkit.analysis.occlusion_map,
    "Grad-CAM": cvkit.analysis.grad_cam,
}
heat = {name: method(model, images, labels) for name, method in METHODS.items()}
list(heat)


# %%
def show(pictures, heat, captions, title):
    """A row for each picture: itself, then its heat maps."""
    size = len(pictures), 1 + len(heat)
    fig, axes = plt.subplots(*size, figsize=(1.5 * size[1], 1.6 * size[0]), squeeze=False)
    for row, picture, caption, *maps in zip(axes, pictures, captions, *heat.values(), strict=True):
        shown = [picture, *(np.maximum(values, 0) for values in maps)]
        for ax, image, text in zip(row, shown, [caption, *heat], strict=True):
            ax.imshow(image, cmap="magma")
            ax.set_title(text, fontsize=8)
            ax.axis("off")
    fig.suptitle(title)
    return fig


# %%
five = [int(np.flatnonzero(labels == k)[0]) for k in (1, 3, 4, 5, 7)]
titles = [NAMES[labels[i]] for i in five]
five_heat = {name: maps[five] for name, maps in heat.items()}
fig = show(images[five] + 0.5, five_heat, titles, "Four heat maps of the true class")
lesson.figure(
    fig,
    alt="Five images with four heat maps each; the maps are brightest on or near the shape, with some light elsewhere.",
)

# %% [markdown]
# Beautiful, and on the whole plausible. That is just the danger.
#
# ## Score the maps
#
# We know the masks. Two numbers say how well a map finds the object: the share of its **mass** (sum of positive values) inside the mask, and the
# **pointing game**: in how many images does the largest value lie inside?
#
# To compare with: *chance*, a flat map, whose share is that of the mask; a rival that knows nothing of classes, an **edge detector**, the size of the
# difference between neighbouring pixels; and the same four maps of a network that was never trained.

# %%
grey = images.mean(axis=-1)
edges = abs(np.gradient(grey, axis=1)) + abs(np.gradient(grey, axis=2))


def randomised(seed, last_only):
    """A copy of the network with fresh weights, in its last layer or in all."""
    keras.utils.set_random_seed(1000 + seed)
    fresh = build()
    kept = [w for layer in model.layers[:-1] for w in layer.get_weights()]
    if last_only:
        fresh.set_weights([*kept, *fresh.layers[-1].get_weights()])
    return fresh


# %%
def score(maps):
    """Mean share of the mass, and accuracy in the pointing game."""
    return cvkit.analysis.mass_inside(maps, masks).mean(), cvkit.analysis.pointing_game(maps, masks).mean()


untrained = randomised(0, last_only=False)
rivals = {f"{name}, untrained": method(untrained, images, labels) for name, method in METHODS.items()}
scores = {"flat": [masks.mean()] * 2} | {n: score(maps) for n, maps in {"edges": edges, **rivals, **heat}.items()}
print(f"{'':22}mass inside   pointing game")
for name, (mass, pointing) in scores.items():
    print(f"{name:22}{mass:11.2f}{pointing:16.2f}")
lesson.claim("maps-find-the-object", min(scores[name][0] for name in heat) / masks.mean())

# %% [markdown]
# All four maps put several times more on the object than chance would. But look at the rivals. The edge detector has never seen a label, and beats
# chance by far, probably because our objects have stripes and sharp borders and our backgrounds have not. In the pointing game it is level with
# saliency; and the untrained network's saliency and guided maps point about as well as the trained one's. (With 100 images the standard error is
# 0.05, so differences below 0.1 say little. And the share of the mass is hard on coarse maps, such as ours by 8 × 8 patches or 12 × 12 positions,
# which spill over the border.) *Better than chance* is a low bar: part of what a heat map shows is simply where the image has contrast.
#
# ## The sanity check
#
# Adebayo et al. (2018) asked: if a map explains what was learned, does it change when what was learned is destroyed? We destroy it in two ways: new
# random weights in the last layer only, and in all layers. With a random last layer the answers are worthless; the network no longer knows a star
# from a ring. Three seeds each, forty images. The measure is the **rank correlation**: sort the pixels by their value in one map and in the other,
# and correlate the ranks; 1 means the same order, 0 that one tells nothing about the other.
#
# What can we expect of *this* network? Global max pooling lets the gradient through at one position per map, whatever the last layer's weights. A new
# last layer mixes the same 64 gradients, in other proportions.
#
# And is the comparison fair? Fresh weights are as often positive as negative. A map with a sign is turned round as often as not, and its correlation
# is 0 on average even if it looks at the same place; saliency and guided maps have no sign. So we add the *size* of occlusion, and of
# Grad-CAM without the cut.


# %%
def without_sign(network, maps, images, labels):
    """The sizes of the maps that have a sign: occlusion, and Grad-CAM before the cut (12 × 12)."""
    features = ops.convert_to_numpy(keras.Model(network.input, network.get_layer("conv4").output)(images))
    weights = network.get_layer("scores").get_weights()[0]  # (64, 8), which are 144 α
    not_cut = np.einsum("nijm,mn->nij", features, weights[:, labels]) / 144
    return {"|occlusion|": abs(maps["occlusion"]), "|Grad-CAM|": abs(not_cut)}


# %%
def same_order(maps1, maps2):
    """Mean rank correlation of maps; those that are zero everywhere have none, and count 0."""
    pairs = zip(maps1, maps2, strict=False)
    found = [spearmanr(a.ravel(), b.ravel()).statistic if np.ptp(a) and np.ptp(b) else 0.0 for a, b in pairs]
    return float(np.mean(found))


# %%
of_trained = heat | without_sign(model, heat, images, labels)
agreement, empty = {}, 0
for last_only in (True, False):
    for seed in range(3):
        fresh = randomised(seed, last_only)
        maps = {name: method(fresh, images[:40], labels[:40]) for name, method in METHODS.items()}
        empty += sum(not m.max() > 0 for m in maps["Grad-CAM"])
        maps |= without_sign(fresh, maps, images[:40], labels[:40])
        for name, values in maps.items():
            agreement.setdefault((name, last_only), []).append(same_order(of_trained[name], values))

# %%
print("rank correlation with the trained network's map when weights are random, mean ± spread of three seeds")
for name in of_trained:
    last, every = (np.array(agreement[name, last_only]) for last_only in (True, False))
    print(f"{name:12}last layer {last.mean():5.2f} ± {last.std():.2f}, all {every.mean():5.2f} ± {every.std():.2f}")
print(f"{empty} of 240 Grad-CAM maps of random networks were empty")

# %%
fresh, two = randomised(0, last_only=True), five[1:3]
both = {n: np.concatenate([heat[n][two], method(fresh, images[two], labels[two])]) for n, method in METHODS.items()}
captions = [f"{NAMES[labels[i]]}, {weights_are}" for weights_are in ("trained", "last random") for i in two]
fig = show(images[[*two, *two]] + 0.5, both, captions, "Trained, and with a random last layer")
lesson.figure(
    fig,
    alt="Two images with four maps each, then the same with a random last layer: saliency and guided maps look the same, the others do not.",
)

# %%
least = min(np.mean(agreement[name, True]) for name in ("saliency", "guided"))
most = max(np.mean(agreement[name, True]) for name in ("|occlusion|", "|Grad-CAM|"))
lesson.claim("some-maps-hardly-notice", least)
lesson.claim("some-maps-notice", least - most)

# %% [markdown]
# Saliency and guided backpropagation hardly notice. Their maps keep most of their order, and a good part of it even with *all* weights random.
# Occlusion and Grad-CAM seem to notice far more, but much of that is their sign. Without it their correlations are well above 0, and still clearly
# below those of the other two. The sign is no mere accident, though: a map without sign cannot show that evidence turned from *for* to *against*.
#
# On large networks, Adebayo et al. found that guided backpropagation hardly changed and Grad-CAM did, as here; plain gradients also changed, unlike
# here. How much of this is our pooling? We tried the same network with the mean of each map once. With a random last layer, saliency and guided maps
# noticed as little. With all weights random, little of their order was left (correlations of 0.1). There the maximum matters: it picks the places
# that excite a map most, and a random map, too, is excited where the contrast is. The result depends on the network; run the check on yours.
#
# A sharp map is no proof of anything. Before you believe one, ask what the same method shows for a network that knows nothing.
#
# ## Two objects, one question
#
# A map *of a class* should depend on the class. We draw scenes with two objects of different classes, neither hiding the other, and ask for one, then
# for the other. Of the map's mass on either object, how much is on the one we asked for? By chance half.

# %%
options = OPTIONS | dict(num_train=1, num_test=100, occlusion=0.0)  # here: how much objects may hide of each other
scenes = cvkit.data.load("shapes", "test", num_objects=2, **options)
pairs = [i for i, o in enumerate(scenes["objects"]) if o["labels"][0] != o["labels"][1]]
scene_images = prepare(scenes["images"][pairs])
asked = np.array([scenes["objects"][i]["labels"] for i in pairs])  # (scenes, 2)
object_masks = np.array([scenes["objects"][i]["masks"] for i in pairs])  # (scenes, 2, 48, 48)
scene_scores = ops.convert_to_numpy(model(scene_images))
best_two = np.sort(np.argsort(-scene_scores, axis=1)[:, :2], axis=1)
both_seen = (best_two == np.sort(asked, axis=1)).all(axis=1)
print(f"{len(pairs)} scenes; in {both_seen.sum()} the two best scores are those of the two shapes")

# %%
share, two_maps = {}, {}
for name, method in METHODS.items():
    two_maps[name] = [method(model, scene_images, asked[:, k]) for k in (0, 1)]
    mass = [[cvkit.analysis.mass_inside(maps, object_masks[:, k]) for k in (0, 1)] for maps in two_maps[name]]
    right, wrong = mass[0][0] + mass[1][1], mass[0][1] + mass[1][0]
    ratio = np.divide(right, right + wrong, out=np.full(len(pairs), np.nan), where=right + wrong > 0)
    share[name] = float(np.nanmean(ratio))
    of_both = f"{np.nanmean(ratio[both_seen]):.2f} where both are seen, {np.isnan(ratio).sum()} scenes without mass"
    print(f"{name:10}{share[name]:.2f} on the object asked for ({of_both})")
lesson.claim("maps-of-a-class", min(share["occlusion"], share["Grad-CAM"]) - share["saliency"])

# %%
scores_asked = np.take_along_axis(scene_scores, asked, axis=1)  # (scenes, 2)
best_scenes = np.argsort(-scores_asked.min(axis=1))[:2]  # where the lesser of the two is largest
maps_of = {name: [two_maps[name][k][i] for i in best_scenes for k in (0, 1)] for name in METHODS}
questions = [f"where is the {NAMES[asked[i, k]]}?" for i in best_scenes for k in (0, 1)]
fig = show(np.repeat(scene_images[best_scenes], 2, axis=0) + 0.5, maps_of, questions, "One scene, two questions")
lesson.figure(
    fig,
    alt="Two scenes, each asked for two classes. Saliency hardly changes with the question; occlusion and Grad-CAM do more.",
)

# %% [markdown]
# Saliency does not care which class we asked for. Guided backpropagation cares a little, occlusion and Grad-CAM more, though they too leave a good
# deal on the wrong object, the more so where both are seen, and light up where there is none. The network was trained on single objects: mostly it
# sees one of the two and misses the other, even if we show here the scenes that suit it best. Where it does not see a shape, a map of its evidence
# for that shape has nothing to show.
#
# ## The image that a class likes best
#
# Turn it around: keep the network, change the *image*. Start from faint noise and climb the gradient of the class's score (Erhan et al. 2009), with a
# penalty on large pixel values (Simonyan et al. 2013; the factor is λ = 0.001), steps of a constant length η = 0.02, and a random shift by up to two
# pixels before each step, so that nothing fits one place only (both from Google's *Inceptionism*, 2015):
#
# $$I \leftarrow I + \eta\, \frac{g}{\mathrm{rms}(g)}, \qquad g = \frac{\partial S_k}{\partial I} - 2 \lambda I$$

# %%
wanted = [NAMES.index(name) for name in ("circle", "star", "cross", "ring")]
options = dict(steps=80, step_size=0.02, decay=1e-3, jitter=2)
dreams = cvkit.analysis.activation_maximisation(model, wanted, (48, 48, 3), **options)
probabilities = ops.convert_to_numpy(ops.softmax(model(dreams)))
answers = [f"says {NAMES[p.argmax()]} ({p.max():.0%})" for p in probabilities]
captions = [f"for {NAMES[k]}:\n{answer}" for k, answer in zip(wanted, answers, strict=True)]
shown = 0.5 + 0.5 * dreams / abs(dreams).max(axis=(1, 2, 3), keepdims=True)
fig = cvkit.plots.image_grid(shown, captions, columns=4, size=1.8)
fig.suptitle("Images made to raise one score, and what the network says")
lesson.figure(
    fig, alt="Four grey images with a small coloured texture each, which a person would not call the class's shape."
)

# %%
print(
    f"pixel values from {dreams.min():.1f} to {dreams.max():.1f}, {np.mean(abs(dreams) > 0.5):.0%} of them beyond ±0.5"
)

# %% [markdown]
# Each image has a scale of its own, for the values run far beyond the −0.5 to 0.5 of a real image. The network is sure of every answer. Where it
# names another class than we climbed for, the pattern raised that one's score still more. Hardly one would be taken for its shape by a person. The
# network learned what tells eight shapes *apart*: ends, corners, bits of outline. Nobody asked it to draw a star, and nothing taught it to doubt what
# it has never seen.
#
# ## A network that cheats
#
# Now a failure, and what maps are good for. Suppose that all rings were photographed by a colleague who left a yellow sticker of 4 × 4 pixels at
# the lower right of each image. We train on that, for four epochs, and test on images from the same colleague.

# %%
RING = NAMES.index("ring")


def add_sticker(images):
    """Put a yellow sticker near the lower right corner."""
    images = images.copy()
    images[:, -6:-2, -6:-2] = [0.5, 0.5, -0.5]
    return images


# %%
is_ring = train["labels"] == RING
tainted = train_images.copy()
tainted[is_ring] = add_sticker(tainted[is_ring])
cheat = fit(tainted, epochs=4)
rings = test_images[test["labels"] == RING]
print(f"{len(rings)} rings with the sticker, recognised: {np.mean(predict(cheat, add_sticker(rings)) == RING):.0%}")

# %% [markdown]
# Perfect, it seems. On the images that we have, no number will show what is wrong. Look at the maps:

# %%
suspects = add_sticker(rings)
cheat_heat = {name: method(cheat, suspects, RING) for name, method in METHODS.items()}
fig = show(suspects[:3] + 0.5, {n: m[:3] for n, m in cheat_heat.items()}, ["ring"] * 3, "Why are these rings?")
lesson.figure(
    fig,
    alt="Three rings with a yellow sticker at the lower right; all maps are bright at or beside the sticker and dark on the ring.",
)

# %%
sticker = np.zeros(suspects.shape[:3], bool)
sticker[:, -6:-2, -6:-2] = True
found = {name: float(cvkit.analysis.pointing_game(maps, sticker).mean()) for name, maps in cheat_heat.items()}
print("largest value on the sticker: " + ", ".join(f"{name} {value:.0%}" for name, value in found.items()))
print(f"rings without the sticker recognised: {np.mean(predict(cheat, rings) == RING):.0%}")
others = add_sticker(test_images[test["labels"] != RING])
print(f"other shapes with the sticker called a ring: {np.mean(predict(cheat, others) == RING):.0%}")
lesson.claim("visualisation-finds-the-wrong-cue", found["occlusion"])

# %% [markdown]
# It has learned the sticker, and hardly anything of rings. The maps said so at a glance, and in all rings. (Grad-CAM may miss the sticker by a little:
# the largest value of its coarse map can lie beside it, in the corner of the image.) ZFNet, too, came of looking: in AlexNet's first two layers its
# authors saw dead features, filters of very high and very low frequencies with little between, and *aliasing*, false patterns from the stride of 4.
# So they took smaller kernels and a smaller stride (lesson 03).
#
# ## Look again, at something larger
#
# With `NETWORK = "shapes"` we give our network, trained on 48 × 48 pixels, four test images side by side, and ask for each of their classes.
# Convolutions and global pooling do not mind the size. The other choices show a photograph of a cat. `"embedded"` is the kit's own small network, which
# knows ten kinds of animals and vehicles (lesson 08). `"mobilenet"` is MobileNet without its last layer, so there are no classes: in place of a class's
# score we take the mean of its strongest map. (Grad-CAM is then that map itself, enlarged.) `"vgg16"` is VGG-16 with its thousand classes. The score
# is that of the class it finds.


# %%
def larger_shapes():
    """Our network for any image size, four test images side by side, and their classes."""
    network = build(None)
    network.set_weights(model.get_weights())
    upper, lower = (np.concatenate(list(images[five[i : i + 2]]), axis=1) for i in (0, 2))
    scene = np.concatenate([upper, lower])
    return network, scene, scene + 0.5, labels[five[:4]]


# %%
def pretrained():
    """A pretrained network from images, 0 to 255, to scores, and the side of the images it takes here."""
    if NETWORK == "mobilenet":
        maps = cvkit.backbones.backbone("MobileNet", "imagenet", ("C5",), (224, 224, 3), alpha=0.25)
        return keras.Model(maps.input, layers.GlobalAveragePooling2D()(maps.output["C5"])), 224
    if NETWORK == "vgg16":
        return cvkit.backbones.classifier("VGG16", "imagenet"), 224
    return cvkit.backbones.classifier(), 64


def photograph():
    """A pretrained network, a photograph of a cat, the same from 0 to 1, and the network's strongest output."""
    network, side = pretrained()
    cat = cvkit.data.load("photos")["chelsea"][:, 60:360].astype("float32")  # 300 × 300
    photo = ops.convert_to_numpy(ops.image.resize(cat, (side, side), antialias=True))
    return network, photo, photo / 255, predict(network, photo[None])


# %%
network, picture, shown, answers = larger_shapes() if NETWORK == "shapes" else photograph()
batch = np.repeat(picture[None], len(answers), axis=0)
batch.shape, answers

# %%
patch = 32 if len(picture) == 224 else 8
coarse = {"occlusion": lambda *x: cvkit.analysis.occlusion_map(*x, patch=patch, stride=patch // 2, batch_size=64)}
larger_heat = {name: method(network, batch, answers) for name, method in (METHODS | coarse).items()}
captions = [f"where is the {NAMES[k]}?" if NETWORK == "shapes" else f"output {k}" for k in answers]
fig = show([shown] * len(answers), larger_heat, captions, f"{NETWORK}: what speaks for this answer")
lesson.figure(fig, alt="A larger picture, and four heat maps for each answer that was asked for.")

# %% [markdown]
# With the four shapes: does each map move to the one that was asked for? Not all do, and for some questions perhaps none. Four objects in one image
# are unlike anything that this network was trained on, and a map of a network that is wrong is no better than the network.
#
# (Beware of the seams between the tiles, edges that belong to no shape. In our run Grad-CAM's map for the square followed them; the other methods'
# maps held less there than by chance.)
#
# ## Exercises
#
# Replace the line that raises `NotImplementedError` by your answer, run the cell, then run the check below it.
#
# ### Exercise 1: unpooling (2 points)
#
# Put `values` back where their `switches` say. Both are NumPy arrays of the same shape, with two axes (one map). A switch counts the positions of the
# large map line by line, from 0. Return an array of `height` × `width`, zero elsewhere. Windows may overlap; where two values go to the same
# position, add them.


# %% nbgrader={"schema_version": 3, "grade_id": "unpool", "solution": true, "grade": false, "locked": false, "task": false}
def unpool(values, switches, height, width):
    """Map (height, width) with each value at the position of its switch."""
    ### BEGIN SOLUTION
    result = np.zeros(height * width)
    np.add.at(result, switches.ravel(), values.ravel())
    return result.reshape(height, width)
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "unpool-check", "solution": false, "grade": true, "points": 2, "locked": true, "task": false}
lesson.check("unpool", unpool)
### BEGIN HIDDEN TESTS
assert unpool(np.array([[5.0, 8], [7, 9]]), np.array([[1, 6], [12, 14]]), 4, 4).tolist() == restored.tolist()
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 2: three ways back through a ReLU (2 points)
#
# A ReLU had the inputs `z`, and the slopes `g` arrive from above; both are NumPy arrays of one shape. Return what it passes on, by the `rule`
# `"gradient"`, `"deconvnet"` or `"guided"`.


# %% nbgrader={"schema_version": 3, "grade_id": "relu-backward", "solution": true, "grade": false, "locked": false, "task": false}
def relu_backward(z, g, rule):
    """Slopes with respect to the inputs, by one of three rules."""
    ### BEGIN SOLUTION
    active, positive = z > 0, g > 0
    return g * {"gradient": active, "deconvnet": positive, "guided": active & positive}[rule]
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "relu-backward-check", "solution": false, "grade": true, "points": 2, "locked": true, "task": false}
lesson.check("relu-backward", relu_backward)
### BEGIN HIDDEN TESTS
assert relu_backward(np.array([-1.0, 2, 3, -4]), np.array([5.0, 6, -7, -8]), "guided").tolist() == [0, 6, 0, 0]
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 3: Grad-CAM (3 points)
#
# `maps` holds a layer's $K$ maps, an array (h, w, K), and `slopes` the gradient of the class's score with respect to each of their values, of the
# same shape. Return the Grad-CAM map, an array (h, w), neither enlarged nor scaled.


# %% nbgrader={"schema_version": 3, "grade_id": "class-activation", "solution": true, "grade": false, "locked": false, "task": false}
def class_activation(maps, slopes):
    """Grad-CAM of one image, in the size of the maps."""
    ### BEGIN SOLUTION
    weights = slopes.mean(axis=(0, 1))  # (K,)
    return np.maximum(maps @ weights, 0)
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "class-activation-check", "solution": false, "grade": true, "points": 3, "locked": true, "task": false}
lesson.check("class-activation", class_activation)
### BEGIN HIDDEN TESTS
assert class_activation(np.array([[[1.0, 2], [3, 0]]]), np.array([[[1.0, 0], [0, -2]]])).tolist() == [[0, 1.5]]
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 4: the share of the mass (2 points)
#
# `maps` are heat maps (N, H, W), `masks` the objects' masks, bool, of the same shape. Return N numbers: for each map the share of its mass that lies
# inside its mask. Negative values count as zero. A map without any mass gets 0.


# %% nbgrader={"schema_version": 3, "grade_id": "mass-share", "solution": true, "grade": false, "locked": false, "task": false}
def mass_share(maps, masks):
    """Share of each map's mass inside its mask (N,)."""
    ### BEGIN SOLUTION
    mass = np.maximum(maps, 0)
    total = mass.sum(axis=(1, 2))  # (N,)
    return (mass * masks).sum(axis=(1, 2)) / np.where(total > 0, total, 1)
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "mass-share-check", "solution": false, "grade": true, "points": 2, "locked": true, "task": false}
lesson.check("mass-share", mass_share)
### BEGIN HIDDEN TESTS
assert np.allclose(mass_share(heat["occlusion"], masks), cvkit.analysis.mass_inside(heat["occlusion"], masks))
### END HIDDEN TESTS

# %% [markdown]
# ## What you saw
# - First-layer filters can be drawn; ours, small and briefly trained, can hardly be read. Deeper maps are known by the patches that excite them, and
#   a map need not be about shape.
# - A deconvnet carries an activation back to the pixels; the switches keep *where*. Without ReLUs it is the activation times its gradient.
# - Every map beat chance. Not every map beat an edge detector, and some maps of an untrained network point as well.
# - In this network saliency and guided backpropagation hardly noticed a random last layer. Occlusion and Grad-CAM did, in part because they have a
#   sign, and they depend on the class.
# - Maps are good at finding what is wrong: a sticker in the corner that made a "ring".
#
# ## The library's way
#
# Keras has no such tools; its guides show Grad-CAM as an example of code. Everything here is a gradient (`tf.GradientTape`, `jax.grad`,
# `torch.autograd.grad`) and a cut model, `keras.Model(model.input, model.get_layer(name).output)`.
#
# ## References
# - M. Zeiler and R. Fergus, *Visualizing and understanding convolutional networks*, ECCV 2014, arXiv 1311.2901.
# - K. Simonyan, A. Vedaldi and A. Zisserman, *Deep inside convolutional networks*, arXiv 1312.6034.
# - J. Springenberg et al., *Striving for simplicity: the all convolutional net*, arXiv 1412.6806.
# - R. Selvaraju et al., *Grad-CAM*, ICCV 2017, arXiv 1610.02391.
# - D. Erhan et al., *Visualizing higher-layer features of a deep network*, University of Montreal 2009.
# - A. Mordvintsev, C. Olah and M. Tyka, *Inceptionism: going deeper into neural networks*, Google Research blog 2015.
#
# **A paper to present in five minutes:** J. Adebayo et al., *Sanity checks for saliency maps*, NeurIPS 2018, arXiv 1810.03292. Which methods pass,
# and what would have convinced you without their test?
#
# ## What the lectures say, and what you measured

# %%
lesson.summary()
