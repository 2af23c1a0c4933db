"""Sets that are made from the simulated samples, without Pythia.

Stand-ins for recorded sets, with exactly their columns, are for lessons that are opened where the recorded data cannot
be had: nothing in them was measured. The jets of a few events are for lessons that are opened where FastJet is not
installed.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from recipes import clustered, detector
from recipes.dimuon import MUON_MASS
from recipes.four_leptons import MASSES, Z_MASS

N_TAG_AND_PROBE = 500  # events, as many as there are in record 307
THIRD_MUON = 0.10  # share of the events with a third, soft muon
GLOBAL_TO_TRACKER = 0.010  # spread of the ratio of the two fits of one muon's momentum

# Expected by CMS for 2.3/fb at 7 TeV and 11.6/fb at 8 TeV with four-lepton masses of 70 to 181 GeV, and the share of
# the candidates that were recorded in 2011.
EXPECTED = {"zz": 80.1, "higgs": 9.73}
EXPECTED_RANGE = (70.0, 181.0)
SHARE_2011 = 38 / 278


@dataclass(frozen=True)
class StandIn:
    """A set that is made from other samples: `derive(sources, rng)`, which needs the libraries, returns its columns."""

    name: str
    title: str
    description: str
    process: str
    sources: tuple[str, ...]
    derive: Callable
    columns: dict
    default_seed: int
    libraries: tuple[str, ...] = ()


def derive_tag_and_probe(sources: dict, rng: np.random.Generator) -> dict:
    """500 events of zmumu, each muon fitted twice, and one row for each combination of fits.

    T is the fit of the tracker alone, G the global fit with the muon chambers; energy and momentum follow the fit, pt,
    eta and phi are those of the tracker in every row, as in the recorded file. An event of two muons gives the rows
    GT, TT, GT, GG. A third muon has a tracker fit only and is combined with both fits of the other two: eight rows.
    """
    zmumu = sources["zmumu"]
    chosen = np.sort(rng.choice(len(zmumu["pt1"]), N_TAG_AND_PROBE, replace=False))
    rows = []
    for number, index in enumerate(chosen, start=1):
        muons = [
            _fits({name: zmumu[f"{name}{i}"][index] for name in ("pt", "eta", "phi", "charge")}, rng) for i in "12"
        ]
        third = _fits(_soft_muon(rng), rng) if rng.random() < THIRD_MUON else None
        rows += [{"kind": kind, "run": 1, "event": number, **pair} for kind, pair in _combinations(*muons, third)]
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return {name: values.astype(TAG_AND_PROBE_TYPES.get(name, np.float32)) for name, values in columns.items()}


def derive_four_leptons(sources: dict, rng: np.random.Generator) -> dict:
    """One pseudo-experiment: a Poisson number of events of each sample, drawn with their weights.

    z4l and zz4l are scaled together so that 80.1 events are expected between 70 and 181 GeV, h4l so that 9.73 are.
    """
    scale = {
        name: EXPECTED[kind] / sum(_expected(sources[other], EXPECTED_RANGE) for other in others)
        for kind, others in {"zz": ("z4l", "zz4l"), "higgs": ("h4l",)}.items()
        for name in others
    }
    drawn = [_draw(sources[name], scale[name], rng) for name in ("z4l", "zz4l", "h4l")]
    events = {name: np.concatenate([part[name] for part in drawn]) for name in drawn[0]}
    order = rng.permutation(len(events["pt1"]))
    return _as_recorded({name: values[order] for name, values in events.items()}, rng)


def _expected(sample: dict, mass_range: tuple[float, float]) -> float:
    mass = detector.mass_of(_four_momenta(sample))
    return float(sample["weight"][(mass > mass_range[0]) & (mass < mass_range[1])].sum(dtype=float))


def _draw(sample: dict, scale: float, rng: np.random.Generator) -> dict:
    weight = sample["weight"].astype(float)
    n = rng.poisson(weight.sum() * scale)
    chosen = rng.choice(len(weight), n, replace=False, p=weight / weight.sum())
    return {name: values[chosen] for name, values in sample.items() if name not in ("weight", "mass_true")}


def _four_momenta(sample: dict) -> np.ndarray:
    """Shape (n_events, 4, 4), in the order of the sample."""
    pt, eta, phi, code = (
        np.stack([sample[f"{name}{i}"] for i in "1234"], axis=1) for name in ("pt", "eta", "phi", "pdgid")
    )
    return detector.p4_of(pt, eta, phi, np.where(np.abs(code) == 11, MASSES[11], MASSES[13]))


def _as_recorded(events: dict, rng: np.random.Generator) -> dict:
    """Columns of the recorded files: the pair nearest to the Z first, in each pair the larger pt first."""
    p4, values = _four_momenta(events), {}
    for name in ("pt", "eta", "phi", "charge", "pdgid"):
        values[name] = np.stack([events[f"{name}{i}"] for i in "1234"], axis=1)
    order = np.array([_pairing(p, code) for p, code in zip(p4, values["pdgid"], strict=True)])
    p4 = np.take_along_axis(p4, order[..., None], axis=1)
    values = {name: np.take_along_axis(value, order, axis=1) for name, value in values.items()}
    values |= {name: p4[..., k].astype(np.float32) for k, name in enumerate(("E", "px", "py", "pz"))}
    n_muons = (np.abs(values["pdgid"]) == 13).sum(axis=1)
    columns = {"run": np.ones(len(p4), dtype=np.int32), "event": np.arange(1, len(p4) + 1, dtype=np.int32)}
    names = ("E", "px", "py", "pz", "pt", "eta", "phi", "charge", "pdgid")
    columns |= {f"{name}{i + 1}": values[name][:, i] for i in range(4) for name in names}
    masses = {"mZ1": p4[:, :2], "mZ2": p4[:, 2:], "mass": p4}
    columns |= {name: detector.mass_of(some).astype(np.float32) for name, some in masses.items()}
    columns["channel"] = np.select([n_muons == 4, n_muons == 0], ["4mu", "4e"], default="2e2mu")
    columns["year"] = np.where(rng.random(len(p4)) < SHARE_2011, 2011, 2012).astype(np.int16)
    return columns


def _pairing(p4: np.ndarray, code: np.ndarray) -> list[int]:
    """Order of the four leptons of one event: the pair nearest to the Z, then the other."""
    options = []
    for partner in (1, 2, 3):
        others = [i for i in (1, 2, 3) if i != partner]
        if code[0] + code[partner] == 0 and code[others[0]] + code[others[1]] == 0:
            options += [[0, partner, *others], [*others, 0, partner]]
    return min(options, key=lambda order: abs(detector.mass_of(p4[order[:2]]) - Z_MASS))


def _fits(muon: dict, rng: np.random.Generator) -> dict:
    """The two fits of one muon: four-momenta `T` and `G`, and what both share."""
    direction = (float(muon["pt"]), float(muon["eta"]), float(muon["phi"]))
    tracker = detector.p4_of(*direction, MUON_MASS)
    ratio = 1.0 / (1.0 + GLOBAL_TO_TRACKER * rng.standard_normal())
    both = detector.p4_of(direction[0] * ratio, *direction[1:], MUON_MASS)
    return {"T": tracker, "G": both, "shared": muon}


def _soft_muon(rng: np.random.Generator) -> dict:
    """A muon of a few GeV from elsewhere in the collision, of either charge."""
    eta, phi = rng.uniform(-2.4, 2.4), rng.uniform(-np.pi, np.pi)
    return {"pt": 1.0 + rng.exponential(2.0), "eta": eta, "phi": phi, "charge": int(rng.choice([-1, 1]))}


def _combinations(first: dict, second: dict, third: dict | None) -> list[tuple]:
    """Pairs of fits, in the order of the recorded file."""
    rows = [
        ("GT", _pair(first, "T", second, "G")),
        ("TT", _pair(second, "T", first, "T")),
        ("GT", _pair(second, "T", first, "G")),
    ]
    if third is not None:
        rows += [("TT", _pair(third, "T", other, "T")) for other in (first, second)]
        rows += [("GT", _pair(third, "T", other, "G")) for other in (first, second)]
    return [*rows, ("GG", _pair(second, "G", first, "G"))]


def _pair(one: dict, fit_one: str, two: dict, fit_two: str) -> dict:
    row = {}
    for number, muon, fit in (("1", one, fit_one), ("2", two, fit_two)):
        row |= {f"{name}{number}": muon[fit][k] for k, name in enumerate(("E", "px", "py", "pz"))}
        row |= {f"{name}{number}": muon["shared"][name] for name in ("pt", "eta", "phi", "charge")}
    row["mass"] = detector.mass_of(np.stack([one[fit_one], two[fit_two]]))
    return row


TAG_AND_PROBE_TYPES = {"kind": "S2", "run": np.int32, "event": np.int32, "charge1": np.int8, "charge2": np.int8}


def _particle_columns(number: str, what: str) -> dict:
    described = {
        "E": ("GeV", "energy"),
        "px": ("GeV", "x component of the momentum"),
        "py": ("GeV", "y component of the momentum"),
        "pz": ("GeV", "z component of the momentum"),
        "pt": ("GeV", "transverse momentum"),
        "eta": ("", "pseudorapidity"),
        "phi": ("rad", "azimuth"),
        "charge": ("e", "charge"),
    }
    return {
        f"{name}{number}": {"unit": unit, "description": f"{text} of {what}"}
        for name, (unit, text) in described.items()
    }


_NUMBERS = {
    "run": {"unit": "", "description": "always 1: no run of the LHC"},
    "event": {"unit": "", "description": "number of the simulated event"},
}

TAG_AND_PROBE = StandIn(
    name="tag_and_probe",
    title="Stand-in for the CMS tag-and-probe sample: 500 simulated events in repeated rows",
    description=(
        "Has the columns and the trap of cms_tag_and_probe, and nothing that was recorded: 500 events of zmumu, one "
        "row for each combination of muon fits (T tracker, G global). Energy and momentum follow the fit, pt, eta and "
        "phi are the tracker's. One event in ten has a third, soft muon, drawn from an exponential law, which makes "
        "the rows of equal charge. The large differences between mass and (pt, eta, phi) of the recorded file are not "
        "in it."
    ),
    process="events of zmumu; second fit of each muon and third muons drawn from simple laws",
    sources=("zmumu",),
    derive=derive_tag_and_probe,
    columns={
        "kind": {"unit": "", "description": "how the two muons were reconstructed: G global, T tracker; GG, GT or TT"},
        **_NUMBERS,
        **_particle_columns("1", "the first muon"),
        **_particle_columns("2", "the second muon"),
        "mass": {"unit": "GeV", "description": "mass of the pair, from the energies and momenta of the row"},
    },
    default_seed=20260108,
)

FOUR_LEPTONS_PSEUDO = StandIn(
    name="four_leptons_pseudo",
    title="Stand-in for the CMS four-lepton candidates: one pseudo-experiment",
    description=(
        "Has the columns of cms_four_leptons, and nothing that was recorded: a Poisson number of events drawn from "
        "z4l, zz4l and h4l at the yields that CMS expected for 2.3/fb at 7 TeV and 11.6/fb at 8 TeV: between 70 and "
        "181 GeV, ZZ 80.1 and H 9.73. Z+X and top quarks (3.9 expected) are left out. All events are simulated at "
        "8 TeV; the year is drawn. The seed was chosen so that the counts near the Z, near 125 GeV and in all are "
        "close to the expectation: this is a typical experiment, not an unbiased draw."
    ),
    process="Poisson draw from z4l + zz4l + h4l",
    sources=("z4l", "zz4l", "h4l"),
    derive=derive_four_leptons,
    columns={
        **_NUMBERS,
        **{
            name: about
            for i in "1234"
            for name, about in {
                **_particle_columns(i, f"lepton {i}"),
                f"pdgid{i}": {
                    "unit": "",
                    "description": f"PDG code of lepton {i}: 11 electron, 13 muon, negative: anti",
                },
            }.items()
        },
        "mZ1": {"unit": "GeV", "description": "mass of the lepton pair closest to the Z"},
        "mZ2": {"unit": "GeV", "description": "mass of the other lepton pair"},
        "mass": {"unit": "GeV", "description": "mass of the four leptons"},
        "channel": {"unit": "", "description": "4mu, 4e or 2e2mu"},
        "year": {"unit": "", "description": "2011 or 2012, drawn"},
    },
    # The first seed from 20260109 on whose counts in 70-181, 80-100 and 121-130 GeV and in all lie within half a
    # Poisson standard deviation of what is expected: lessons that stand on it show a typical experiment.
    default_seed=20260115,
)

CLUSTERED_EVENTS = StandIn(
    name="clustered_events",
    title="Jets of the whole events, by kT, Cambridge/Aachen and anti-kT",
    description=(
        "The jets of jet_events with R = 1.0 and pt > 20 GeV by three algorithms: to which jet each particle belongs, "
        "and each cell of the plane of eta and phi, by way of one ghost of hardly any momentum in each cell. For "
        "those who have no FastJet."
    ),
    process="events of jet_events, clustered with FastJet",
    sources=("jet_events",),
    derive=clustered.derive_clustered_events,
    columns=clustered.COLUMNS,
    default_seed=20260153,
    libraries=("fastjet",),
)

STAND_INS = {stand_in.name: stand_in for stand_in in (TAG_AND_PROBE, FOUR_LEPTONS_PSEUDO, CLUSTERED_EVENTS)}
