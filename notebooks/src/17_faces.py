# %% [markdown]
# # Faces: is it the same person, and who is it?
#
# **You will**
# - compare two faces by a distance and a threshold, and count what goes wrong with people who were never seen in training;
# - write the three distances of the slides, and train a siamese network with each;
# - draw triplets in the plane, find the slip in the slide's loss, and see which triplets teach a network and which teach nothing;
# - recognise people in galleries of 10 to 10,000, and see why that is harder than to verify;
# - turn strangers away, and choose the threshold where it may be chosen.
#
# **Before you start:** lessons 01 and 02 (convolution, training), 05 (batch normalisation). **Time:** 2 to 3 minutes of computing on two cores, 60 to
# 90 minutes of reading and exercises. Follows *Face recognition systems* of AC 209B (L1) and *Face identification* of the Tsinghua lecture (L4).

# %%
import time

import cvkit
import keras
import matplotlib.pyplot as plt
import numpy as np
from cvkit.faces import Gallery, PersonBatches, all_pairs, area_under_roc, draw_pairs, error_rates, pair_distances
from cvkit.losses import ContrastiveLoss, TripletLoss, batch_triplet_loss, pairwise_distances, triplet_loss
from cvkit.models import facenet, siamese
from cvkit.published import read_published
from keras import layers, ops

lesson = cvkit.lesson("faces", seed=0)

# %% [markdown]
# One setting. `"faces"` is drawn on your machine. In its place you may write the path of a folder with a folder of photographs for each person, taken
# with their consent: at least ten each, of fifty people or more. Then 60 % of the people train, 20 % choose the threshold, 20 % test, and the
# galleries end with the test people there are. After a change choose *Restart kernel and run all cells*.

# %% tags=["parameters"]
DATASET = "faces"

# %% [markdown]
# ## Before we begin: whose faces?
#
# A face is not a password. Nobody can change it, and it can be read from afar, without asking. The numbers that a network makes of a face to tell who
# somebody is are *biometric data*. In the European Union they are among the special categories of personal data (article 9 of the General Data
# Protection Regulation): to process them for identification is forbidden, unless one of a few exceptions holds, of which the best known is the
# person's explicit consent. Other places have laws of their own. So whoever builds such a system asks first: do the people know, did they agree, may
# they say no without a loss, where are the numbers kept, and who answers for a mistake? A mistake does not fall on all alike, either: networks have
# been found to err more often with some groups of people, mostly those of whom there were few photographs.
#
# That is why everybody in this lesson is made up. The faces are drawings from a random number generator: 35 numbers say who somebody is (width of the
# head, distance of the eyes, length of the nose, tones of skin and hair, ...), and others change from picture to picture: pose, light, a smile,
# glasses, noise. What you find here holds for the drawings. It says nothing of accuracy on photographs, nor whether a network is fair.
#
# ## The data: people who are never seen in training
#
# 400 people with ten pictures each to train on. To test, 100 *other* people with ten pictures each: no network below has seen any picture of them.
# And 100 more, the *choice* set, on which we shall choose a threshold.

# %%
SIDE = 32
PARTS = {"train": (0, 400), "test": (1_000_000, 1_000_100), "choice": (1_000_100, 1_000_200)}  # first person, end


