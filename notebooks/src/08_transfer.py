# %% [markdown]
# # Transfer: start from what another network has learned
#
# **You will**
# - classify photographs with a pretrained network, and see what it cannot say;
# - chop off its head, and train a new one for a task it has never seen;
# - learn eight classes from six images each: from scratch, on frozen features, and fine-tuned;
# - break the rules on purpose, in four ways, and measure what each costs;
# - find out which layers' features serve a new task best.
#
# **Before you start:** lessons 02 and 03 (training, VGG) and 05 (batch normalisation). **Time:** 2 minutes of computing on two cores, two hours of
# reading and exercises. Follows the Tor Vergata lecture (L3: `tf_pretrained_cnn`, `tf_transfer`) and RWTH's *Transfer Learning with CNNs* (L5).

# %%
import cvkit
import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers, ops
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

lesson = cvkit.lesson("transfer", seed=0)

# %% [markdown]
# Two settings. `NETWORK` classifies photographs: `"small_vgg"` comes with the kit and knows the ten classes of CIFAR-10; `"MobileNet"` knows
# ImageNet's thousand (a download of 17 MB). `DATASET` is the new task: `"shapes"` is drawn by the kit. With `"cats_and_dogs"`, L3's example, or
# `"sign_digits"`, hands that sign the digits, the features come from a narrow MobileNet (2 MB), and the photographs from a folder of yours, see
# `data/README.md`; the text below speaks of the shapes. After a change choose *Restart kernel and run all cells*.

# %% tags=["parameters"]
NETWORK = "small_vgg"
DATASET = "shapes"

# %% [markdown]
# ## Photographs, and a network that someone else trained
#
# Training AlexNet took six days on two graphics cards, and 1.2 million labelled photographs. You need not repeat that. L3 puts it in one line of
# code, `keras.applications.resnet50.ResNet50(weights="imagenet")`. `cvkit.backbones.classifier` does the same, and adds two things: the network takes
# images as they are, with values from 0 to 255, and what comes out are scores (softmax makes probabilities of them).
#
# Ours is a small network in the manner of VGG, five stages with 32 to 256 channels, trained on the 50,000 photographs of CIFAR-10.

# %%
network = cvkit.backbones.classifier(NETWORK, "embedded" if NETWORK == "small_vgg" else "imagenet")
SIDE = 32 if NETWORK == "small_vgg" else 224
print(f"{cvkit.analysis.count_parameters(network):,} parameters, {network.output.shape[1]} classes")

# %% [markdown]
# Six photographs, cut square and scaled to the size that the network was trained on.


# %%
def resize(images, side):
    """Images scaled to side × side pixels, float32, values from 0 to 255."""
    return ops.convert_to_numpy(ops.image.resize(np.asarray(images, "float32"), (side, side), antialias=True))


CUTS = {
    "chelsea": np.s_[:, 60:360],
    "rocket": np.s_[:, 110:537],
    "astronaut": np.s_[:, :],
    "coffee": np.s_[:, 100:500],
    "china": np.s_[:, 100:527],
    "flower": np.s_[:, 100:527],
}
photos = cvkit.data.load("photos")
squares = [photos[name][cut] for name, cut in CUTS.items()]


# %%
def best_classes(count=5):
    """For each photograph the names of its most probable classes and their probabilities."""
    probabilities = ops.convert_to_numpy(ops.softmax(network(np.stack([resize(square, SIDE) for square in squares]))))
    if NETWORK != "small_vgg":
        decoded = keras.applications.imagenet_utils.decode_predictions(probabilities, top=count)
        return [([name for _, name, _ in best], [p for _, _, p in best]) for best in decoded]
    names = np.array(cvkit.data.catalogue()["cifar10"].classes)
    orders = np.argsort(-probabilities, axis=1)[:, :count]
    return [(names[order].tolist(), p[order]) for order, p in zip(orders, probabilities, strict=True)]


