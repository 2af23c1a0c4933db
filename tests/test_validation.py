"""The samples beside what is known of them: every number within its band, and bands that show a lost setting."""

import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

DATA = Path(__file__).resolve().parent.parent / "data"
if str(DATA) not in sys.path:
    sys.path.append(str(DATA))

from recipes import generator, precision  # noqa: E402
from recipes.catalogue import RECIPES  # noqa: E402
from validation import checks, figures, observables, validate  # noqa: E402

CHECKS = {check.name: check for check in checks.all_checks()}
REGISTRY = json.loads((DATA / "registry.json").read_text(encoding="utf-8"))["datasets"]
SIMULATED = sorted(n for n, entry in REGISTRY.items() if not entry["recorded"] and not entry["files"][0]["urls"])
RECORD = DATA / "validation.json"


@pytest.fixture(scope="module")
def samples():
    return observables.load_samples(DATA / "samples", SIMULATED)


@pytest.mark.parametrize("name", CHECKS)
def test_every_number_lies_in_its_band(name, samples):
    result = checks.result_of(CHECKS[name], samples)
    low, high = result["accepted"]
    assert low <= result["value"] <= high, f"{result['what']}: {result['value']:.4g}, known: {result['known']}"


def test_the_checks_cover_every_simulated_sample():
    assert {sample for check in CHECKS.values() for sample in check.samples} == set(SIMULATED)


def test_every_check_has_its_own_name_and_says_what_it_knows_and_what_it_would_catch():
    assert len(CHECKS) == len(checks.all_checks())
    for check in CHECKS.values():
        assert check.what and check.known and check.source and check.catches, check.name
        assert check.accepted[0] < check.accepted[1], check.name


def test_the_recorded_numbers_are_those_of_the_samples(samples):
    recorded = {result["name"]: result for result in json.loads(RECORD.read_text(encoding="utf-8"))["results"]}
    assert list(recorded) == list(CHECKS), "run: python data/validation/validate.py --record"
    for name, check in CHECKS.items():
        now = checks.result_of(check, samples)
        numbers = [now.pop(key) for key in ("value", "uncertainty")]
        assert numbers == pytest.approx([recorded[name].pop(key) for key in ("value", "uncertainty")], rel=1e-6), name
        assert recorded[name] == now, f"{name}: run python data/validation/validate.py --record"


