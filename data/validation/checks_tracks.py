"""Checks of the jets of b, c and light quarks with their tracks."""

import numpy as np
from recipes.flavour import FROM_B, FROM_C, FROM_OTHER, FROM_PRIMARY, VERTEX_RESOLUTION

from validation import estimate, observables
from validation.checks import Check, around

BEAUTY, CHARM, LIGHT = 5, 4, 0
JETS = {BEAUTY: "b", CHARM: "c", LIGHT: "light"}
FAR = 3.0  # significance above which a track counts as displaced
EARLIER = "earlier measurement of this project, at particle level"
ONE_SIGMA = 0.6827


def _per_jet(chosen, flavour: int):
    """Mean number of chosen tracks in the jets of a flavour; `chosen(sample)` is a mask of the tracks."""

    def measure(sample: dict) -> tuple[float, float]:
        jet = observables.rows_of(sample["n_tracks"])
        number = np.bincount(jet, chosen(sample), minlength=len(sample["n_tracks"]))
        return estimate.mean(number[sample["flavour"] == flavour])

    return measure


def _from_heavy(sample: dict) -> np.ndarray:
    return np.isin(sample["track_origin"], (FROM_B, FROM_C))


def _from_other(sample: dict) -> np.ndarray:
    return sample["track_origin"] == FROM_OTHER


def _far(sample: dict) -> np.ndarray:
    return observables.significance(sample) > FAR


def pull(sample: dict, coordinate: str) -> np.ndarray:
    """Impact parameters of the tracks from the primary vertex over their whole uncertainty, with that of the vertex.

    A track that is carried to the closest approach to a shifted vertex moves along z by the shift times sinh(eta).
    """
    eta = sample["track_delta_eta"] + np.repeat(sample["eta"], sample["n_tracks"])
    lever = {"d0": 1.0, "z0": np.cosh(eta)}[coordinate]
    error = np.hypot(sample[f"track_{coordinate}_error"], VERTEX_RESOLUTION * lever)
    return (sample[f"track_{coordinate}"] / error)[sample["track_origin"] == FROM_PRIMARY]


def _side(sample: dict) -> tuple[float, float]:
    return estimate.mean(np.sign(pull(sample, "d0")))


def _distance(flavour: int, origin: int):
    def measure(sample: dict) -> tuple[float, float]:
        chosen = np.repeat(sample["flavour"] == flavour, sample["n_tracks"]) & (sample["track_origin"] == origin)
        return estimate.mean(sample["track_d0"][chosen])

    return measure


def _auc(place: int, other: int):
    def measure(sample: dict) -> tuple[float, float]:
        values = observables.ordered_significance(sample, place)
        return estimate.auc(values[sample["flavour"] == BEAUTY], values[sample["flavour"] == other])

    return measure


def _count(key: str, what: str, chosen, rows: tuple, catches: str) -> list[Check]:
    return [
        Check(
            f"{JETS[flavour]}_{key}",
            ("flavour_jets",),
            f"{what} in a {JETS[flavour]} jet",
            _per_jet(chosen, flavour),
            accepted,
            known,
            source,
            catches,
            unit="tracks",
        )
        for flavour, accepted, known, source in rows
    ]


def _tagging(place: int, other: int, accepted: tuple) -> Check:
    which = ("largest", "second largest", "third largest")[place]
    return Check(
        f"b_{JETS[other]}_significance{place + 1}_auc",
        ("flavour_jets",),
        f"ROC AUC of the {which} significance of a jet's tracks alone, b against {JETS[other]}",
        _auc(place, other),
        accepted,
        "0.8 to 0.9 against light jets, less against c: CMS's track counting finds 0.5 of the b with 0.01 of the light",
        "arXiv:1211.4462",
        "sign or scale of the impact parameter, the resolution, labels, truth in the place of measurements",
    )


CHECKS = [
    *_count(
        "heavy_tracks",
        "tracks from decays of b and c hadrons (truth)",
        _from_heavy,
        (
            (
                BEAUTY,
                around(4.0, 0.6),
                "5 charged particles from the decay of a b hadron, of which 0.8 are found",
                "PDG",
            ),
            (CHARM, around(1.8, 0.3), "2.2 to 2.5 from a c hadron, of which 0.8 are found", "PDG"),
            (LIGHT, (0, 0.1), "0, but for heavy hadrons below 5 GeV", "analytic"),
        ),
        "labels, the tracking efficiency, the truth of the tracks",
    ),
    *_count(
        "displaced_tracks",
        f"tracks with a significance above {FAR:g}",
        _far,
        (
            (BEAUTY, around(2.3, 0.5), "half of the tracks from a b hadron or more", "analytic"),
            (CHARM, around(0.7, 0.2), "a third of the tracks from a c hadron", "analytic"),
            (LIGHT, (0.05, 0.25), "0.1 to 0.2 from K_S and Λ, 0.01 from the resolution", "analytic"),
        ),
        "lifetimes, sign or unit of the impact parameter, the resolution",
    ),
    *_count(
        "strange_tracks",
        "tracks from K_S, Λ and the like (truth)",
        _from_other,
        ((LIGHT, (0.15, 0.45), "a few per cent of the tracks: K_S and Λ that decay within 10 cm", "analytic"),),
        "decays of long-lived hadrons switched off",
    ),
    *[
        Check(
            f"primary_{coordinate}_pull",
            ("flavour_jets",),
            f"half of the central 68 % of {coordinate} over its error with the vertex, tracks from the primary vertex",
            lambda sample, coordinate=coordinate: estimate.half_width(pull(sample, coordinate), ONE_SIGMA),
            around(1, 0.03),
            "1: the resolution of the track and 12 micrometres of the vertex",
            "analytic",
            "the uncertainties' unit or rounding, the vertex's resolution (1.06 where it is left out of the error)",
        )
        for coordinate in ("d0", "z0")
    ],
    Check(
        "primary_d0_side",
        ("flavour_jets",),
        "positive minus negative d0 over all, tracks from the primary vertex",
        _side,
        around(0, 0.03),
        "0: no side is preferred",
        "analytic",
        "a sign taken from truth, displaced tracks among the primary ones",
    ),
    Check(
        "b_distance",
        ("flavour_jets",),
        "mean signed d0 of tracks from b hadrons in b jets",
        _distance(BEAUTY, FROM_B),
        (0.17, 0.30),
        "0.25 mm: cτ of 0.46 to 0.49 mm times 0.5, for the projection and for tracks inside the cone; at any boost",
        "PDG; analytic",
        "lifetimes switched off, unit or sign of the impact parameter",
        unit="mm",
    ),
    Check(
        "c_distance",
        ("flavour_jets",),
        "mean signed d0 of tracks from c hadrons in c jets",
        _distance(CHARM, FROM_C),
        (0.06, 0.14),
        "0.09 mm: cτ of 0.12 (D0), 0.31 (D+), 0.15 (Ds) and 0.06 mm (Λc) times 0.5",
        "PDG; analytic",
        "lifetimes switched off, unit or sign of the impact parameter",
        unit="mm",
    ),
    _tagging(0, LIGHT, (0.84, 0.92)),
    _tagging(1, LIGHT, (0.82, 0.90)),
    _tagging(2, LIGHT, (0.73, 0.85)),
    _tagging(0, CHARM, (0.72, 0.82)),
    _tagging(1, CHARM, (0.73, 0.84)),
    _tagging(2, CHARM, (0.70, 0.81)),
]