top_five = best_classes()
print(*[f"{name:10} {names[0]}" for name, (names, _) in zip(CUTS, top_five, strict=True)], sep="\n")

# %%
fig, axes = plt.subplots(2, 6, figsize=(12, 3.9), height_ratios=[1.3, 1])
for column, (square, name, (names, probabilities)) in enumerate(zip(squares, CUTS, top_five, strict=True)):
    axes[0, column].imshow(resize(square, SIDE).astype("uint8"))
    axes[0, column].set_title(name)
    axes[0, column].axis("off")
    axes[1, column].barh(names, probabilities)
    axes[1, column].invert_yaxis()
    axes[1, column].set(xlim=(0, 1), xlabel="probability")
    axes[1, column].tick_params(labelsize=8)
axes[1, 0].set_ylabel("class")
fig.suptitle("Six photographs as the network sees them, and its five most probable classes")
lesson.figure(fig, alt="Six small photographs, and below each the five classes with the largest probability as bars.")

# %% [markdown]
# Look at what cannot be right. A network of these ten classes has no word for a rocket, a person, a cup, a pagoda or a flower. Softmax makes the ten
# probabilities add up to one, so each photograph gets an answer, and some of the wrong ones get a large share. It has no way to say *none of these*.
# With ImageNet's thousand classes, many of them alike, one shows the five best: is the right one among them, and how far ahead is the first? Where
# the right class is missing, that does not help.
#
# ### The size it was trained on
#
# Nothing in the network fixes the size of the image: convolutions do not mind, and global average pooling takes maps of any size. So feed it the same
# cat at several sizes.

# %%
if NETWORK == "small_vgg":
    for side in (16, 32, 64, 128):
        answer = ops.convert_to_numpy(ops.softmax(network(resize(squares[0], side)[None])))[0]
        print(f"{side:4} pixels: {cvkit.data.catalogue()['cifar10'].classes[answer.argmax()]:8} {answer.max():.2f}")

# %% [markdown]
# The answer, or at least its probability, depends on the size. Every network has a size it knows: this one has learned what cats look like that fill
# 32 pixels. On a larger image its kernels may see bits of fur where they expect an ear. (This is one photograph; but try the others.)
#
# ### The preprocessing it was trained with
#
# Each pretrained network also expects its images prepared as in its training: some from −1 to 1, some with a mean colour taken off, some in the order
# blue, green, red. Forget it and there is no error message. Ours has the step inside and takes 0 to 255. Give it images from 0 to 1, as our other
# lessons like them:

# %%
wrong = ops.convert_to_numpy(ops.softmax(network(np.stack([resize(square, SIDE) for square in squares]) / 255)))
print("different answers to six photographs:", len(set(wrong.argmax(axis=1).tolist())))
print(f"largest difference between two photographs' probabilities: {np.ptp(wrong, axis=0).max():.3f}")

# %% [markdown]
# Values from 0 to 1 on a scale of 0 to 255: all six photographs are black to it, so it says the same of all. Remember that; we will meet it again.
#
# ## A new task, and little data
#
# What if you want classes that are not among the ten? L3: *transfer learning* is taking features learned on one problem, and leveraging them on a
# new, similar one; it helps most where there is too little data to train from scratch.
#
# Our new task has no cat in it, nor any vehicle: eight shapes, which the kit draws. We cut a window around each, scaled to 32 pixels, so that the
# question is only *what*, not *where*.


# %%
def cut_window(image, box, side=32):
    """The square around a box with a margin of 15 per cent, as far as the border allows, scaled to side × side."""
    x0, y0, x1, y1 = box
    size = min(round(1.3 * float(max(x1 - x0, y1 - y0))), len(image))
    left, top = (
        int(np.clip(round((low + high - size) / 2), 0, len(image) - size)) for low, high in ((x0, x1), (y0, y1))
    )
    return resize(image[top : top + size, left : left + size], side)