def read(part, each=10):
    """Images (N, 32, 32, 3), 0 to 255, and the number of the person in each (N,)."""
    if DATASET == "faces":
        people = np.repeat(np.arange(*PARTS[part]), each)
        numbers = np.tile(np.arange(each), len(people) // each)  # picture 0 to 9 of each person
        return cvkit.data.draw_faces(people, numbers, SIDE)["images"].astype("float32"), people
    folder = cvkit.data.image_folder(DATASET, SIDE)
    shares = np.digitize(folder["labels"] / len(folder["classes"]), (0.6, 0.8))  # 0, 1 or 2
    inside = shares == list(PARTS).index(part)
    return folder["images"][inside].astype("float32"), folder["labels"][inside]


# %%
images, people = read("train")
test_images, test_people = read("test")
choice_images, choice_people = read("choice")
print(images.shape, test_images.shape, "people in both:", len(set(people) & set(test_people)))

# %% [markdown]
# Each row below shows eight pictures of one test person. Look along a row: what stays the same? Then down a column: what tells two people apart? Some
# of it looks easy, such as hair. But the tone of a skin misleads, since the light changes it from picture to picture; glasses come and go, and so do
# pose and smile.

# %%
rows = np.concatenate([np.flatnonzero(test_people == person)[:8] for person in np.unique(test_people)[[1, 4, 6, 9]]])
fig = cvkit.plots.image_grid(
    test_images[rows] / 255, columns=8, title="Four people, a row each: eight pictures of each"
)
lesson.figure(
    fig, alt="Four rows of drawn faces. In a row head, hair and features stay; pose, light and glasses change."
)

# %% [markdown]
# ## Two questions
#
# - **Verification**: are these two pictures of the same person? (A passport and the traveller.)
# - **Recognition**: who of the K people in my database is this, or none of them? (A camera at a door.)
#
# L1 puts both on one slide, and says of verification: *"We only have a single photo to learn the characteristics of a given person."* So there is no
# class for each person, and nothing is trained on that person at all. This is **one-shot** learning. In place of classes we need a *distance*
# $d(\text{img}_1, \text{img}_2)$, small for one person and large for two, which also works for people whom it has never seen. Then
#
# $$\text{accept, if } d \le \tau$$
#
# with a threshold $\tau$. The simplest distance is that of the pixels: the sum of their squared differences. Does it tell people apart? Take 6,000
# pairs of test pictures, half of them of one person. (`draw_pairs` gives the places of the first and of the second picture, and whether both show the
# same person.)

# %%
first, second, same = draw_pairs(test_people, 6000)
pixels = test_images.reshape(len(test_images), -1) / 255
pixel_distances = pair_distances(pixels[first], pixels[second])
print("first pairs: same", same[:4], "distances", pixel_distances[:4].round())

# %% [markdown]
# Two mistakes are possible. A **false accept** lets a stranger in, a **false reject** turns the right person away:
#
# $$\mathrm{FAR}(\tau) = \frac{\text{pairs of two people with } d \le \tau}{\text{pairs of two people}}, \qquad
#   \mathrm{FRR}(\tau) = \frac{\text{pairs of one person with } d > \tau}{\text{pairs of one person}}.$$
#
# By hand, with three pairs of one person at the distances 0.1, 0.2 and 0.6, and three of two people at 0.4, 0.7 and 0.9:

# %%
toy_same, toy_distances = np.array([1, 1, 1, 0, 0, 0], bool), np.array([0.1, 0.2, 0.6, 0.4, 0.7, 0.9])
for threshold in (0.3, 0.5, 0.65):
    far, frr = error_rates(toy_same, toy_distances, threshold)
    print(f"threshold {threshold}: false accepts {far:.2f}, false rejects {frr:.2f}")

# %% [markdown]
# No threshold is right for all six: the pair of one person at 0.6 is farther apart than the pair of two at 0.4. As the threshold rises, false accepts
# become more and false rejects fewer. Two numbers sum up all thresholds:
#
# - the **area under the ROC curve** (AUC). The curve (*receiver operating characteristic*, a name from radar) shows $1 - \mathrm{FRR}$ over FAR. Its
#   area is the chance that a pair of one person is closer than a pair of two people, both drawn at random: 1 is perfect, 0.5 guessing. Here eight of
#   the nine comparisons are right, so it is 8/9.
# - the **equal error rate** (EER): FAR at the threshold where it equals FRR. Here 1/3.
#
# The staircase of the six pairs: each pair of one person that is let in is a step up, each pair of two a step to the right. Count the nine fields.

# %%
toy_far, toy_accepted, _ = cvkit.faces.roc_curve(toy_same, toy_distances)
fig, ax = plt.subplots(figsize=(3.4, 3))
ax.step(toy_far, toy_accepted, where="post", marker="o")
ax.fill_between(toy_far, toy_accepted, step="post", alpha=0.2)
ax.set(title="ROC curve of six pairs", xlabel="false accept rate", ylabel="1 − false reject rate")
ax.set(xticks=np.arange(4) / 3, yticks=np.arange(4) / 3, xticklabels=list("0⅓⅔1"), yticklabels=list("0⅓⅔1"))
ax.grid()
lesson.figure(fig, alt="A staircase from (0, 0) to (1, 1) with eight of nine fields below it.")


# %%
def quality(distances, same=same):
    """AUC and equal error rate of pairs, by default the 6,000 test pairs, as text."""
    rate, _ = cvkit.faces.equal_error_rate(same, distances)
    return f"AUC {area_under_roc(same, distances):.3f}, equal error rate {rate:.1%}"


print("by hand:", quality(toy_distances, toy_same))
print("pixels:", quality(pixel_distances))

# %% [markdown]
# Pixels are better than guessing, and not by much: light and pose change more of them than who it is. (Distances are squared, here and from here on,
# except in the contrastive loss below.)
#
# ## Three distances, by hand
#
# A network may do better: it makes an **embedding** of a picture, a vector of numbers $x$, in which pose and light should no longer show. L1 calls it
# $a^{[L]}$, the output of the last layer. How far apart are the embeddings $x$ and $y$ of two pictures? L1 has three answers. We take two embeddings
# of three numbers.

# %%
x, y = np.float32([[0.1, 0.8, 0.5]]), np.float32([[0.3, 0.9, 0.5]])

# %% [markdown]
# **1. Squared distance**, $\sum_i (x_i - y_i)^2$: here $0.2^2 + 0.1^2 + 0 = 0.05$.
#
# **2. Weighted L1**, with cross-entropy. Not every number tells equally much, so each difference gets a weight that is learned:
#
# $$z = \sum_i w_i\, |x_i - y_i| + b, \qquad P(\text{same}) = \frac{1}{1 + e^{-z}}.$$
#
# The slide writes $b_i$ within the sum; such biases only add up to one, $b$. And it stops at $z$, a *logit*: a number that may have any size. For
# cross-entropy it takes a probability, so the sigmoid must follow. Lesson 02 had the cross-entropy of ten classes. For two answers it is $-\log P$ if
# the pair shows one person, and $-\log(1 - P)$ if it shows two. A useful weight is negative: the larger the difference, the less likely the same
# person.
#
# **3. Chi-square**, of DeepFace:
#
# $$\chi^2 = \sum_i w_i\, \frac{(x_i - y_i)^2}{x_i + y_i}.$$
#
# The slide prints the denominator as $a_i^{[L](x)} + a^{[L](y)}$, without the second index. It is the same feature's, $x_i + y_i$. The same
# difference counts more where both numbers are small. The numbers must not be negative.

# %%
toy_weights = np.float32([-2, -1, -1])
print("squared:", pair_distances(x, y))
print("weighted L1, with bias 0.4:", cvkit.layers.weighted_l1(x, y, toy_weights, bias=0.4).numpy())
print("chi-square, all weights 1:", cvkit.layers.chi_square(x, y).numpy())

# %% [markdown]
# By hand: $-2 \cdot 0.2 - 1 \cdot 0.1 + 0.4 = -0.1$, and $0.04 / 0.4 + 0.01 / 1.7 = 0.106$. The first difference is twice the second. In the
# chi-square it counts 17 times as much: 4 times by its square, and 4.25 times by the denominators, 0.4 and 1.7.
#
# ## A siamese network
#
# *"Perform two independent calculations on the input"*, says L1: both pictures go through **the same** network, with the same weights. Such a pair of
# twins is called **siamese**. A small *head* compares what comes out. Our network: three stages of a 3 × 3 convolution, batch normalisation, ReLU and
# max pooling; then a dense layer with 64 outputs, divided by their length, so that each embedding has length 1. (`facenet` adds that end to any
# backbone, the part of a network that makes maps. `pooling="flatten"` keeps *where* on the map a feature was. A face is known by where things are.)


# %%
def embedding_network(activation=None):
    """Images (B, 32, 32, 3), 0 to 255, to embeddings (B, 64) of length 1."""
    body = keras.Sequential([keras.Input((SIDE, SIDE, 3)), layers.Rescaling(1 / 127.5, offset=-1)])
    for width in (24, 48, 64):
        body.add(layers.Conv2D(width, 3, padding="same", use_bias=False))
        body.add(layers.BatchNormalization(momentum=0.9))
        body.add(layers.ReLU())
        body.add(layers.MaxPooling2D())
    return facenet(body, 64, pooling="flatten", activation=activation)


# %% [markdown]
# Each distance becomes a head. `"weighted_l1"` answers the logit $z$. So does `"chi_square"`: it adds a bias to $\chi^2$ with learned weights, which
# may be negative. The sigmoid is inside the cross-entropy (`from_logits=True`). `"distance"` answers $d = \lVert x - y \rVert$, the root of the
# squared distance, for the **contrastive loss**: it pulls pairs of one person together, and pushes pairs of two apart up to a margin $m$, here 1:
#
# $$L = \tfrac12\, d^2 \;\text{ for one person}, \qquad L = \tfrac12 \max(0,\ m - d)^2 \;\text{ for two}.$$
#
# All three learn from the same 5,000 pairs of training pictures, once through. With the first two heads, the dense layer is followed by a ReLU,
# before the division by the length, so that nothing is negative, as chi-square wants it. With `"distance"` it is not.

# %%
pairs = draw_pairs(people, 5000)
given = {"first": images[pairs[0]], "second": images[pairs[1]]}
HEADS = {"weighted_l1": "relu", "chi_square": "relu", "distance": None}
twins = {}
for head, activation in HEADS.items():
    keras.utils.set_random_seed(0)
    embedding = embedding_network(activation)
    pair_network = siamese(embedding, head)
    pair_loss = ContrastiveLoss() if head == "distance" else keras.losses.BinaryCrossentropy(from_logits=True)
    pair_network.compile(keras.optimizers.Adam(2e-3), pair_loss)
    pair_network.fit(given, pairs[2].astype("float32"), batch_size=32, epochs=1, verbose=0)
    twins[head] = embedding, pair_network
print("parameters of the weighted L1 head:", twins["weighted_l1"][1].get_layer("weighted_l1").count_params())

# %% [markdown]
# 64 weights and one bias. Now the same 6,000 test pairs. (A logit is large where the pair is alike, so its negative serves as a distance.)

# %%
for head, (_, pair_network) in twins.items():
    answers = pair_network.predict({"first": test_images[first], "second": test_images[second]}, verbose=0)[:, 0]
    print(f"{head:12}", quality(answers if head == "distance" else -answers))

# %% [markdown]
# All three are far better than pixels, with people whom none of them has seen. Which of the three is best these numbers do not say: each was trained
# once, shortly, with one learning rate, and the last without the ReLU.
#
# **Is one photo enough?** The one-shot task: twenty test people show one picture each, and a further picture of one of them is to be named. Guessing
# is right once in twenty. We compare pictures by the squared distance of their pixels, and of their embeddings by the network with the `"distance"`
# head.


# %%
def one_shot(vectors, tries=1000, ways=20):
    """Share of the tries in which the nearest of `ways` people's single pictures is the right one."""
    rng, right = np.random.default_rng(0), 0
    for _ in range(tries):
        chosen = rng.choice(len(by_person), ways, replace=False)
        known, probe = rng.choice(len(by_person[0]), 2, replace=False)  # which of everybody's pictures
        shown = vectors[[by_person[who][known] for who in chosen]]
        distances = np.sum((shown - vectors[by_person[chosen[0]][probe]]) ** 2, axis=1)
        right += np.argmin(distances) == 0  # the right person stands first
    return right / tries


by_person = [np.flatnonzero(test_people == person) for person in np.unique(test_people)]
of_twin = twins["distance"][0].predict(test_images, verbose=0)
print(f"one picture each of twenty: pixels {one_shot(pixels):.1%}, siamese network {one_shot(of_twin):.1%}")

# %% [markdown]
# ## Triplets
#
# A siamese network is told for each pair, on its own, that it is near or far. But *near* and *far* are relative. FaceNet therefore shows three
# pictures at once: an **anchor** A, another picture of the same person, the **positive** P, and a picture of somebody else, the **negative** N. The
# negative should be farther from the anchor than the positive, by a margin $\alpha$:
#
# $$\lVert f(A) - f(P) \rVert^2 + \alpha < \lVert f(A) - f(N) \rVert^2.$$
#
# By how much this is missed is the loss:
#
# $$L(A, P, N) = \max\big(\lVert f(A) - f(P) \rVert^2 - \lVert f(A) - f(N) \rVert^2 + \alpha,\ 0\big).$$
#
# Draw it in the plane, with the anchor in the middle and a positive at the distance 0.5, so $d_{AP}^2 = 0.25$; $\alpha = 0.2$. It depends on the
# negative alone which of three kinds the triplet is:
#
# - **hard**: the negative is nearer than the positive. The loss is above $\alpha$.
# - **semi-hard**: it is farther, but not by the margin. The loss is between 0 and $\alpha$.
# - **easy**: it is farther by the margin or more. The loss is 0, and so is its slope: nothing is learned.
#
# In the figure the circles are these borders, the radii $0.5$ and $\sqrt{0.25 + 0.2} = 0.67$: where does a negative still cost something? The arrows
# show how one step of gradient descent, with a learning rate of 0.3, would move each negative. (A and P would move as well, which is not drawn.)

# %%
anchor, positive = np.float32([[0, 0]]), np.float32([[0.5, 0]])
negatives = np.float32([[-0.1, 0.35], [-0.5, -0.32], [0.35, -0.8]])
plane_losses = triplet_loss(np.repeat(anchor, 3, 0), np.repeat(positive, 3, 0), negatives, margin=0.2).numpy()
print("losses of the three negatives:", plane_losses.round(3))

# %%
fig, ax = plt.subplots(figsize=(5, 4.6))
for radius, colour, name in ((0.67, "C1", "semi-hard within"), (0.5, "C3", "hard within")):
    ax.add_patch(plt.Circle((0, 0), radius, color=colour, alpha=0.2, label=name))
for point, name in ((anchor[0], "A"), (positive[0], "P")):
    ax.plot(*point, "o", color="black")
    ax.annotate(name, point, xytext=(5, 5), textcoords="offset points")
for point, loss, name in zip(negatives, plane_losses, ("hard", "semi-hard", "easy"), strict=True):
    ax.plot(*point, "s", color="C0")
    ax.annotate(f"N, {name}: {loss:.2f}", point, xytext=(6, -12), textcoords="offset points")
    if loss > 0:  # the slope of -|A - N|² by N is 2 (A - N), with A = 0: N moves to N + 0.3 · 2 N
        ax.annotate("", point * 1.6, point, arrowprops={"arrowstyle": "->", "color": "C0"})
ax.set(title="Where the negative decides what is learned", xlim=(-0.95, 0.95), ylim=(-0.95, 0.95), aspect="equal")
ax.set(xlabel="first number of the embedding", ylabel="second number")
ax.legend(frameon=False, loc="lower left")
lesson.figure(fig, alt="Two discs around the anchor. Negatives inside are pushed outwards, one outside stays.")

# %% [markdown]
# ### The slip in the slide
#
# L1 prints the loss with $\min(\,\cdot\,, 0)$ in the place of $\max(\,\cdot\,, 0)$. (L4 has it right: its $[\,\cdot\,]_+$ is the maximum with 0.)
# What would happen? Take two triplets in the plane: in the first the negative is too near, the second is in order. We move the six points by gradient
# descent, 8 steps, once with each loss.


# %%
def move(points, function, steps=8, rate=0.05):
    """Points (T, 3, 2) of T triplets after gradient descent on the sum of function(|A-P|² - |A-N|² + 0.2, 0)."""
    for _ in range(steps):
        a, p, n = (points[:, k] for k in range(3))
        gap = np.sum((a - p) ** 2 - (a - n) ** 2, axis=1) + 0.2
        is_active = function(gap, 0) != 0  # where the loss has a slope
        slopes = np.stack([2 * (n - p), 2 * (p - a), 2 * (a - n)], axis=1)  # by A, P and N
        points = points - rate * is_active[:, None, None] * slopes
    return points


def in_order(points):
    """For each triplet whether the negative is farther by the margin."""
    return np.sum((points[:, 0] - points[:, 1]) ** 2 - (points[:, 0] - points[:, 2]) ** 2, axis=1) + 0.2 <= 0


# %%
start = np.array([[[0, 0], [0.5, 0.1], [0.1, 0.4]], [[2, 0], [2.2, 0.2], [1.4, 0.4]]])
ends = {"max, as in FaceNet": move(start, np.maximum), "min, as on the slide": move(start, np.minimum)}
for name, end in ends.items():
    print(f"{name:21} in order: {in_order(start)} -> {in_order(end)}; largest move {abs(end - start).max():.2f}")
print("min, after 20 steps: largest move", abs(move(start, np.minimum, steps=20) - start).max().round(1))
lesson.claim("triplet-loss-takes-the-maximum", [in_order(end).mean() for end in ends.values()])

# %% [markdown]
# Look from the open marks (before) to the full ones (after). Above: which triplet moves with the right loss? Then the same with the slide's, below.

# %%
fig, axes = plt.subplots(2, 1, figsize=(7, 6), sharex=True)
for ax, (name, end) in zip(axes, ends.items(), strict=True):
    for k, (letter, colour) in enumerate(zip(("A", "P", "N"), ("black", "C0", "C3"), strict=True)):
        ax.plot(*start[:, k].T, "o", color=colour, fillstyle="none")
        ax.plot(*np.stack([start[:, k], end[:, k]], axis=1).T, "-", color=colour, linewidth=0.8)
        ax.plot(*end[:, k].T, "o", color=colour, label=letter)
    ax.set(title=name, ylabel="second number", xlim=(-0.3, 3.2), ylim=(-0.5, 1.1), aspect="equal")
axes[0].legend(frameon=False, loc="upper right", title="open: before\nfull: after")
axes[1].set_xlabel("first number of the embedding")
lesson.figure(fig, alt="Above: the violated triplet is put in order, the other stays. Below: the other way round.")


# %% [markdown]
# With the maximum, the violated triplet is mended, and the one in order is left alone. With the minimum it is the other way round: the violated
# triplet has no slope and stays violated for ever, and the one in order is pushed further and further, without end. So it is with free points in the
# plane. Embeddings of length 1 have no squared distance above 4, and those of a network hang together: to push some moves others too. What becomes of
# a network that is trained so, we measure below.
#
# ## Which triplets?
#
# With 400 people and ten pictures each there are $4000 \cdot 9 \cdot 3990$ triplets, 144 million. L1: *"Need to choose triplets that are hard to
# train on."* They are chosen, *mined*, from each batch. A batch of 64 random pictures would hardly hold two of one person, so batches are drawn
# otherwise: **P people with K pictures each**, here 16 and 4. `TripletLoss` takes the embeddings of such a batch with their people, computes all
# distances at once, and chooses:
#
# - `"hard"`: for each anchor the farthest positive and the nearest negative;
# - `"semi_hard"`: for each anchor and positive the nearest negative that is farther than the positive. This triplet may still turn out easy, if no
#   negative lies within the margin, or hard, if none is farther than the positive: then the farthest of all negatives is taken.
#
# By hand, on a line: person 0 at 0 and 1, person 1 at 2 and 4, with $\alpha = 2$. Take the anchor at 1: its positive is at the squared distance 1,
# its negatives at 1 and 9. Hard: $1 - 1 + 2 = 2$. Semi-hard asks for a negative that is farther than 1: $\max(1 - 9 + 2, 0) = 0$. Over all four
# anchors:

# %%
toy_people, line = [0, 0, 1, 1], np.float32([[0], [1], [2], [4]])
for mining in ("hard", "semi_hard"):
    print(mining, float(batch_triplet_loss(toy_people, line, margin=2.0, mining=mining)))

# %% [markdown]
# (The anchors at 0, 1, 2, 4 give hard 0, 2, 5, 0: mean 1.75. Semi-hard 0, 0, 2, 0: mean 0.5. At 2 both negatives are as near as the positive or
# nearer, so the farthest of them is taken.)
#
# Now train: batches of 16 × 4, semi-hard triplets, 300 steps. In an *epoch* of `PersonBatches` everybody has `turns` turns.

# %%
batches = PersonBatches(images, people, people=16, images_each=4, turns=4, seed=0)
print(len(batches), "batches an epoch; the first:", batches[0][0].shape, len(set(batches[0][1])), "people")

# %%
keras.utils.set_random_seed(0)
network = embedding_network()
network.compile(keras.optimizers.Adam(1e-3), TripletLoss(margin=0.2, mining="semi_hard"))
start_time = time.perf_counter()
for epoch in range(3):
    loss = network.fit(batches, verbose=0).history["loss"][0]
    embedded = network.predict(test_images, verbose=0)
    distances = pair_distances(embedded[first], embedded[second])
    print(f"after {100 * (epoch + 1)} steps: loss {loss:.3f}, test pairs: {quality(distances)}")
print(f"{time.perf_counter() - start_time:.0f} s; one picture each of twenty: {one_shot(embedded):.1%}")
if DATASET == "faces":
    lesson.claim("unseen-people-are-told-apart", area_under_roc(same, distances))

# %% [markdown]
# These are people whom the network has never seen. What it learned is not who they are but what tells people apart. With triplets it names more of
# the twenty than the siamese network did. That was no fair race, though: 157 steps of 32 pairs there, 300 steps of 64 pictures and another learning
# rate here.
#
# ### Four ways to choose
#
# L1 and FaceNet (section 3.2) say of triplets: most random ones are easy and teach nothing; hard ones are the ones to take; and, FaceNet only, the
# hardest ones early in training can lead to a *collapsed* network that gives the same embedding to every picture. And we have the slip to test. So:
# the same network, the same batches, 100 steps, and four losses. *Semi-hard* takes one triplet for each anchor and positive of a batch, that is 64 ·
# 3 = 192. *Random* does the same, with a negative drawn from the batch. *Hard* takes 64, one for each anchor. *Min* is the slide's loss on random
# triplets.


# %%
def random_triplets(clip):
    """A loss of (people, embeddings): for each anchor and positive one negative, drawn from the batch."""

    def loss(labels, embeddings):
        labels, distances = ops.reshape(labels, (-1,)), pairwise_distances(embeddings)  # (B,), (B, B)
        alike = labels[:, None] == labels[None, :]  # (B, B)
        lots = keras.random.uniform((64, 64, 64), seed=draws)  # for each anchor, positive and negative of a batch
        lots = ops.where(alike[:, None, :], -1.0, lots)  # nobody is his own negative
        far = ops.take_along_axis(distances, ops.argmax(lots, axis=2), axis=1)  # (B, B): the largest lot is drawn
        pair_losses = clip(distances - far + 0.2, 0.0)  # (B, B) anchor, positive
        is_pair = ops.cast(alike, "float32") - ops.eye(64)  # nobody is his own positive
        return ops.sum(pair_losses * is_pair) / ops.sum(is_pair)

    return loss


# %%
draws = keras.random.SeedGenerator(seed=0)  # for the lots
MININGS = {
    "random": random_triplets(ops.maximum),
    "semi-hard": TripletLoss(0.2, "semi_hard"),
    "hard": TripletLoss(0.2, "hard"),
    "random, min": random_triplets(ops.minimum),
}
print(list(MININGS))

# %% [markdown]
# After every 50 steps we look at the same 64 training pictures (16 people, 4 each, a batch's worth): at the share of *all* their triplets that are
# violated, that is, have a loss, which is what a random draw meets; at the share of violated ones among the *semi-hard* triplets and among the *hard*
# ones; and at the mean squared distance of two people's pictures. Vectors of length 1 in unrelated directions have the squared distance 2; in a
# collapsed network it is near 0.

# %%
panel = np.concatenate([np.flatnonzero(people == person)[:4] for person in np.unique(people)[:16]])
alike_panel = people[panel][:, None] == people[panel]  # (64, 64)
is_positive = alike_panel & ~np.eye(64, dtype=bool)
is_triplet = is_positive[:, :, None] & ~alike_panel[:, None, :]  # (64, 64, 64): anchor, positive, negative


def look(model):
    """Violated shares of all, semi-hard and hard triplets of the panel, and mean squared distance of two people."""
    distances = ops.convert_to_numpy(pairwise_distances(model.predict(images[panel], verbose=0)))  # (64, 64)
    gaps = distances[:, :, None] - distances[:, None, :] + 0.2  # (64, 64, 64), the loss before the maximum with 0
    nearest = np.max(gaps, axis=2, where=is_triplet & (gaps < 0.2), initial=-9)[is_positive]  # beyond the positive
    semi_hard = (nearest > 0) | (nearest == -9)  # -9: no negative is farther than the positive
    hard = np.max(gaps, axis=(1, 2), where=is_triplet, initial=-9) > 0
    return np.mean(gaps[is_triplet] > 0), np.mean(semi_hard), np.mean(hard), distances[~alike_panel].mean()


# %%
def area_of(model):
    """AUC on the test pairs."""
    vectors = model.predict(test_images, verbose=0)
    return area_under_roc(same, pair_distances(vectors[first], vectors[second]))


# %%
def train(mining, seed):
    """What `look` says after 0, 50 and 100 steps, an array (3, 4), and the AUC on the test pairs before and after."""
    keras.utils.set_random_seed(seed)
    model = embedding_network()
    model.compile(keras.optimizers.Adam(1e-3), MININGS[mining])
    own_batches = PersonBatches(images, people, people=16, images_each=4, turns=2, seed=seed)
    seen, before = [look(model)], area_of(model)
    for _ in range(2):
        model.fit(own_batches, verbose=0)
        seen.append(look(model))
    return np.array(seen), before, area_of(model)


# %%
SEEDS = (0, 1)
runs = {(mining, seed): train(mining, seed) for mining in MININGS for seed in SEEDS}
print("after 100 steps, violated of all / semi-hard / hard triplets; distance of two people; AUC before and after")
for (mining, seed), (seen, before, after) in runs.items():
    shares = " / ".join(f"{share:4.0%}" for share in seen[-1, :3])
    print(f"{mining:12} seed {seed}: {shares}; distance {seen[-1, 3]:.2f}; AUC {before:.3f} -> {after:.4f}")

# %% [markdown]
# In the figure (means of the two seeds) ask on the left, how many of the triplets that a method *chose* it still learns something from, and look on
# the right for the curve that goes to the floor.

# %%
CHOSEN = {"random": 0, "semi-hard": 1, "hard": 2}  # which of the shares is the method's own
fig, axes = plt.subplots(1, 2, figsize=(10, 3.4))
for mining in MININGS:
    seen = np.mean([runs[mining, seed][0] for seed in SEEDS], axis=0)
    colour = f"C{list(MININGS).index(mining)}"
    if mining in CHOSEN:
        axes[0].plot([0, 50, 100], seen[:, CHOSEN[mining]], "o-", color=colour)
    axes[1].plot([0, 50, 100], seen[:, 3], "o-", color=colour, label=mining)
axes[0].set(title="Violated among the triplets chosen", xlabel="step", ylabel="share", ylim=(0, 1.05))
axes[1].set(title="How far apart two people are", xlabel="step", ylabel="mean squared distance", ylim=(0, 2.2))
axes[1].legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
lesson.figure(fig, alt="The violated share falls most for random triplets; with hard mining distances fall to zero.")

# %%
if DATASET == "faces":
    areas = {mining: np.array([runs[mining, seed][2] for seed in SEEDS]) for mining in MININGS}
    lesson.claim("random-triplets-run-dry", max(runs["random", seed][0][-1, 0] for seed in SEEDS))
    lesson.claim("hardest-triplets-early-collapse", max(runs["hard", seed][0][-1, 3] for seed in SEEDS))
    lesson.claim("harder-triplets-help", np.mean(areas["semi-hard"] - areas["random"]))
    lesson.claim("minimum-spoils-a-network", np.min(areas["random"] - areas["random, min"]))

# %% [markdown]
# Take them one by one.
#
# - **Random** triplets run dry: after 100 steps only a small share of them still has a loss. The rest of each batch adds zeros.
# - **Semi-hard**: of *all* triplets few are violated here too. But this method looks for those few in every batch, and of the triplets it chose a far
#   larger share still has a loss. With the same pictures and steps its AUC was a little higher with both seeds. The gap of the second is small, and
#   two seeds are few.
# - **Hard** ones, from the start, collapse: two people come to lie on the same spot, and so every triplet stays violated. A likely reason is in the
#   loss. If all embeddings are equal, each triplet costs $0 - 0 + \alpha$. To pull the farthest positive in *and* push the nearest negative out is
#   difficult for a young network; to turn all vectors into one direction is easy, and gets the loss down to $\alpha = 0.2$. Yet the AUC is about that
#   of the weighted L1 network above: it asks only for the order of the distances, and that is still there in a very small cloud. A network that had
#   collapsed to a single point would have nothing left.
# - **min**, the slide's loss, ends far below the other three with both seeds, though above the untrained network. Some violated triplets are mended
#   all the same, since the embeddings of a network hang together; by how much differed widely between the two seeds.
#
# So *"hard to train on"* is right with a condition: harder than random, but not the hardest from the start. (FaceNet warns of *early* only. Whether
# the hardest help later on, we did not measure.)
#
# ## The threshold
#
# L1: *"Then, set a threshold to balance accuracy and precision."* What it balances are the two errors, false accepts and false rejects. A strict
# threshold (small) keeps strangers out and sends honest people away; a lax one does the reverse. On the left the distances of the 6,000 test pairs,
# on the right the two rates, as the threshold goes along the same axis. The axis of the rates is logarithmic, so that one in a thousand can be seen.
# Where would you put the threshold for a bank vault? And for a photo album?

# %%
grid = np.linspace(0, 4, 161)
fig, axes = plt.subplots(1, 2, figsize=(10, 3.4))
for kind, name in ((same, "one person"), (~same, "two people")):
    axes[0].hist(distances[kind], bins=60, range=(0, 4), alpha=0.6, label=name)
for rates, name in zip(error_rates(same, distances, grid), ("false accept rate", "false reject rate"), strict=True):
    axes[1].semilogy(grid, rates, label=name)
axes[0].set(title="Distances of pairs", xlabel="squared distance", ylabel="pairs")
axes[1].set(title="What a threshold costs", xlabel="threshold", ylabel="share of its kind of pairs", ylim=(3e-4, 1.5))
axes[0].legend(frameon=False, loc="upper right")
axes[1].legend(frameon=False, loc="lower right")
lesson.figure(fig, alt="Two humps of distances that overlap a little; one error rate rises and the other falls.")

# %% [markdown]
# Which threshold do we use? Not one chosen on the test pairs: chosen where it is judged, it would look better than it is. Nor one from the training
# people: the network has been fitted to them, and tells them apart too well. That is what the *choice* people are for: of *all* their pairs, half a
# million, take the largest threshold that accepts at most one in ten, one in a hundred, or one in a thousand, of the pairs of two people. On the test
# people we then see what it is worth.

# %%
choice_vectors = network.predict(choice_images, verbose=0)
left, right, alike_choice = all_pairs(choice_people)
choice_distances = pair_distances(choice_vectors[left], choice_vectors[right])
left, right, alike_test = all_pairs(test_people)
test_distances = pair_distances(embedded[left], embedded[right])

# %%
thresholds, test_rates = {}, {}
for wanted in (0.1, 0.01, 0.001):
    _, thresholds[wanted] = cvkit.faces.accept_rate_at(alike_choice, choice_distances, wanted)
    test_rates[wanted] = error_rates(alike_test, test_distances, thresholds[wanted])
    print(f"wanted FAR {wanted}: threshold {thresholds[wanted]:.2f}; on test people", end=" ")
    print("FAR {:.4f}, FRR {:.3f}".format(*test_rates[wanted]))
if DATASET == "faces":
    fall, rise = np.subtract(test_rates[0.1], test_rates[0.001]) * (1, -1)
    lesson.claim("threshold-trades-the-errors", [fall, rise])

# %% [markdown]
# That one error falls as the other rises is so by definition. What is measured is how much it costs. For the album take the first line: a wrong
# suggestion costs a click. For the vault the last: if only one stranger in a thousand may pass, about half of the right people are sent away, for all
# the AUC near 1.
#
# At equal security, that is at the same FAR, networks are compared by the share of the right people they let in, $1 - \mathrm{FRR}$, the *true accept
# rate* (TAR at a fixed FAR). The best-known benchmark, Labeled Faces in the Wild, asks for something else: 6,000 pairs, half of one person, in ten
# *folds*; nine folds choose the threshold, the tenth is answered by it, each in its turn. Reported are the mean share of right answers and its
# standard error.

# %%
accuracy, error = cvkit.faces.k_fold_accuracy(same, distances, folds=10)
print(f"drawn faces, our 6,000 pairs: {accuracy:.1%} ± {error:.1%} (standard error)")
for row in read_published("faces"):
    print(f"{row.network:9} {row.year}, photographs (LFW, from L4): {row.accuracy} %  {row.note}")

# %% [markdown]
# The photographs' numbers are quoted, and cannot be compared with ours: other pictures, other people. (In LFW nobody is in two folds; our folds share
# people, though none whom the network has seen.) L4 adds what FaceNet had to learn from: *"100M-200M training faces of about 8M different
# identities"*. We had 4,000 pictures of 400.
#
# ### Where it goes wrong
#
# On the left the three pairs of *one* person that are farthest apart, on the right the three pairs of *two* people that are closest. What would you
# have said?

# %%
_, once = np.unique(np.sort([first, second], axis=0), axis=1, return_index=True)  # a pair may have been drawn twice
order = once[np.argsort(distances[once])]
farthest, closest = order[same[order]][:-4:-1], order[~same[order]][:3]
fig, axes = plt.subplots(2, 6, figsize=(9, 3.6))
for column, pair in zip(axes.T, (*farthest, *closest), strict=True):
    for ax, picture in zip(column, (first[pair], second[pair]), strict=True):
        ax.imshow(test_images[picture] / 255)
        ax.axis("off")
    column[0].set_title(f"{'one' if same[pair] else 'two'}: {distances[pair]:.2f}")
fig.suptitle("Farthest pairs of one person, closest pairs of two, and their squared distances")
lesson.figure(fig, alt="Six pairs of drawn faces, one above the other: three of one person, three look-alikes.")

# %% [markdown]
# At a glance we would err too. In the pairs on the left light has changed the tones of skin and hair; in those on the right hair, head and tones
# agree, and only the features differ a little.
#
# ## Recognition, and why it is harder
#
# Now somebody stands before the door, and the question is *who*. The database of known people is called the **gallery**; to put somebody into it is
# to **enrol** them, here with a single picture. The new picture is the **probe**. Its distances to all of the gallery are one matrix product, since
#
# $$\lVert p - g \rVert^2 = \lVert p \rVert^2 - 2\, p \cdot g + \lVert g \rVert^2,$$
#
# and the nearest person is the answer, if within the threshold; else *nobody*, −1. By hand, persons 7 and 8 at (1, 0) and (0, 1), and two probes: the
# first, (0.6, 0.8), is at $0.16 + 0.64 = 0.8$ and $0.36 + 0.04 = 0.4$ from them, the second, (−1, 0), at 4 and 2.

# %%
toy_gallery = Gallery(embedding_size=2)
toy_gallery.enrol([7, 8], [[1, 0], [0, 1]])
print("with a threshold of 0.5:", toy_gallery.recognise([[0.6, 0.8], [-1, 0]], threshold=0.5))

# %% [markdown]
# L1: *"Recognition is a much harder problem than verification for a specified performance."* It is the same network and the same distance. Why should
# it be harder? Because a probe is compared with *everybody*. In a larger gallery there is more likely somebody who looks more like the probe than its
# own picture does. And a stranger who is mistaken for a given person with a chance $q$ only passes $N$ people unrecognised with the chance $(1 -
# q)^N$, if these were independent. With $q = 0.001$ and 1,000 people that is $0.37$: two strangers of three would be let in as somebody.
#
# We measure both effects. 10,000 new people are enrolled with one picture each, in galleries of 10, of 100, of 1,000, and in one of all 10,000. The
# probes are always second pictures of the same 1,000 of them, each shown to the gallery that it is in; so 100 galleries of 10, or 10 of 100. 1,000
# further people are strangers. Counted are
#
# - the **rank-1 rate**: how many probes have the right person as the nearest, without any threshold (every distance is at most 4);
# - how many strangers are within the threshold `tau` of somebody. This is the threshold above, for a false accept rate of one in a thousand; $q$ is
#   what that rate is here, for all pairs of a stranger and somebody enrolled.

# %%
if DATASET == "faces":
    crowd = np.arange(1_001_000, 1_011_000)
    drawn = [(crowd, 0), (crowd[:1000], 1), (np.arange(1_020_000, 1_021_000), 0)]  # who, and which picture
    pictures = [cvkit.data.draw_faces(who, np.full(len(who), number), SIDE)["images"] for who, number in drawn]
else:  # everybody of the test set but the last third, two pictures each; that third are strangers
    crowd = np.unique(test_people)[: -len(by_person) // 3]
    pictures = [[test_images[by_person[k][number]] for k in range(len(crowd))] for number in (0, 1)]
    pictures.append([test_images[own[0]] for own in by_person[len(crowd) :]])
enrolled, probes, strangers = (network.predict(np.float32(x), verbose=0) for x in pictures)
print("enrolled", enrolled.shape, "probes", probes.shape, "strangers", strangers.shape)

# %%
SIZES = [size for size in (10, 100, 1000, 10_000) if size <= len(crowd)]
tau = thresholds[0.001]


def rates_in(size, thresholds):
    """Shares of probes named rightly and of strangers named, (2, T): at each threshold, over galleries of `size`."""
    rates = []
    for begin in range(0, max(len(probes), size) - size + 1, size):
        gallery, inside = Gallery(64), slice(begin, min(begin + size, len(probes)))
        gallery.enrol(crowd[begin : begin + size], enrolled[begin : begin + size])
        known = probes[inside], crowd[inside]
        rates.append(cvkit.faces.identification_rates(gallery, *known, strangers, thresholds))
    return np.mean(rates, axis=0)  # the mean over the galleries


# %%
pairs_of_two = 2 - 2 * strangers @ enrolled.T  # (strangers, enrolled): squared distances of vectors of length 1
q = np.mean(pairs_of_two <= tau)
expected = 1 - (1 - q) ** np.array(SIZES)
rank_1, let_in = np.transpose([(rates[0, 1], rates[1, 0]) for rates in (rates_in(n, [tau, 4]) for n in SIZES)])
print(f"q = {q:.5f}")
for row in zip(SIZES, rank_1, let_in, expected, strict=True):
    print("{:6} people: nearest is right {:.1%}; strangers let in {:.1%}; 1 - (1 - q)^N = {:.1%}".format(*row))

# %% [markdown]
# In the figure follow the falling curve, and compare the two red ones: up to which size does the formula do?

# %%
fig, ax = plt.subplots(figsize=(8, 3.6))
ax.semilogx(SIZES, rank_1, "o-", label="rank-1 rate (no threshold)")
ax.semilogx(SIZES, let_in, "s-", color="C3", label="strangers named (tau)")
ax.semilogx(SIZES, expected, ":", color="C3", label="1 − (1 − q)^N (tau)")
ax.set(title="The same network, more people", xlabel="people in the gallery", ylabel="share", ylim=(0, 1.05))
ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
lesson.figure(fig, alt="Rank-1 rate falls as the gallery grows to 10,000, strangers let in rise.")

# %% [markdown]
# Nothing about the network changed, and among 10,000 the wrong one is named more often than the right one. And strangers: one comparison lets in
# about one in a thousand (that is $q$), roughly as the threshold was chosen to do; 10,000 comparisons let in most of them. The formula says too much
# for large galleries: it takes the comparisons for independent, but a stranger with a common face is mistaken for many, and one with a rare face for
# nobody.
#
# ## Turning strangers away
#
# So the threshold must fit the gallery. For each threshold two rates: the share of known people who are named rightly *and* within the threshold (the
# **detection and identification rate**), and the share of strangers who are named at all (**false alarms**). With these, verification and recognition
# are measured alike: verification is a gallery of one, where the two rates are $1 - \mathrm{FRR}$ and FAR. So where as many strangers get in, how
# many of the right people does each of them accept?

# %%
grid = np.linspace(0, 4, 401)
own = pair_distances(probes, enrolled[: len(probes)])  # each probe and the own enrolled picture
passed = [np.mean(pairs_of_two[:, :1000] <= threshold) for threshold in grid]  # a million pairs are enough
curves = {1: np.array([np.mean(own[:, None] <= grid, axis=0), passed])}
curves |= {size: rates_in(size, grid) for size in SIZES}
at_tenth = {size: np.interp(0.1, alarms, found) for size, (found, alarms) in curves.items()}
for size, found in at_tenth.items():
    print(f"{size:6} people: where one stranger in ten is let in, {found:.1%} of the known are named rightly")

# %%
fig, ax = plt.subplots(figsize=(7, 3.6))
for size, (found, alarms) in curves.items():
    ax.plot(alarms, found, label=f"{size:,} people" if size > 1 else "1 (verification)")
ax.axvline(0.1, color="gray", linestyle=":")
ax.set(title="Known people named against strangers let in", xlabel="strangers named (false alarms)")
ax.set(ylabel="known people named rightly", xlim=(0, 1), ylim=(0, 1.02))
ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
lesson.figure(fig, alt="Curves of known people named over false alarms; the larger the gallery, the lower the curve.")
if DATASET == "faces":
    lesson.claim("recognition-gets-harder", at_tenth[1] - at_tenth[1000])

# %% [markdown]
# Read the figure from the left: few false alarms, and see how many known people are still named; the dotted line is the one stranger in ten of the
# printed numbers. Even without any threshold, at the right end, a curve stops at its rank-1 rate. (The threshold at one in ten is read off the very
# strangers that it is judged by, so the numbers are a little too good. Whoever builds a system takes other strangers for that.)
#
# Is it quick? A million people with 128 numbers each are half a gigabyte. A batch of 16 probes is one matrix product. The length of the probe,
# $\lVert p \rVert^2$, is the same for all and may be left out:

# %%
million = np.random.default_rng(0).random((1_000_000, 128), dtype="float32")
squares = np.einsum("nd,nd->n", million, million)  # once, when they are enrolled
start_time = time.perf_counter()
nearest = np.argmin(squares - 2 * million[:16] @ million.T, axis=1)  # (16, 1,000,000), then (16,)
print(f"16 probes among a million: {time.perf_counter() - start_time:.2f} s; each finds itself at", nearest)
del million, squares

# %% [markdown]
# ## The same with scikit-learn
#
# scikit-learn knows nothing of faces, but its ROC curve is the same. It wants scores that are large for pairs that are alike, hence the minus. (Its
# `sklearn.neighbors.NearestNeighbors` searches as our gallery does.)

# %%
from sklearn.metrics import roc_auc_score

print("AUC, theirs minus ours:", round(roc_auc_score(same, -distances) - area_under_roc(same, distances), 9))

# %% [markdown]
# ## Exercises
#
# Replace the line that raises `NotImplementedError` by your answer, run the cell, then run the check below it. Write all four with NumPy.

# %% [markdown]
# ### Exercise 1: the triplet loss (3 points)
#
# `anchors`, `positives` and `negatives` are float arrays (N, D): the embeddings of N triplets, a row each. Return an array (N,): the triplet loss of
# each, with squared distances and the given `margin`.
#
# An example: anchor (0, 0), positive (0.6, 0), negative (0, 0.7) and margin 0.2 give $0.36 - 0.49 + 0.2 = 0.07$.


# %% nbgrader={"schema_version": 3, "grade_id": "triplet-losses", "solution": true, "grade": false, "locked": false, "task": false}
def triplet_losses(anchors, positives, negatives, margin=0.2):
    """Array (N,)."""
    ### BEGIN SOLUTION
    near = np.sum((anchors - positives) ** 2, axis=1)
    far = np.sum((anchors - negatives) ** 2, axis=1)
    return np.maximum(near - far + margin, 0)
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "triplet-losses-check", "solution": false, "grade": true, "points": 3, "locked": true, "task": false}
lesson.check("triplet-losses", triplet_losses)
### BEGIN HIDDEN TESTS
assert np.allclose(triplet_losses(np.zeros((1, 2)), np.array([[0.6, 0]]), np.array([[0, 0.7]])), [0.07])
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 2: the semi-hard negative (2 points)
#
# One anchor of a batch of B pictures. `distances` is a float array (B,): the squared distance of each picture from the anchor. `people` is an integer
# array (B,): who each picture shows. `positive` is an integer: the place of a picture of the anchor's own person. Return an integer, the place of the
# negative that `"semi_hard"` takes: of the pictures of *other* people that are *farther* than the positive, the nearest; if there are none, the
# farthest picture of other people. No two of these are equally far; one may be just as far as the positive, which is not farther.
#
# An example: distances 0, 0.5, 0.3, 0.9, 0.7 of the people 4, 4, 6, 6, 8 with the positive 1 give 4 (the distance 0.7).


# %% nbgrader={"schema_version": 3, "grade_id": "semi-hard-negative", "solution": true, "grade": false, "locked": false, "task": false}
def semi_hard_negative(distances, people, positive):
    """An integer."""
    ### BEGIN SOLUTION
    is_other = people != people[positive]
    is_farther = is_other & (distances > distances[positive])
    if is_farther.any():
        return np.argmin(np.where(is_farther, distances, np.inf))
    return np.argmax(np.where(is_other, distances, -np.inf))
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "semi-hard-negative-check", "solution": false, "grade": true, "points": 2, "locked": true, "task": false}
lesson.check("semi-hard-negative", semi_hard_negative)
### BEGIN HIDDEN TESTS
assert semi_hard_negative(np.array([0, 0.5, 0.3, 0.9, 0.7]), np.array([4, 4, 6, 6, 8]), 1) == 4
assert semi_hard_negative(np.array([0, 0.5, 0.3, 0.1]), np.array([4, 4, 6, 6]), 1) == 2
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 3: the chi-square distance (2 points)
#
# `first` and `second` are float arrays (D,), zero or more; `weights` is an array (D,). Return a number: the weighted chi-square distance. A feature
# that is 0 in both adds nothing.
#
# An example: (0.1, 0.8, 0) and (0.3, 0.8, 0) with the weights 2, 1, 1 give $2 \cdot 0.04 / 0.4 = 0.2$.


