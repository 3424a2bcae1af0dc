import numpy as np
import pytest

from cvkit.detection import BoxAugmentation
from cvkit.detection.batches import DetectionBatches
from cvkit.detection.mask_batches import MaskBatches, pad_masks
from tests.support import raises

IMAGES = [np.full((20, 30, 3), 10 * k, "uint8") for k in range(5)]
TARGETS = [
    {
        "boxes": np.tile([[0, 0, k + 1, 9]], (k % 3, 1)),
        "labels": [0] * (k % 3),
        "masks": np.full((k % 3, 20, 30), k == 4),
    }
    for k in range(5)
]


def batches(targets=TARGETS, **options):
    return MaskBatches(DetectionBatches(IMAGES, targets, ["mask"], batch_size=2, **options), targets)


def test_masks_stay_with_their_images_in_every_order():
    data = batches()
    orders = []
    for _ in range(2):
        seen = []
        for index in range(len(data)):
            inputs, zeros = data[index]
            assert inputs["masks"].shape == (len(inputs["images"]), 2, 32, 32)
            assert zeros["mask"].shape == (len(inputs["images"]),)
            for image, masks, labels in zip(inputs["images"], inputs["masks"], inputs["labels"], strict=True):
                k = int(image[0, 0, 0] / 10)
                seen.append(k)
                assert (labels >= 0).sum() == k % 3
                assert masks.sum() == (600 if k == 4 else 0)
        orders.append(seen)
        data.on_epoch_end()
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(5))
    assert orders[0] != orders[1]


def test_padding_hand_worked():
    padded = pad_masks([np.ones((1, 2, 3), bool), np.zeros((0,))], 2, (4, 4))
    assert padded.shape == (2, 2, 4, 4)
    assert padded.sum() == padded[0, 0, :2, :3].sum() == 6


@pytest.mark.parametrize("masks", [None, np.ones((1, 20, 29)), np.ones((2, 20, 30))])
def test_masks_are_checked(masks):
    targets = [dict(target) for target in TARGETS]
    targets[1]["masks"] = masks
    if masks is None:
        del targets[1]["masks"]
    with raises(r"targets\[1\] must have masks of shape \(1, 20, 30\), one for each box"):
        batches(targets)


def test_augmentation_is_refused():
    with raises("augment moves images and boxes, and not the masks"):
        batches(augment=BoxAugmentation())


def test_masks_come_with_stored_maps_too_in_the_size_of_the_images():
    maps = [{"C2": np.full((5, 8, 4), k, "float32")} for k in range(5)]  # of stride 4: images of 20 x 32
    targets = [target | {"masks": np.full((len(target["labels"]), 20, 32), k == 4)} for k, target in enumerate(TARGETS)]
    data = MaskBatches(DetectionBatches(maps, targets, ["mask"], batch_size=2), targets)
    for index in range(len(data)):
        inputs, _ = data[index]
        assert inputs["masks"].shape == (len(inputs["labels"]), 2, 20, 32)
        for values, masks in zip(inputs["images"]["C2"], inputs["masks"], strict=True):
            assert masks.sum() == (640 if values[0, 0, 0] == 4 else 0)
    with raises(r"targets\[1\] must have masks of shape \(1, 20, 32\)"):
        MaskBatches(DetectionBatches(maps, TARGETS, ["mask"]), TARGETS)
