"""Faces: is this the same person (verification), and who is it (recognition). Distances, thresholds, galleries."""

from cvkit.faces.batches import PersonBatches
from cvkit.faces.gallery import Gallery
from cvkit.faces.identification import identification_rates, rank_k_rate
from cvkit.faces.pairs import all_pairs, draw_pairs, pair_distances
from cvkit.faces.verification import (
    VerificationScores,
    accept_rate_at,
    area_under_roc,
    equal_error_rate,
    error_rates,
    k_fold_accuracy,
    roc_curve,
    verification_scores,
)
from cvkit.faces.view import embedding_view

__all__ = [
    "Gallery",
    "PersonBatches",
    "VerificationScores",
    "accept_rate_at",
    "all_pairs",
    "area_under_roc",
    "draw_pairs",
    "embedding_view",
    "equal_error_rate",
    "error_rates",
    "identification_rates",
    "k_fold_accuracy",
    "pair_distances",
    "rank_k_rate",
    "roc_curve",
    "verification_scores",
]