# %%
def load(split):
    """Images from 0 to 255, float32, and labels of the new task."""
    if DATASET != "shapes":
        data = cvkit.data.load(DATASET, split, size=96)
        return data["images"].astype("float32"), data["labels"]
    options = dict(image_size=64, num_objects=1, num_train=600, num_test=400, seed=1)
    data = cvkit.data.load("shapes", split, **options)
    boxes = [objects["boxes"][0] for objects in data["objects"]]
    return np.stack([cut_window(*pair) for pair in zip(data["images"], boxes, strict=True)]), data["labels"]


# %%
(pool, pool_labels), (test_images, test_labels) = load("train"), load("test")
CLASSES = cvkit.data.catalogue()[DATASET].classes
SEEDS = (0, 1, 2)


def draw(seed, count=6):
    """Indices of `count` images of each class, drawn from the pool."""
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.choice(np.flatnonzero(pool_labels == k), count, False) for k in range(len(CLASSES))])


six = draw(0)
fig = cvkit.plots.image_grid(pool[six].astype("uint8"), columns=12, size=0.85)
fig.suptitle("All the training images of seed 0: six of each class")
lesson.figure(fig, alt="Small pictures of shapes of one colour each, six of each of the eight classes.")

# %% [markdown]
# That is the whole training set. Each of our three seeds draws six other images a class, and all ways of learning get the same ones. The test images
# are never drawn from. (Rates, epochs and the task itself we chose on other images, from another seed of the kit's generator, so the test images here
# were new to us, too. In a trial with striped shapes in front of a cloudy background, all three ways of learning below came out lower or as low, in
# the same order.)
#
# With photographs of the same hand, or frames of one video, take care how you split. If a pupil's hand is in both parts, the network may know the
# *hand*, and the test will not notice. `"sign_digits"` is cut between two pupils; exercise 2 asks you to do it.
#
# ## Chop off the head, put on a new one
#
# A classifier is a **body** that turns pixels into features, and a **head** that turns features into scores. L3's recipe, which L5 draws as well:
#
# 1. take the layers of a trained network, without its head;
# 2. **freeze** them, so that training does not destroy what they know;
# 3. put new layers on top;
# 4. train these on your data;
# 5. if you like, **fine-tune**: unfreeze the body, and train all of it at a very low rate.
#
# (L3 warns that many people call the whole recipe fine-tuning.) Here are steps 1 and 3. The kit calls the maps after the five stages C0 to C4: the
# sides of C$k$ are $2^k$ times smaller than the image's. `taps` names those that come out.

# %%
STAGES = ("C0", "C1", "C2", "C3", "C4") if DATASET == "shapes" else ("C1", "C2", "C3", "C4", "C5")


def make_body(pretrained=True, taps=STAGES[-1:]):
    """A network from images to the maps of the stages in `taps`."""
    if DATASET == "shapes":
        return cvkit.backbones.backbone("small_vgg", "embedded" if pretrained else None, taps, (32, 32, 3))
    return cvkit.backbones.backbone("MobileNet", "imagenet" if pretrained else None, taps, (96, 96, 3), alpha=0.25)


body = make_body()
features = layers.GlobalAveragePooling2D(name="average")(body.output[STAGES[-1]])
model = keras.Model(body.input, layers.Dense(len(CLASSES), name="head")(features))
body_weights = body.get_weights()
print("maps of the last stage:", body.output[STAGES[-1]].shape[1:], "scores:", model.output.shape[1:])

# %% [markdown]
# Step 2. Freezing a layer takes its weights off the list of those that the optimiser changes. What is left are the head's.

# %%
cvkit.backbones.freeze(body)
print("learns:", [weight.path for weight in model.trainable_weights])
print(f"{sum(int(np.prod(w.shape)) for w in model.trainable_weights):,} of {model.count_params():,} numbers")

# %% [markdown]
# ### Why the body should not learn yet
#
# The new head is random. Look at what it sends back. One image with three features, two classes, and the right one is the first. As in every
# classifier with softmax, the slope of the loss with respect to the scores is $p - y$, probabilities minus the right answer. Through the head's
# weights $W$ the features get the slope $W (p - y)$.