# %% nbgrader={"schema_version": 3, "grade_id": "chi-square-distance", "solution": true, "grade": false, "locked": false, "task": false}
def chi_square_distance(first, second, weights):
    """A number."""
    ### BEGIN SOLUTION
    total = first + second
    is_empty = total == 0
    return np.sum(np.where(is_empty, 0, weights * (first - second) ** 2 / np.where(is_empty, 1, total)))
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "chi-square-distance-check", "solution": false, "grade": true, "points": 2, "locked": true, "task": false}
lesson.check("chi-square-distance", chi_square_distance)
### BEGIN HIDDEN TESTS
assert np.isclose(chi_square_distance(np.array([0.1, 0, 0]), np.array([0.3, 0, 1]), np.array([2.0, 1, 1])), 1.2)
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 4: recognise, or turn away (3 points)
#
# `gallery` is a float array (N, D) of enrolled embeddings, and `people` an integer array (N,): who each row belongs to. Somebody may have several
# rows, and is as near as the nearest of them. `probe` is one embedding, an array (D,). Return an integer: the number of the person whose row is
# nearest by squared distance, if that is *at most* `threshold`; else -1. Of rows that are equally near the first counts.
#
# An example: the gallery (1, 0), (0, 1) of the people 7 and 8, the probe (0.6, 0.8) and the threshold 0.5 give 8; with the threshold 0.3, -1.


