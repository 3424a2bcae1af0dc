"""The exercises of each lesson, one module a lesson, named by its slug."""

LESSONS = (
    "convolution",
    "lenet",
    "alexnet_vgg",
    "inception",
    "resnet",
    "densenet_and_design",
    "looking_inside",
    "transfer",
    "localization",
    "rcnn",
    "faster_rcnn",
    "yolo",
    "ssd_fpn",
    "tracking",
    "fcn",
    "instance_masks",
    "faces",
    "face_cascade",
)