# %%
def slope_of_features(features, weights, answer):
    """What a dense head with softmax sends back to its features."""
    scores = features @ weights
    probabilities = np.exp(scores) / np.exp(scores).sum()
    return weights @ (probabilities - answer)


three, answer = np.array([2.0, 1.0, 0.0]), np.array([1.0, 0.0])
random_head = np.array([[0.5, -0.5], [-1.0, 1.0], [0.2, 0.3]])
trained_head = np.array([[2.0, -2.0], [0.0, 0.0], [0.0, 0.0]])
[slope_of_features(three, head, answer).round(4) for head in (random_head, trained_head)]

# %% [markdown]
# With the random head both scores are 0 and $p = (½, ½)$. So $p - y = (−½, ½)$, and the first feature gets $0.5 \cdot (−½) + (−0.5) \cdot ½ = −0.5$.
# The features are pushed about by weights that mean nothing. A trained head that is right has $p ≈ y$, and sends back next to nothing. (Adam would
# scale even that up to steps of the rate's size. So it is the direction that matters, and a low rate that protects.)
#
# ### Train the head
#
# A frozen body always gives the same features for the same image. So compute them **once**, and train the head on the features: it takes seconds, and
# no graphics card.

# %%
extract = keras.Model(body.input, features)


def outputs(network, images):
    """What a network makes of many images, a hundred at a time: an array, or a dict of arrays."""
    parts = [network(images[start : start + 100], training=False) for start in range(0, len(images), 100)]
    return keras.tree.map_structure(lambda *part: np.concatenate([*map(ops.convert_to_numpy, part)]), *parts)


pool_features, test_features = outputs(extract, pool), outputs(extract, test_images)
pool_features.shape

# %%
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
head = keras.Sequential([keras.Input(pool_features.shape[1:]), layers.Dense(len(CLASSES))])
head.compile(keras.optimizers.Adam(0.01), loss)


def train_head(seed, inputs):
    """Train a new head on the features of six images a class; returns its weights."""
    six = draw(seed)
    cvkit.restart(head, seed).fit(inputs[six], pool_labels[six], batch_size=len(six), epochs=100, verbose=0)
    return head.get_weights()


def accuracy(network, inputs):
    """Share of the test images that a network gets right."""
    return float(np.mean(outputs(network, inputs).argmax(axis=1) == test_labels))


# %%
results, heads = {"frozen": []}, {}
for seed in SEEDS:
    heads[seed] = train_head(seed, pool_features)
    results["frozen"].append(accuracy(head, test_features))


def show(*names):
    """Test accuracies of three seeds, their mean, and the largest less the smallest."""
    for name in names:
        runs = np.array(results[name])
        print(f"{name:32} {runs.round(3)}  mean {runs.mean():.3f}, spread {np.ptp(runs):.3f}")


show("frozen")
print(f"by chance it would be {1 / len(CLASSES):.3f}")

# %% [markdown]
# ## From scratch, and fine-tuned
#
# Now two rivals. **From scratch**: the same network with random weights, all of it trained on the same images, 30 epochs (15 did about as well in a
# trial). **Fine-tuned**: the pretrained body with the head that we just trained, then step 5: unfreeze, and train everything for 10 epochs at a low
# rate, 0.0001, a hundredth of the head's.
#
# One detail. Batch normalisation keeps the averages of CIFAR-10's thousands of images. In training mode it would use those of the batch instead, 16
# images here, and overwrite its own. `cvkit.backbones.unfreeze` leaves these layers frozen, and in Keras a frozen batch normalisation also runs as in
# use, with the averages it has stored. A network from scratch has no averages yet, so it must learn them: hence two networks below.

# %%
cvkit.backbones.unfreeze(body)
model.compile(keras.optimizers.Adam(1e-4), loss)
all_learns = keras.models.clone_model(model)  # the same layers, batch normalisation in training mode
for layer in all_learns.layers:
    layer.trainable = True
    if isinstance(layer, layers.BatchNormalization):
        layer.momentum = 0.9  # its averages must keep up within some ninety steps; small_vgg has this anyway
