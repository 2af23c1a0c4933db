"""Events without showers or detector: the six quarks of a top pair, and e+e- pairs with and without the Z boson."""

import numpy as np

from recipes import detector
from recipes.event_record import flat_particles, is_last, per_event
from recipes.generator import Component, Recipe
from recipes.precision import rounded, rounded_phi, short

ANGLE_STEP = 1 / 512
PT_BITS = 10
HARD_PROCESS_ONLY = (
    "PartonLevel:ISR = off",
    "PartonLevel:FSR = off",
    "PartonLevel:MPI = off",
    "PartonLevel:Remnants = off",
    "HadronLevel:all = off",
    "Check:event = off",
)
QUARKS = ("b", "q1", "q2", "bbar", "q3", "q4")
_OF_QUARK = {
    "b": "of the b quark of the top quark",
    "q1": "of the quark of the W+",
    "q2": "of the antiquark of the W+",
    "bbar": "of the b antiquark of the top antiquark",
    "q3": "of the quark of the W-",
    "q4": "of the antiquark of the W-",
}
QUARK_MASSES = {1: 0.33, 2: 0.33, 3: 0.5, 4: 1.5, 5: 4.8}  # GeV, those that Pythia gives the quarks of these events


def reconstruct_top_pair(events, component: Component, rng: np.random.Generator) -> dict:
    """Momenta and flavours of the six quarks."""
    particles, n = flat_particles(events), len(events)
    identity, mother = particles["id"], particles["mother"]
    columns = {}
    for sign, names in ((1, QUARKS[:3]), (-1, QUARKS[3:])):
        parents = {24: is_last(particles, identity == 24 * sign), 6: is_last(particles, identity == 6 * sign)}
        child = {code: (mother >= 0) & parent[mother] & (np.abs(identity) < 6) for code, parent in parents.items()}
        chosen = (child[6], child[24] & (identity > 0), child[24] & (identity < 0))
        for name, mask in zip(names, chosen, strict=True):
            index = per_event(particles, mask, n, 1)[:, 0]
            if (index < 0).any():
                raise RuntimeError(f"an event of the batch has no quark {name}, expected one in each")
            columns |= _momentum(particles["p4"][index], name) | {f"id_{name}": identity[index].astype(np.int8)}
    return {name: columns[name] for name in TTBAR_PARTONS.columns}


def reconstruct_electrons(events, component: Component, rng: np.random.Generator) -> dict:
    """Momenta of the electron and the positron: one pt and opposite azimuths."""
    particles, n = flat_particles(events), len(events)
    columns = {"weight": np.ones(n)}
    for name, code in (("electron", 11), ("positron", -11)):
        final = (particles["id"] == code) & (particles["status"] > 0)
        columns |= _momentum(particles["p4"][per_event(particles, final, n, 1)[:, 0]], name)
    return {ours: columns[theirs] for ours, theirs in _ELECTRON_PAIR.items()}


def _momentum(p4: np.ndarray, name: str) -> dict:
    pt, eta, phi = detector.cylindrical(p4)
    return {
        f"pt_{name}": short(pt, PT_BITS),
        f"eta_{name}": rounded(eta, ANGLE_STEP),
        f"phi_{name}": rounded_phi(phi, ANGLE_STEP),
    }


def _momentum_columns(name: str, what: str) -> dict:
    return {
        f"pt_{name}": {
            "unit": "GeV",
            "description": f"transverse momentum {what}",
            "precision": f"relative 2^-{PT_BITS + 1}",
        },
        f"eta_{name}": {
            "unit": "",
            "description": f"pseudorapidity {what}",
            "step": ANGLE_STEP,
            "min": -12,
            "max": 12,
        },
        f"phi_{name}": {"unit": "rad", "description": f"azimuth {what}, -pi to pi", "step": ANGLE_STEP}
        | {"min": -3.1416, "max": 3.1416},
    }


_MASSES = ", ".join(f"{mass:g} for {code}" for code, mass in QUARK_MASSES.items())
TTBAR_PARTONS = Recipe(
    name="ttbar_partons",
    title="Top pairs as six quarks at 13 TeV",
    description=(
        "The six quarks of a top pair whose W bosons both decay to quarks, as the matrix element and the decays leave "
        "them: no radiation, no hadrons, no detector, no cut. The pair has no transverse momentum. Top quarks and W "
        f"bosons have their Breit-Wigner masses; the masses of the quarks are, in GeV by |id|, {_MASSES}."
    ),
    process="g g, q qbar -> t tbar -> b q qbar' bbar q qbar', leading order, no showers",
    energy_tev=13.0,
    luminosity_fb=None,
    components=(
        Component(
            "t tbar",
            (
                "Top:gg2ttbar = on",
                "Top:qqbar2ttbar = on",
                "24:onMode = off",
                "24:onIfAny = 1 2 3 4 5",
                *HARD_PROCESS_ONLY,
            ),
        ),
    ),
    reconstruct=reconstruct_top_pair,
    columns={
        name: about
        for quark, what in _OF_QUARK.items()
        for name, about in (
            _momentum_columns(quark, what)
            | {f"id_{quark}": {"unit": "", "description": f"PDG code {what}", "min": -5, "max": 5}}
        ).items()
    },
    default_events=100_000,
    default_seed=20260121,
)


_ELECTRON_PAIR = {
    "pt": "pt_electron",
    "eta_electron": "eta_electron",
    "eta_positron": "eta_positron",
    "phi": "phi_electron",
    "weight": "weight",
}
_ELECTRON_COLUMNS = {
    "pt": _momentum_columns("pair", "of the electron and of the positron")["pt_pair"],
    "eta_electron": _momentum_columns("pair", "of the electron")["eta_pair"],
    "eta_positron": _momentum_columns("pair", "of the positron")["eta_pair"],
    "phi": _momentum_columns("pair", "of the electron; that of the positron is opposite")["phi_pair"],
    "weight": {"unit": "events", "description": "expected events that this one stands for, at the stated luminosity"},
}


def _electrons(name: str, title: str, description: str, mode: int, seed: int) -> Recipe:
    return Recipe(
        name=name,
        title=title,
        description=(
            f"{description} As the matrix element leaves the pair: no radiation, no detector, no cut but a mass above "
            "30 GeV, so that both leptons have the same pt and opposite azimuths. Weights from the leading-order "
            "cross-section, no K-factor."
        ),
        process=f"q qbar -> gamma*/Z -> e+ e- with WeakZ0:gmZmode = {mode}, leading order, no showers",
        energy_tev=13.0,
        luminosity_fb=1.0,
        components=(
            Component(
                "q qbar -> e+ e-",
                (
                    "WeakSingleBoson:ffbar2gmZ = on",
                    f"WeakZ0:gmZmode = {mode}",
                    "23:onMode = off",
                    "23:onIfAny = 11",
                    "PhaseSpace:mHatMin = 30",
                    *HARD_PROCESS_ONLY,
                ),
            ),
        ),
        reconstruct=reconstruct_electrons,
        columns=_ELECTRON_COLUMNS,
        default_events=100_000,
        default_seed=seed,
    )


EE_FULL = _electrons(
    "ee_full",
    "pp → e+e- through photon and Z at 13 TeV",
    "Electron-positron pairs through a photon and a Z boson, with their interference.",
    0,
    20260122,
)
EE_PHOTON = _electrons(
    "ee_photon",
    "pp → e+e- through a photon at 13 TeV",
    "Electron-positron pairs through the photon alone: taken from ee_full, with the weights, they leave the Z boson "
    "and its interference with the photon, which is negative below the Z mass and positive above.",
    1,
    20260123,
)
