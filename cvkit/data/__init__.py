"""Data sets: embedded ones, seeded generators, and checked downloads. data/README.md has a card of each."""

from cvkit.data.catalogue import catalogue
from cvkit.data.error import DataError
from cvkit.data.face_drawing import draw_faces
from cvkit.data.face_scenes import face_scenes
from cvkit.data.fetch import fetch
from cvkit.data.image_folder import image_folder
from cvkit.data.label_folder import label_folder
from cvkit.data.load import load
from cvkit.data.mot import mot_file, mot_folder
from cvkit.data.moving_shapes import moving_shapes
from cvkit.data.shrink import shrink
from cvkit.data.single_objects import single_objects
from cvkit.data.verify import verify
from cvkit.data.voc_folder import voc_folder

__all__ = [
    "DataError",
    "catalogue",
    "draw_faces",
    "face_scenes",
    "fetch",
    "image_folder",
    "label_folder",
    "load",
    "mot_file",
    "mot_folder",
    "moving_shapes",
    "shrink",
    "single_objects",
    "verify",
    "voc_folder",
]