all_learns.compile(keras.optimizers.Adam(1e-4), loss)
counts = [len(network.trainable_weights) for network in (model, all_learns)]
print("arrays of weights that learn: {} without batch normalisation, {} with it".format(*counts))


# %%
def run(name, network, seed, rate, epochs=10, pretrained=True, head_first=True):
    """Train a network on six images a class and note its test accuracy."""
    cvkit.restart(network, seed)
    weights = network.get_weights()
    start = body_weights if pretrained else weights[:-2]
    network.set_weights([*start, *(heads[seed] if head_first else weights[-2:])])
    network.optimizer.learning_rate.assign(rate)
    six = draw(seed)
    network.fit(pool[six], pool_labels[six], batch_size=16, epochs=epochs, verbose=0)
    results.setdefault(name, []).append(accuracy(network, test_images))


# %%
for seed in SEEDS:
    run("from scratch", all_learns, seed, rate=1e-3, epochs=30, pretrained=False, head_first=False)
    run("fine-tuned", model, seed, rate=1e-4)
show("from scratch", "frozen", "fine-tuned")


# %%
def draw_bars(names, title):
    """A bar for each way of learning, and a dot for each seed."""
    fig, ax = plt.subplots(figsize=(7, 0.5 * len(names) + 1.2))
    ax.barh(names, [np.mean(results[name]) for name in names], color="0.8")
    for row, name in enumerate(names):
        ax.plot(results[name], [row] * len(SEEDS), "o", markersize=4, color="tab:blue")
    ax.axvline(1 / len(CLASSES), color="tab:red", linestyle=":")
    ax.invert_yaxis()
    ax.set(xlabel="test accuracy (dotted: by chance)", ylabel="way of learning", title=title)
    return fig


names = ["from scratch", "frozen", "fine-tuned"]
fig = draw_bars(names, "Six images a class: mean of three seeds, and each seed")
lesson.figure(fig, alt="Three bars: from scratch lies lowest, frozen features and fine-tuning well above it.")

# %%
means = {name: float(np.mean(runs)) for name, runs in results.items()}
if DATASET == "shapes":  # on the photographs the network from scratch has not begun to learn after so few steps
    lesson.claim("six-images-a-class", means["frozen"] - means["from scratch"])
gains = {name: means[name] - means["from scratch"] for name in ("frozen", "fine-tuned")}
lesson.claim("fine-tuning-is-optional", gains["frozen"] / gains["fine-tuned"])

# %% [markdown]
# A body that has seen only animals and vehicles does far better on shapes than one that has seen nothing but the shapes. From scratch, 1.3 million
# numbers must be found from 48 images; the new head alone has 2,056. Most of what transfer brings is there before any fine-tuning (the second claim).
# Fine-tuning adds a few points, little beside what the features bring. (The rival from scratch has one rate and no augmentation; with more care it
# might do better.)
#
# L5's slide counts "only 6 training images". It means six images *a class*, and Caltech-256 has 256 of them. The experiment is Zeiler and Fergus': a
# network like AlexNet, trained on ImageNet, needs six to beat the best earlier method with sixty. Their table begins at fifteen images a class: 65.7%
# on ImageNet's features, 9.0% from scratch. Ours is smaller in every way. The direction is the same, and no state of the art.
#
# When to fine-tune? L5's rule: with a small set train the head only; with a medium-sized one, take the old weights as a start and train all of the
# network or some of its higher layers. (`cvkit.backbones.unfreeze(body, from_layer="conv4_1")` does the latter, from the first layer of the fourth
# stage on.)
# ## Break the rules
#
# Now break the recipe in four ways, on the same images and seeds.
#
# 1. **Too high a rate:** fine-tune at 0.01, the head's rate, instead of 0.0001.
# 2. **No head first:** fine-tune from a random head, at 0.0003 (more than before, since now the head has to learn as well) and at 0.01.
# 3. **Batch normalisation in training mode** while fine-tuning.
# 4. **Forget the preprocessing:** images from 0 to 1, in testing only, or in training the head and in testing.