# %% nbgrader={"schema_version": 3, "grade_id": "recognise", "solution": true, "grade": false, "locked": false, "task": false}
def recognise(gallery, people, probe, threshold):
    """An integer."""
    ### BEGIN SOLUTION
    squared = np.sum((gallery - probe) ** 2, axis=1)
    nearest = np.argmin(squared)
    return people[nearest] if squared[nearest] <= threshold else -1
    ### END SOLUTION


# %% nbgrader={"schema_version": 3, "grade_id": "recognise-check", "solution": false, "grade": true, "points": 3, "locked": true, "task": false}
lesson.check("recognise", recognise)
### BEGIN HIDDEN TESTS
assert recognise(np.eye(2), np.array([7, 8]), np.array([0.6, 0.8]), 0.5) == 8
assert recognise(np.eye(2), np.array([7, 8]), np.array([0.6, 0.8]), 0.3) == -1
### END HIDDEN TESTS

# %% [markdown]
# ## What you saw
# - A distance and a threshold do for people who were never seen in training. Pixels tell them apart poorly, a small network that learned from other
#   people well.
# - A threshold trades false accepts against false rejects. It is chosen on people who are neither trained nor tested on.
# - The triplet loss takes the maximum with 0. With the slide's minimum, free points in the plane are pushed without end where they are in order, and
#   never mended where they are not; a network trained so ended far below one with the maximum, though above an untrained one.
# - Random triplets run dry. The hardest ones from the start collapsed the network; semi-hard ones did not.
# - The same network names the right one of 10,000 people far less often than the right one of 10, and strangers get in. Where as many strangers are
#   let in, verification accepts far more of the right people than recognition names.
# - What did not come out: how good any of this is on photographs, which of the three siamese heads is best (one run each), whether triplets beat
#   pairs (no fair race), whether hard triplets help later on, and whether the network treats all people alike. The drawings cannot say.
#
# ## References
# - Y. Taigman, M. Yang, M. Ranzato and L. Wolf, *DeepFace: closing the gap to human-level performance in face verification*, CVPR 2014: chi-square
#   and siamese network, section 4.
# - F. Schroff, D. Kalenichenko and J. Philbin, *FaceNet: a unified embedding for face recognition and clustering*, arXiv 1503.03832: the triplet loss
#   and its mining, sections 3.1 and 3.2.
# - A. Hermans, L. Beyer and B. Leibe, *In defense of the triplet loss for person re-identification*, arXiv 1703.07737: batches of P × K, section 2.
# - G. Koch, R. Zemel and R. Salakhutdinov, *Siamese neural networks for one-shot image recognition*, 2015: weighted L1. R. Hadsell, S. Chopra and Y.
#   LeCun, *Dimensionality reduction by learning an invariant mapping*, 2006: the contrastive loss.
# - J. Buolamwini and T. Gebru, *Gender shades: intersectional accuracy disparities in commercial gender classification*, 2018: errors that fall on
#   some groups of people.
#
# **A paper to present in five minutes:** *FaceNet*. What is its figure 3 about, why do its authors not take the hardest negative of all, and how many
# numbers does its embedding need?
#
# ## What the lectures say, and what you measured

# %%
lesson.summary()