# The page.


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The folder of the page, written from the samples."""
    folder = tmp_path_factory.mktemp("validation")
    validate.main(["--out", str(folder)])
    return folder


def test_the_page_shows_every_figure_with_words_for_those_who_do_not_see_it(page, samples):
    shown = dict(re.findall(r"!\[([^\]]+)\]\((\w+\.png)\)", (page / "index.md").read_text(encoding="utf-8")))
    expected = {
        f"{figure.name}.png": figure.alt
        for section in figures.all_sections()
        for figure in section.figures
        if validate.can_draw(figure, samples)
    }
    assert {name: alt for alt, name in shown.items()} == expected
    assert {path.name for path in page.glob("*.png")} == set(expected)
    assert all(len(alt) > 60 for alt in expected.values())


def test_the_page_has_a_row_for_every_number(page):
    rows = [line for line in (page / "index.md").read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    assert sum(" ± " in row or "`" in row for row in rows) == len(CHECKS)


def test_a_number_outside_its_band_makes_the_command_fail(tmp_path, samples, monkeypatch, capsys):
    broken = {"hgg": scaled(samples["hgg"], 1.02, "pt1", "pt2")}
    monkeypatch.setattr(observables, "load_samples", lambda folder, names: broken)
    monkeypatch.setattr(figures, "all_sections", list)
    assert validate.main(["--out", str(tmp_path)]) == 1
    assert "median mass of the two photons" in capsys.readouterr().err


# What the bands would catch: a check on samples that were spoilt on purpose.


def scaled(sample: dict, factor: float, *columns: str) -> dict:
    return sample | {column: sample[column] * factor for column in columns}


def unweighted(sample: dict) -> dict:
    return sample | {"weight": np.ones(len(sample["weight"]))}


def shuffled(sample: dict, column: str) -> dict:
    return sample | {column: np.random.default_rng(1).permutation(sample[column])}


def coarse(sample: dict, step: float, *columns: str) -> dict:
    return sample | {column: precision.rounded(sample[column], step).astype(float) for column in columns}


def cut_short(sample: dict, length: int) -> dict:
    """Fewer constituents of each jet."""
    place = np.arange(len(sample["constituent_pt"]))
    counts = sample["n_constituents"].astype(int)
    kept = place - np.repeat(np.cumsum(counts) - counts, counts) < length
    ragged = {name: values[kept] for name, values in sample.items() if name.startswith("constituent_")}
    return sample | ragged | {"n_constituents": np.minimum(counts, length)}


ANGLES = ("constituent_delta_eta", "constituent_delta_phi")
LEPTONS = tuple(f"pt{i}" for i in range(1, 5))
SPOILT = {
    "a momentum scale of 1.02 in zmumu": ("zmumu_mass", lambda s: scaled(s, 1.02, "pt1", "pt2")),
    "one muon without resolution of its own": ("zmumu_width", lambda s: s | {"pt1": s["pt1"] * smear(s["pt1"], 0.04)}),
    "photons added to no muon": ("zmumu_radiation", lambda s: s | {"mass_bare": observables.masses(s, 2, 0.10566)}),
    "a momentum scale of 1.02 in the cocktail": ("cocktail_mass_5", lambda s: scaled(s, 1.02, "pt1", "pt2")),
    "a momentum scale of 1.02 in h4l": ("h4l_mass", lambda s: scaled(s, 1.02, *LEPTONS)),
    "a momentum scale of 1.02 in hgg": ("hgg_mass", lambda s: scaled(s, 1.02, "pt1", "pt2")),
    "a momentum scale of 1.02 in z4l": ("z4l_mass", lambda s: scaled(s, 1.02, *LEPTONS)),
    "H → γγ without weights": ("diphoton_signal_over_background", lambda s, b: (unweighted(s), unweighted(b))),
    "leptons of different events": ("hww_dphi", lambda s: shuffled(s, "phi2")),
    "leptons of different events, AUC": ("hww_dphi_auc", lambda s, b: (shuffled(s, "phi2"), b)),
    "no missing momentum": ("hww_m_t_auc", lambda s, b: (scaled(s, 0.0, "met"), scaled(b, 0.0, "met"))),
    "H → WW without weights": ("hww_yield", unweighted),
    "tt̄ without weights": ("ttbar_dilepton_yield", unweighted),
    "electrons alone": ("ww_flavours", lambda s: s | {"pdgid1": s["pdgid1"] * 0 + 11, "pdgid2": s["pdgid2"] * 0 - 11}),
    "the positive lepton first": ("ww_charges", lambda s: s | {"charge1": np.abs(s["charge1"])}),
    "quarks of both sides mixed": ("partons_w_mass_0", lambda s: s | {"phi_q2": s["phi_q4"]}),
    "quarks without mass": ("partons_top_mass_0", lambda s: s | {"id_b": s["id_b"] * 0 + 1}),
    "angles in steps of 1/32": ("partons_top_width_0", lambda s: coarse(s, 1 / 32, "phi_b", "phi_q1", "phi_q2")),
    "the photon in the place of both": ("ee_full_yield", lambda s: scaled(s, 0.2, "weight")),
    "e+e- without weights": ("ee_ratio_above", lambda s, p: (unweighted(s), unweighted(p))),
    "electron and positron exchanged": (
        "ee_full_asymmetry_above",
        lambda s: s | {"eta_electron": s["eta_positron"], "eta_positron": s["eta_electron"]},
    ),
    "azimuths of other particles": ("jet_events_balance", lambda s: shuffled(s, "particle_phi")),
    "areas of kT": ("clustered_events_area", lambda s: s | {"cell_antikt": s["cell_kt"]}),
    "areas of Cambridge/Aachen": ("clustered_events_area", lambda s: s | {"cell_antikt": s["cell_cambridge"]}),
    "no grooming": ("w_jets_mass", lambda s: s | {"mass_softdrop": s["mass"]}),
    "a scale of 1.02 in W jets": ("w_jets_mass", lambda s: scaled(s, 1.02, "mass_softdrop")),
    "a scale of 1.02 in top jets": ("top_jets_mass", lambda s: scaled(s, 1.02, "mass")),
    "angles of constituents in steps of 1/32": ("w_jets_rounding", lambda s: coarse(s, 1 / 32, *ANGLES)),
    "30 constituents": ("top_jets_kept_pt", lambda s: cut_short(s, 30)),
    "20 constituents": ("w_jets_kept_mass", lambda s: cut_short(s, 20)),
    "kinds of other constituents": ("top_jets_charged", lambda s: s | {"constituent_kind": s["constituent_kind"] * 0}),
    "the third axis lost": ("top_tau32_auc", lambda s, b: (s | {"tau3": s["tau2"]}, b)),
    "impact parameters in cm": ("b_distance", lambda s: scaled(s, 0.1, "track_d0")),
    "impact parameters without sign": ("b_light_significance1_auc", lambda s: shuffled(s, "track_d0")),
    "uncertainties with the vertex twice": ("primary_d0_pull", lambda s: scaled(s, 1.1, "track_d0_error")),
    "labels of other jets": ("b_heavy_tracks", lambda s: shuffled(s, "flavour")),
    "a resonance of 3.3 TeV": ("dijet_signal_m_jj", lambda s: scaled(s, 3.3 / 3.5, "m_jj")),
    "a scale of 1.04 in groomed masses": ("dijet_signal_light_mass", lambda s: scaled(s, 1.04, "m_j1")),
    "a flat spectrum": ("dijet_background_power", lambda s: s | {"m_jj": np.linspace(2500, 5000, len(s["m_jj"]))}),
    "half of the pseudo-data": ("pseudo_yield", lambda s: {name: values[::2] for name, values in s.items()}),
}
IN_THE_PLACE_OF = (  # check, and the samples that it gets instead of its own
    ("ee_full_z_share", ("ee_photon",)),
    ("ee_photon_z_share", ("ee_full",)),
    ("ee_photon_asymmetry", ("ee_full",)),
    ("hww_dphi", ("ww",)),
    ("ww_m_ll", ("hww",)),
    ("hww_endpoint", ("ww",)),
    ("ttbar_dilepton_two_jets", ("ww",)),
    ("w_jets_tau21", ("qcd_w_jets",)),
    ("qcd_w_jets_window", ("w_jets",)),
    ("w_tau21_auc", ("w_jets", "w_jets")),
    ("top_jets_tau32", ("qcd_top_jets",)),
    ("top_jets_window", ("w_jets",)),
    ("qcd_top_jets_constituents", ("top_jets",)),
    ("top_mass_auc", ("w_jets", "qcd_w_jets")),
    ("dijet_background_power", ("dijet_signal",)),
    ("dijet_tau21_j1_auc", ("dijet_background", "dijet_background")),
)


def smear(values: np.ndarray, relative: float) -> np.ndarray:
    return 1 + relative * np.random.default_rng(1).standard_normal(len(values))


def is_outside(name: str, *spoilt: dict) -> bool:
    low, high = CHECKS[name].accepted
    value, _ = CHECKS[name].measure(*spoilt)
    return not low <= value <= high


@pytest.mark.parametrize("what", SPOILT)
def test_a_spoilt_sample_is_found_out(what, samples):
    name, spoil = SPOILT[what]
    result = spoil(*(samples[sample] for sample in CHECKS[name].samples))
    assert is_outside(name, *([result] if isinstance(result, dict) else result)), f"{name} does not see: {what}"


@pytest.mark.parametrize(("name", "others"), IN_THE_PLACE_OF)
def test_one_sample_in_the_place_of_another_is_found_out(name, others, samples):
    assert is_outside(name, *(samples[other] for other in others))


def test_signal_in_the_background_is_found_out(samples):
    both = [samples[name]["m_jj"] for name in ("dijet_background", "dijet_signal")]
    n = int(0.03 * len(both[0]))
    assert is_outside("dijet_background_chi2", {"m_jj": np.concatenate([both[0], both[1][:n]])})


# The same with Pythia: a setting lost in the recipe.


def remade(name: str, events: int, *settings: str, **changes) -> dict:
    """A few events of a recipe with other settings; `changes` are fields of its component."""
    pytest.importorskip("pythia8mc", reason="pythia8mc is not installed: pip install 'hepml-helpers[simulate]'")
    recipe = RECIPES[name]
    component = replace(recipe.components[0], **changes)
    pythia = generator.start_pythia((f"Beams:eCM = {recipe.energy_tev * 1000}", *component.settings, *settings), 7)
    rng, parts = np.random.default_rng(7), []
    for start in range(0, events, recipe.batch_events):
        batch = pythia.nextBatch(min(recipe.batch_events, events - start))
        parts.append(recipe.reconstruct(batch, component, rng))
    columns = {column: np.concatenate([part[column] for part in parts]) for column in parts[0]}
    return {column: values.astype(float) if values.dtype.kind == "f" else values for column, values in columns.items()}


LOST_SETTINGS = (
    ("partons_w_width_0", "ttbar_partons", 2000, ("24:doForceWidth = on", "24:mWidth = 0.1"), {}),
    ("partons_top_mass_0", "ttbar_partons", 2000, ("6:m0 = 172.5",), {}),
    ("partons_pair_pt", "ttbar_partons", 500, ("PartonLevel:ISR = on",), {}),
    ("ee_full_z_share", "ee_full", 2000, ("WeakZ0:gmZmode = 2",), {}),
    ("ee_full_z_share", "ee_full", 2000, ("PhaseSpace:mHatMin = 20",), {}),
    ("hww_endpoint", "hww", 200, ("25:m0 = 200",), {}),
    ("top_jets_grooming", "top_jets", 400, ("PartonLevel:MPI = on",), {}),
    ("top_jets_window", "top_jets", 600, (), {"origin": 0}),
    ("w_jets_grooming", "w_jets", 600, ("PartonLevel:MPI = off",), {}),
)


@pytest.mark.parametrize(("name", "sample", "events", "settings", "changes"), LOST_SETTINGS)
def test_a_lost_setting_is_found_out(name, sample, events, settings, changes):
    assert is_outside(name, remade(sample, events, *settings, **changes))