# %%
for seed in SEEDS:
    run("high rate", model, seed, rate=1e-2)
    run("random head", model, seed, rate=3e-4, head_first=False)
    run("random head, high rate", model, seed, rate=1e-2, head_first=False)
    run("batch norm. in training mode", all_learns, seed, rate=1e-4)
body.set_weights(body_weights)
pool_dark, test_dark = outputs(extract, pool / 255), outputs(extract, test_images / 255)
results["0 to 1 in testing"], results["0 to 1 in both"] = [], []
for seed in SEEDS:
    for name, inputs in (("0 to 1 in testing", pool_features), ("0 to 1 in both", pool_dark)):
        train_head(seed, inputs)
        results[name].append(accuracy(head, test_dark))

# %%
names = ["fine-tuned", *[name for name in results if name not in ("from scratch", "frozen", "fine-tuned")]]
show(*names)
fig = draw_bars(names, "The recipe, and the recipe with a rule broken (three seeds)")
lesson.figure(
    fig,
    alt="Seven bars: fine-tuned, a random head and batch normalisation in training mode are far above chance, the other four near it.",
)

# %%
lesson.claim("fine-tune-at-a-low-rate", np.mean(results["fine-tuned"]) - np.mean(results["high rate"]))

# %% [markdown]
# - **The high rate** ruins everything, with a trained head as with a random one. What the body knew is gone, and 48 images cannot bring it back.
# - **A random head** at a modest rate did no harm, against what the recipe says and what we had expected; it came out about as good as the recipe, or
#   better, with more spread. (With a trained head, 0.0003 and 0.0001 were about equal in our trials.) Do not rely on it: with `"sign_digits"` and
#   MobileNet it did harm in all three seeds, and ruined one. Here the low rate protected the features, not the order of the steps. Why, we have not
#   measured. Training the head first is still worth it: it is cheap, and tells you what the features are worth before you touch them.
# - **Batch normalisation in training mode** cost a few points, in all seeds that we tried: about all that fine-tuning had gained. The averages of
#   thousands of photographs are overwritten by those of 48 images. (Its scales and shifts learn as well.)
# - **Images from 0 to 1** in testing make every image nearly black, and the accuracy is that of chance. If the head is trained on them too, it does
#   learn something, but from nearly black images; little is left.
#
# None of the four gives an error message. The first three show beside a baseline: frozen features and a new head take a minute, and whatever costs
# more must do better. The last spoils the baseline, too: print `images.min()` and `images.max()`, and feed a photograph whose answer you know.
#
# ## Which layers transfer?
#
# L5 says that higher stages compute more global, more invariant features (lesson 07), and chops off only the last layer. Is that the best place to
# cut? Take the features after each of the five stages, averaged over the map, and give each a head of its own: logistic regression, which is a dense
# layer with softmax and a penalty on large weights, trained to the end by scikit-learn. Beside it, the same with a body of random weights: what do
# five stages give that have learned nothing?


# %%
def stage_features(pretrained):
    """Averaged features after each stage, for the pool and the test images."""
    taps = make_body(pretrained, STAGES)
    averaged = {name: layers.GlobalAveragePooling2D()(maps) for name, maps in taps.output.items()}
    extractor = keras.Model(taps.input, averaged)
    return outputs(extractor, pool), outputs(extractor, test_images)


def by_logistic_regression(features, seed, count=6):
    """Test accuracy of a head on (pool, test) features, trained on some images of each class."""
    chosen = draw(seed, count)
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=500))
    return classifier.fit(features[0][chosen], pool_labels[chosen]).score(features[1], test_labels)


# %%
depths = {}
for name, pretrained in (("pretrained", True), ("random weights", False)):
    in_pool, in_test = stage_features(pretrained)
    depths[name] = np.array(
        [[by_logistic_regression((in_pool[stage], in_test[stage]), seed) for seed in SEEDS] for stage in STAGES]
    )
    print(f"{name:16}", dict(zip(STAGES, depths[name].mean(axis=1).round(3).tolist(), strict=True)))
    print(f"largest range of three seeds {np.ptp(depths[name], axis=1).max():.3f}")

# %%
COUNTS = [n for n in (2, 6, 20, 60) if n <= np.bincount(pool_labels).min()]
by_count = np.array(
    [[by_logistic_regression((pool_features, test_features), seed, n) for seed in SEEDS] for n in COUNTS]
)
by_count.mean(axis=1).round(3).tolist()

# %%
fig, axes = plt.subplots(1, 2, figsize=(9, 3.2), sharey=True)
for name, runs in depths.items():
    axes[0].errorbar(STAGES, runs.mean(axis=1), np.ptp(runs, axis=1) / 2, marker="o", capsize=3, label=name)
axes[1].errorbar(COUNTS, by_count.mean(axis=1), np.ptp(by_count, axis=1) / 2, marker="o", capsize=3)
axes[0].set(xlabel="stage that the features come from", ylabel="test accuracy", title="Six images a class")
axes[1].set(xlabel="training images a class", xscale="log", title="Frozen features of the last stage")
axes[1].set_xticks(COUNTS, COUNTS)
axes[1].minorticks_off()
for ax in axes:
    ax.axhline(1 / len(CLASSES), color="tab:red", linestyle=":", label="chance")
axes[0].legend(frameon=False)
lesson.figure(
    fig,
    alt="Left: accuracy rises from the first stage to the later ones, random weights stay low. Right: it rises with images.",
)

# %%
lesson.claim("later-stages-transfer", depths["pretrained"][-1].mean() - depths["pretrained"][0].mean())

# %% [markdown]
# The averages of the first stage hold colours and edges, and shapes in random colours cannot be told apart by those. From the second stage (C1) to
# the fourth (C3) each adds something; the last one is about as good as the one before. So L5's cut is as good as any here; one stage earlier does as
# well. Random weights gain a little with depth, too, but far less: it is what the layers have *learned* that helps, not only that they are there. (It
# is one random body; the bars, as long as the range of the three seeds, show only which images were drawn.) And the same six images on the last
# stage's features came out a little higher in the section before: there the head was another one.
#
# Where to cut depends on the task. In a trial of ours with another one, to tell from a patch which of fifteen photographs it comes from (train on the
# left halves, test on the right), the second stage (C1) was best and the last one worst: there it is colour and texture that count, which the later
# stages have learned to overlook. As a rule, the more alike the old task and the new, the later the cut.
#
# On the right, six images are a start. More of them still help, and the body need not change for it.
#
# ## Exercises
#
# Replace the line that raises `NotImplementedError` by your answer, run the cell, then run the check below it.
#
# ### Exercise 1: top-k accuracy (2 points)
#
# ImageNet's results are given as top-5: an image counts as right if its class is among the five with the largest scores. `scores` is an array (N,
# classes), `labels` holds N integers. Return the share of images whose label is one of the `k` classes with the largest scores.


# %% nbgrader={"schema_version": 3, "grade_id": "top-k-accuracy", "solution": true, "grade": false, "locked": false, "task": false}
def top_k_accuracy(scores, labels, k):
    """Share of images whose label is among the k classes with the largest scores."""
    ### BEGIN SOLUTION
    best = np.argsort(scores, axis=1)[:, -k:]  # (N, k)
    return (best == labels[:, None]).any(axis=1).mean()
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "top-k-accuracy-check", "solution": false, "grade": true, "points": 2, "locked": true, "task": false}
lesson.check("top-k-accuracy", top_k_accuracy)
### BEGIN HIDDEN TESTS
assert top_k_accuracy(np.array([[1.0, 2, 3], [3, 2, 1]]), np.array([1, 2]), 2) == 0.5
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 2: a split that does not leak (3 points)
#
# `groups` is an array of integers, the pupil's number for each of N images; `share` is a number from 0 to 1. Return N booleans, True for training:
# take whole pupils, in ascending order of their numbers, until at least `share` of all *images* are in. The pupil who crosses the share is taken
# whole. The images need not be sorted by pupil.


# %% nbgrader={"schema_version": 3, "grade_id": "split-by-group", "solution": true, "grade": false, "locked": false, "task": false}
def train_mask(groups, share):
    """True for the training images (N,)."""
    ### BEGIN SOLUTION
    mask = np.zeros(len(groups), bool)
    for group in np.unique(groups):
        if mask.sum() >= share * len(groups):
            break
        mask |= groups == group
    return mask
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "split-by-group-check", "solution": false, "grade": true, "points": 3, "locked": true, "task": false}
lesson.check("split-by-group", train_mask)
### BEGIN HIDDEN TESTS
assert train_mask(np.array([5, 2, 5, 2, 9]), 0.3).tolist() == [False, True, False, True, False]
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 3: what learns? (2 points)
#
# `network` is a list of (name, kind, parameters), an entry for each layer from the input to the head; kinds are `"Conv2D"`, `"BatchNormalization"`,
# `"Dense"`. Everything before the layer named `first` is frozen; from it on, itself included, all layers learn, but batch normalisation stays frozen
# everywhere. How many parameters learn?


# %% nbgrader={"schema_version": 3, "grade_id": "count-trainable", "solution": true, "grade": false, "locked": false, "task": false}
def count_trainable(network, first):
    """Parameters that learn when the layers from `first` on are unfrozen."""
    ### BEGIN SOLUTION
    start = [name for name, _, _ in network].index(first)
    return sum(parameters for _, kind, parameters in network[start:] if kind != "BatchNormalization")
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "count-trainable-check", "solution": false, "grade": true, "points": 2, "locked": true, "task": false}
lesson.check("count-trainable", count_trainable)
### BEGIN HIDDEN TESTS
assert count_trainable([("a", "Conv2D", 5), ("b", "BatchNormalization", 3), ("c", "Dense", 7)], "a") == 12
### END HIDDEN TESTS

# %% [markdown]
# ## What you saw
# - A classifier answers with one of its classes, whatever it sees, and often with confidence. It knows one size and one preprocessing.
# - Chop off the head, freeze the body, train a new head on features computed once: from six images a class, far ahead of the same network from
#   scratch. Fine-tuning added little.
# - A high rate, or images on the wrong scale, leave next to nothing, and no error says so. Batch normalisation in training mode cost a few points; a
#   random head at a modest rate nothing here, but on another task a great deal.
# - Here the later stages transferred best. For a task of colours and textures it was an early one.
#
# ## The library's way
#
# With Keras alone: `base = keras.applications.Xception(weights="imagenet", include_top=False)`, which is L3's choice for cats and dogs;
# `keras.applications.xception.preprocess_input` for its images; `base.trainable = False` to freeze, and `base(images, training=False)` so that batch
# normalisation keeps its averages also after you unfreeze. Compile again after every change of `trainable`. For six images a class you need not train
# by gradient descent at all: extract the features once and use scikit-learn, as in the last section, which came within a few points.
#
# ## References
# - M. Zeiler and R. Fergus, *Visualizing and understanding convolutional networks*, ECCV 2014, arXiv 1311.2901, section 5.2.
# - F. Chollet, *Transfer learning and fine-tuning*, Keras guide.
#
# **A paper to present in five minutes:** J. Yosinski et al., *How transferable are features in deep neural networks?*, NeurIPS 2014, arXiv 1411.1792.
# Their figure 2 cuts one network at each layer: where does a frozen copy lose, and why does it lose in the middle?
#
# ## What the lectures say, and what you measured

# %%
lesson.summary()
