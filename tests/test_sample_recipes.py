"""The samples of jets, leptons, partons and tracks: small runs of Pythia, measured again with slow loops."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

DATA = Path(__file__).resolve().parent.parent / "data"
if str(DATA) not in sys.path:
    sys.path.append(str(DATA))

from recipes import clustering, detector, dileptons, flavour, generator, partons  # noqa: E402
from recipes.catalogue import RECIPES  # noqa: E402
from recipes.event_record import flat_particles  # noqa: E402
from recipes.particle_flow import Candidates, reconstruct_event  # noqa: E402

fastjet = pytest.importorskip("fastjet", reason="fastjet is not installed: pip install 'hepml-helpers[simulate]'")

SEED = 5


def run(name, events, component=0, *, detector_seen=True):
    """A batch of a recipe, what the recipe stores of it, and the candidates that it saw."""
    pytest.importorskip("pythia8mc", reason="pythia8mc is not installed: pip install 'hepml-helpers[simulate]'")
    recipe = RECIPES[name]
    process = recipe.components[component]
    settings = (f"Beams:eCM = {recipe.energy_tev * 1000}", *process.settings)
    batch = next(generator._batches(generator.start_pythia(settings, 21), events, events))
    return SimpleNamespace(
        batch=batch,
        columns=recipe.reconstruct(batch, process, np.random.default_rng(SEED)),
        particles=flat_particles(batch),
        candidates=reconstruct_event(batch, np.random.default_rng(SEED)) if detector_seen else None,
        n=len(batch),
    )


def jets_of_event(candidates, radius, min_pt):
    """Indices of the candidates in each jet, by falling pt of the jet, with FastJet's own interface."""
    pseudo = []
    for index, (energy, px, py, pz) in enumerate(candidates.p4):
        pseudo.append(fastjet.PseudoJet(px, py, pz, energy))
        pseudo[-1].set_user_index(index)
    sequence = fastjet.ClusterSequence(pseudo, fastjet.JetDefinition(fastjet.antikt_algorithm, radius))
    jets = fastjet.sorted_by_pt(sequence.inclusive_jets(min_pt))
    return [[c.user_index() for c in fastjet.sorted_by_pt(jet.constituents())] for jet in jets]


def event_candidates(sample, number):
    return sample.candidates[sample.candidates.event == number]


def pt_eta_phi_mass(p4):
    """Of the sum of four-momenta, by hand."""
    energy, px, py, pz = p4.sum(axis=0)
    pt = np.sqrt(px**2 + py**2)
    return pt, np.arcsinh(pz / max(pt, 1e-12)), np.arctan2(py, px), np.sqrt(max(energy**2 - pt**2 - pz**2, 0.0))


def held(value, bits):
    """A positive number with so many bits of mantissa, halves up."""
    fraction, exponent = np.frexp(value)
    return np.ldexp(np.floor(fraction * 2 ** (bits + 1) + 0.5) / 2 ** (bits + 1), exponent)


def far(eta_a, phi_a, eta_b, phi_b):
    turn = abs(phi_a - phi_b) % (2 * np.pi)
    return np.hypot(eta_a - eta_b, min(turn, 2 * np.pi - turn))


# Large jets of W bosons and top quarks.


@pytest.fixture(scope="module")
def top():
    return run("top_jets", 150)


@pytest.fixture(scope="module")
def w():
    return run("w_jets", 150)


def last_copy(record, index):
    """Follow a particle along its daughters of the same kind."""
    while True:
        first, final = record["daughter1"][index], record["daughter2"][index]
        same = [k for k in range(first, max(first, final) + 1) if k and record["id"][k] == record["id"][index]]
        if not same:
            return index
        index = same[0]


def children(record, index):
    return range(record["daughter1"][index], record["daughter2"][index] + 1)


def quarks_inside(record, code):
    """Directions of a W or top and of the quarks that it decays to, along the daughters in the record."""
    first = record["id"].index(code)
    particle = last_copy(record, first)
    wanted, boson = [particle], particle
    if abs(code) == 6:
        boson = next(k for k in children(record, particle) if abs(record["id"][k]) == 24)
        wanted += [k for k in children(record, particle) if abs(record["id"][k]) < 6]
        boson = last_copy(record, boson)
    wanted += [k for k in children(record, boson) if abs(record["id"][k]) < 6]
    momenta = [[record["p"][axis][k] for axis in ("e", "px", "py", "pz")] for k in wanted]
    return [pt_eta_phi_mass(np.array([p4]))[1:3] for p4 in momenta]


def records_of(batch):
    for event in batch.prt:
        record = {name: event[name].tolist() for name in ("id", "daughter1", "daughter2")}
        yield record | {"p": {name: event.p[name].tolist() for name in ("e", "px", "py", "pz")}}


def slow_large_jets(sample, radius, low, high, codes):
    """The jets that ought to be stored: lists of candidates."""
    found = []
    for number, record in enumerate(records_of(sample.batch)):
        here = event_candidates(sample, number)
        truth = [quarks_inside(record, code) for code in codes if code in record["id"]]
        assert all(len(directions) == (4 if abs(codes[0]) == 6 else 3) for directions in truth)
        for members in jets_of_event(here, radius, 200.0)[:2]:
            pt, eta, phi, _ = pt_eta_phi_mass(here.p4[members])
            inside = any(all(far(eta, phi, *one) < radius for one in directions) for directions in truth)
            if low < held(pt, 10) < high and abs(eta) < 2 and inside:
                found.append(here[np.array(members)])
    return found


@pytest.mark.parametrize(
    ("name", "radius", "low", "high", "codes"), [("top", 0.8, 550, 650, (6, -6)), ("w", 1.0, 250, 300, (24, -24))]
)
def test_large_jets_hold_the_particle_and_all_of_its_quarks(name, radius, low, high, codes, request):
    sample = request.getfixturevalue(name)
    expected = slow_large_jets(sample, radius, low, high, codes)
    columns = sample.columns
    assert len(columns["pt"]) == len(expected) > 20
    for row, jet in enumerate(expected):
        pt, eta, phi, mass = pt_eta_phi_mass(jet.p4)
        assert columns["pt"][row] == pytest.approx(pt, rel=2.0**-11)
        assert columns["eta"][row] == pytest.approx(eta, abs=1 / 1024 + 1e-6)
        assert far(0, columns["phi"][row], 0, phi) < 1 / 512
        assert columns["mass"][row] == pytest.approx(mass, rel=2.0**-11)
        assert columns["n_seen"][row] == len(jet.pt)
    assert np.median(columns["mass_softdrop"]) == pytest.approx(170 if name == "top" else 80, rel=0.1)


@pytest.mark.parametrize("name", ["top", "w"])
def test_constituents_come_by_falling_pt_and_are_forty_at_most(name, request):
    columns = request.getfixturevalue(name).columns
    counts = columns["n_constituents"]
    np.testing.assert_array_equal(counts, np.minimum(columns["n_seen"], 40))
    assert columns["n_seen"].max() > 40 > columns["n_seen"].min() > 3
    for part in np.split(columns["constituent_pt"].astype(float), np.cumsum(counts)[:-1]):
        assert (np.diff(part) <= 0).all()


def test_the_stored_constituents_add_up_to_the_stored_jet(w):
    columns = {key: values.astype(float) for key, values in w.columns.items()}
    jet = np.repeat(np.arange(len(columns["pt"])), columns["n_constituents"].astype(int))
    p4 = detector.p4_of(
        columns["constituent_pt"],
        columns["eta"][jet] + columns["constituent_delta_eta"],
        columns["phi"][jet] + columns["constituent_delta_phi"],
    )
    complete = np.flatnonzero(columns["n_seen"] <= 40)
    assert len(complete) > 5
    for row in complete:
        pt, eta, phi, mass = pt_eta_phi_mass(p4[jet == row])
        assert pt == pytest.approx(columns["pt"][row], rel=0.005)  # forty numbers, each known to 0.8 %
        assert far(eta, phi, columns["eta"][row], columns["phi"][row]) < 0.004
        assert mass == pytest.approx(columns["mass"][row], rel=0.015)


def test_the_kinds_of_constituents_are_those_of_the_candidates(top):
    expected = slow_large_jets(top, 0.8, 550, 650, (6, -6))
    names = {22: 0, 130: 1, 1: 1, 211: 2, 11: 3, 13: 4}
    kinds = [names[kind] * (charge or 1) for jet in expected for kind, charge in zip(jet.kind, jet.charge, strict=True)]
    row = np.repeat(np.arange(len(expected)), [len(jet.pt) for jet in expected])
    place = np.concatenate([np.arange(len(jet.pt)) for jet in expected])
    np.testing.assert_array_equal(top.columns["constituent_kind"], np.array(kinds)[place < 40])
    assert {0, 1, 2, -2} <= set(kinds) and len(row) == len(kinds)


@pytest.mark.parametrize("name", ["top", "w"])
def test_substructure_of_stored_jets_is_in_order(name, request):
    columns = {key: values.astype(float) for key, values in request.getfixturevalue(name).columns.items()}
    assert (columns["mass_softdrop"] <= columns["mass"] * 1.001).all()
    assert (columns["tau1"] > columns["tau2"]).all() and (columns["tau2"] > columns["tau3"]).all()
    low, high = (550, 650) if name == "top" else (250, 300)
    assert (columns["pt"] > low).all() and (columns["pt"] < high).all()


# Two leptons.


@pytest.fixture(scope="module")
def lepton_events():
    return {name: run(name, 200) for name in ("hww", "ttbar_dilepton")}


def slow_leptons(here):
    """The isolated leptons of one event, the hardest first: (pt, eta, phi, index, indices of all it is made of)."""
    found = []
    for i in np.flatnonzero(np.isin(here.kind, (11, 13))):
        own, around = [i], 0.0
        for j in range(len(here.pt)):
            apart = far(here.eta[i], here.phi[i], here.eta[j], here.phi[j])
            if j != i and here.kind[i] == 11 and here.kind[j] == 22 and apart < 0.1:
                own.append(j)
            elif j != i and apart < 0.3:
                around += here.pt[j]
        pt, eta, phi, _ = pt_eta_phi_mass(here.p4[own])
        on_grid = abs(np.round(eta * 2048) / 2048)
        if held(pt, 8) > 10 and on_grid < {11: 2.5, 13: 2.4}[here.kind[i]] and around < 0.15 * pt:
            found.append((pt, eta, phi, i, own))
    return sorted(found, reverse=True)


@pytest.mark.parametrize("name", ["hww", "ttbar_dilepton"])
def test_events_have_exactly_two_isolated_leptons_of_opposite_charge(name, lepton_events):
    sample, row, with_photon = lepton_events[name], 0, 0
    columns = sample.columns
    for number in range(sample.n):
        here = event_candidates(sample, number)
        leptons = slow_leptons(here)
        if len(leptons) != 2 or here.charge[[one[3] for one in leptons]].sum() != 0 or held(leptons[0][0], 8) <= 22:
            continue
        if pt_eta_phi_mass(np.stack([detector.p4_of(*one[:3]) for one in leptons]))[3] <= 12:
            continue
        used = [*leptons[0][4], *leptons[1][4]]
        with_photon += len(used) > 2
        for place, (pt, eta, phi, i, _) in zip("12", leptons, strict=True):
            assert columns["pt" + place][row] == pytest.approx(pt, rel=2.0**-9)
            assert columns["eta" + place][row] == pytest.approx(eta, abs=1 / 4096 + 1e-6)
            assert far(0, columns["phi" + place][row], 0, phi) < 1 / 2048
            assert columns["charge" + place][row] == here.charge[i]
            assert columns["pdgid" + place][row] == -here.charge[i] * here.kind[i]
        others = here[~np.isin(np.arange(len(here.pt)), used)]
        jets = [pt_eta_phi_mass(others.p4[members]) for members in jets_of_event(others, 0.4, 30.0)]
        jets = [jet for jet in jets if abs(jet[1]) < 4.7]
        assert columns["n_jets"][row] == len(jets)
        for place in range(2):
            pt, eta, phi, mass = jets[place] if place < len(jets) else (0, 0, 0, 0)
            assert columns[f"jet_pt{place + 1}"][row] == pytest.approx(pt, rel=2.0**-9)
            assert columns[f"jet_mass{place + 1}"][row] == pytest.approx(mass, rel=2.0**-9, abs=1e-3)
            assert far(columns[f"jet_eta{place + 1}"][row], columns[f"jet_phi{place + 1}"][row], eta, phi) < 1 / 512
        px, py = (here.pt * np.cos(here.phi)).sum(), (here.pt * np.sin(here.phi)).sum()
        assert columns["met"][row] == pytest.approx(np.hypot(px, py), rel=2.0**-9)
        assert far(0, columns["met_phi"][row], 0, np.arctan2(-py, -px)) < 1 / 2048
        row += 1
    assert row == len(columns["pt1"]) > 20 and with_photon > 5


@pytest.mark.parametrize("name", ["hww", "ttbar_dilepton"])
def test_the_cuts_hold_for_the_stored_numbers(name, lepton_events):
    columns = {key: values.astype(float) for key, values in lepton_events[name].columns.items()}
    assert (columns["pt1"] > 22).all() and (columns["pt2"] > 10).all() and (columns["pt1"] >= columns["pt2"]).all()
    assert (columns["charge1"] == -columns["charge2"]).all()
    p4 = [detector.p4_of(*(columns[f"{what}{i}"] for what in ("pt", "eta", "phi"))) for i in (1, 2)]
    assert (detector.mass_of(np.stack(p4, axis=1)) > 12).all()
    for i in (1, 2):
        limit = np.where(np.abs(columns[f"pdgid{i}"]) == 11, 2.5, 2.4)
        assert (np.abs(columns[f"eta{i}"]) <= limit).all()
        has_jet = columns["n_jets"] >= i
        assert (columns[f"jet_pt{i}"][has_jet] >= 30).all() and not columns[f"jet_pt{i}"][~has_jet].any()
    assert (columns["jet_pt1"] >= columns["jet_pt2"]).all()
    assert (columns["weight"] == 1).all()


def test_leptons_are_not_in_the_jets(lepton_events):
    columns = {key: values.astype(float) for key, values in lepton_events["ttbar_dilepton"].columns.items()}
    for i, j in ((1, 1), (1, 2), (2, 1), (2, 2)):
        has_jet = columns[f"jet_pt{j}"] > 0
        apart = np.hypot(
            columns[f"eta{i}"] - columns[f"jet_eta{j}"], detector.wrap(columns[f"phi{i}"] - columns[f"jet_phi{j}"])
        )
        assert has_jet.sum() > 10 and apart[has_jet].min() > 0.1


def by_hand(*events):
    """Candidates of events with rows of (kind, charge, pt, eta, phi)."""
    row = np.repeat(np.arange(len(events)), [len(event) for event in events])
    kind, charge, pt, eta, phi = np.array([one for event in events for one in event], dtype=float).T
    return Candidates(row, pt, eta, phi, charge.astype(int), kind.astype(int), np.where(charge != 0, 0, -1))


ELECTRON, MUON = (11, -1, 40.0, 0.5, 3.12), (13, 1, 40.0, 0.5, 3.12)


def beside(apart, pt, *, kind=22, charge=0, direction=1.0):
    """A candidate so far away from those leptons, in eta and phi, across pi."""
    return (kind, charge, pt, 0.5 + apart * np.cos(direction), 3.12 + apart * np.sin(direction) - 2 * np.pi)


def test_an_electron_with_its_photons_has_the_summed_momentum():
    photons = [beside(0.09, 9.0), beside(0.05, 3.0, direction=-2.0)]
    leptons, used = dileptons.isolated_leptons(by_hand([photons[0], ELECTRON, photons[1]]))
    px, py, pz = (
        sum(pt * direction(angle) for _, _, pt, *angles in (ELECTRON, *photons) for angle in [angles[axis]])
        for axis, direction in ((1, np.cos), (1, np.sin), (0, np.sinh))
    )
    pt = np.hypot(px, py)
    found = [leptons.pt[0], leptons.eta[0], leptons.phi[0]]
    np.testing.assert_allclose(found, [pt, np.arcsinh(pz / pt), np.arctan2(py, px)], rtol=1e-9)
    assert (leptons.kind.tolist(), leptons.charge.tolist()) == ([11], [-1]) and used.tolist() == [True] * 3
    assert 51.9 < pt < 52


@pytest.mark.parametrize(
    ("lepton", "other", "isolated", "joined"),
    [
        (ELECTRON, beside(0.099, 20.0), True, True),
        (ELECTRON, beside(0.101, 7.0), False, False),
        (ELECTRON, beside(0.101, 5.0), True, False),
        (MUON, beside(0.05, 5.0), True, False),  # photons near a muon are something around it
        (MUON, beside(0.05, 7.0), False, False),
        (ELECTRON, beside(0.05, 5.0, kind=130), True, False),
        (ELECTRON, beside(0.05, 7.0, kind=130), False, False),
        (ELECTRON, beside(0.05, 7.0, kind=211, charge=1), False, False),
        (ELECTRON, beside(0.05, 7.0, kind=11, charge=1), False, False),
        (MUON, beside(0.29, 6.1, direction=-2.0), False, False),  # 15 % of 40 GeV are 6 GeV
        (MUON, beside(0.29, 5.9, direction=-2.0), True, False),
        (MUON, beside(0.31, 50.0), True, False),
        (ELECTRON, beside(0.31, 50.0), True, False),
    ],
)
def test_photons_join_an_electron_within_a_tenth_and_what_else_is_around_spoils_it(lepton, other, isolated, joined):
    leptons, used = dileptons.isolated_leptons(by_hand([lepton, other]))
    assert len(leptons.pt) == isolated
    assert used.tolist() == [isolated, joined]
    if isolated:
        assert (leptons.pt[0] > 40.5) == joined
        assert joined or (leptons.eta[0], leptons.phi[0]) == pytest.approx((0.5, 3.12))


def test_all_that_is_around_a_lepton_is_added_up_and_compared_with_it_and_its_photons():
    around = [beside(0.2, 3.5, direction=angle) for angle in (0.0, 2.0)]
    assert len(dileptons.isolated_leptons(by_hand([ELECTRON, *around]))[0].pt) == 0  # 7 of 40 GeV
    assert len(dileptons.isolated_leptons(by_hand([ELECTRON, around[0]]))[0].pt) == 1
    assert len(dileptons.isolated_leptons(by_hand([ELECTRON, *around, beside(0.02, 8.0)]))[0].pt) == 1  # 7 of 48


@pytest.mark.parametrize(
    ("event", "chosen"),
    [
        ([(11, 1, 9.0, 0.0, 1.0)], False),
        ([(11, 1, 9.0, 0.0, 1.0), (22, 0, 2.0, 0.0, 1.05)], True),  # with the photon it is above 10 GeV
        ([(13, 1, 9.0, 0.0, 1.0)], False),
        ([(13, 1, 10.1, -2.39, 1.0)], True),
        ([(13, 1, 30.0, -2.41, 1.0)], False),
        ([(11, 1, 30.0, -2.49, 1.0)], True),
        ([(11, 1, 30.0, -2.51, 1.0)], False),
        ([(11, 1, 30.0, 2.51, 1.0), (22, 0, 30.0, 2.45, 1.0)], True),  # together at 2.48
        ([(211, 1, 30.0, 0.0, 1.0)], False),
        ([(22, 0, 30.0, 0.0, 1.0)], False),
    ],
)
def test_cuts_on_leptons_are_made_with_their_photons(event, chosen):
    leptons, used = dileptons.isolated_leptons(by_hand(event))
    assert len(leptons.pt) == chosen
    assert used.tolist() == [chosen] * len(event)


def test_leptons_see_their_own_event_only():
    photon, hadron = beside(0.05, 9.0), beside(0.2, 9.0, kind=130)
    leptons, used = dileptons.isolated_leptons(
        by_hand([ELECTRON], [photon, hadron], [MUON, (*ELECTRON[:3], -1.0, 1.0)])
    )
    assert leptons.event.tolist() == [0, 2, 2] and leptons.kind.tolist() == [11, 13, 11]
    assert leptons.pt == pytest.approx([40, 40, 40])
    assert used.tolist() == [True, False, False, True, True]


def test_a_batch_without_leptons_has_none():
    leptons, used = dileptons.isolated_leptons(by_hand([(22, 0, 30.0, 0.0, 1.0)], [], [(211, 1, 30.0, 0.0, 1.0)]))
    assert len(leptons.pt) == 0 and not used.any() and used.shape == (2,)


def stored_dileptons(monkeypatch, *events):
    """What the recipe stores of events of such candidates."""
    monkeypatch.setattr(dileptons, "reconstruct_event", lambda batch, rng: by_hand(*batch))
    return dileptons.reconstruct(events, dileptons.HWW.components[0], np.random.default_rng(1))


ANTIMUON = (13, 1, 30.0, -0.5, 0.0)
HADRON = (130, 0, 50.0, 1.5, -1.5)


def test_the_photon_of_an_electron_is_in_no_jet(monkeypatch):
    photon = beside(0.05, 35.0)
    columns = stored_dileptons(
        monkeypatch,
        [ELECTRON, photon, ANTIMUON, HADRON],  # its own photon
        [(13, -1, *MUON[2:]), ANTIMUON, HADRON, (22, 0, 35.0, 1.5, 1.5)],  # nobody's photon: a jet
    )
    assert columns["n_jets"].tolist() == [1, 2]
    assert columns["jet_pt1"].tolist() == [50, 50] and columns["jet_pt2"].tolist() == [0, 35]
    assert columns["jet_eta1"].tolist() == [1.5, 1.5] and columns["jet_phi2"].tolist() == [0, 1.5]
    assert columns["pt1"][0] == pytest.approx(75, rel=0.002) and columns["pdgid1"].tolist() == [11, 13]
    assert columns["pt2"].tolist() == [30, 30] and columns["charge2"].tolist() == [1, 1]
    px, py = (sum(one[2] * f(one[4]) for one in (ELECTRON, photon, ANTIMUON, HADRON)) for f in (np.cos, np.sin))
    assert columns["met"][0] == pytest.approx(np.hypot(px, py), rel=2.0**-9)  # photons and leptons are part of the sum
    assert far(0, columns["met_phi"][0], 0, np.arctan2(-py, -px)) < 1 / 2048


@pytest.mark.parametrize(
    ("event", "stored"),
    [
        ([ELECTRON, ANTIMUON], True),
        ([ELECTRON], False),
        ([], False),
        ([ELECTRON, (13, -1, 30.0, -0.5, 0.0)], False),  # one charge
        ([ELECTRON, ANTIMUON, (11, 1, 11.0, 1.0, 1.0)], False),  # three
        ([ELECTRON, ANTIMUON, (11, 1, 9.0, 1.0, 1.0)], True),  # the third is too soft
        ([(11, -1, 21.0, 0.5, 3.0), (13, 1, 20.0, -0.5, 0.0)], False),
        ([(11, -1, 23.0, 0.5, 3.0), (13, 1, 11.0, -0.5, 0.0)], True),
        ([(11, -1, 21.0, 0.5, 3.0), (22, 0, 3.0, 0.5, 3.0), (13, 1, 20.0, -0.5, 0.0)], True),
        ([(11, -1, 24.0, 0.0, 0.0), (13, 1, 23.0, 0.0, 0.45)], False),  # 10.5 GeV
        ([(11, -1, 24.0, 0.0, 0.0), (13, 1, 23.0, 0.0, 0.55)], True),  # 12.9 GeV
    ],
)
def test_events_are_stored_with_two_leptons_of_opposite_charge_and_a_mass(event, stored, monkeypatch):
    columns = stored_dileptons(monkeypatch, [HADRON], event, [ELECTRON, ANTIMUON, HADRON])
    assert len(columns["pt1"]) == stored + 1
    assert columns["n_jets"].tolist() == [0] * stored + [1]


# Without showers.


@pytest.fixture(scope="module")
def six_quarks():
    return run("ttbar_partons", 300, detector_seen=False)


def quark_momenta(columns):
    """Four-momenta of the six quarks, shape (n_events, 6, 4), from the stored numbers."""
    momenta = []
    for quark in partons.QUARKS:
        pt, eta, phi = (columns[f"{what}_{quark}"].astype(float) for what in ("pt", "eta", "phi"))
        mass = np.array([partons.QUARK_MASSES[code] for code in np.abs(columns[f"id_{quark}"].astype(int)).tolist()])
        momenta.append(detector.p4_of(pt, eta, phi, mass))
    return np.stack(momenta, axis=1)


def test_the_quarks_of_each_top_have_its_mass_and_those_of_each_w_have_the_w_mass(six_quarks):
    p4 = quark_momenta(six_quarks.columns)
    for quarks, mass, width in (([0, 1, 2], 172.5, 4), ([3, 4, 5], 172.5, 4), ([1, 2], 80.4, 6), ([4, 5], 80.4, 6)):
        found = detector.mass_of(p4[:, quarks])
        assert np.median(found) == pytest.approx(mass, rel=0.01)
        assert np.mean(np.abs(found - mass) < width) > 0.8


def test_the_six_quarks_balance(six_quarks):
    p4 = quark_momenta(six_quarks.columns)
    scale = np.hypot(p4[..., 1], p4[..., 2]).sum(axis=1)
    assert (np.abs(p4[..., 1:3].sum(axis=1)) < 0.002 * scale[:, None]).all()


def test_the_flavours_are_those_of_the_charges_of_top_and_w(six_quarks):
    codes = {quark: six_quarks.columns[f"id_{quark}"].astype(int) for quark in partons.QUARKS}
    thirds = {name: np.where(code % 2 == 0, 2, -1) * np.sign(code) for name, code in codes.items()}
    np.testing.assert_array_equal(thirds["q1"] + thirds["q2"], 3)
    np.testing.assert_array_equal(thirds["q3"] + thirds["q4"], -3)
    assert (thirds["b"] == -1).all() and (thirds["bbar"] == 1).all()
    assert (codes["q1"] > 0).all() and (codes["q2"] < 0).all() and (codes["q3"] > 0).all() and (codes["q4"] < 0).all()
    assert np.mean(codes["b"] == 5) > 0.98 and np.mean(codes["bbar"] == -5) > 0.98


def test_quark_masses_are_those_of_the_record(six_quarks):
    prt, seen = six_quarks.batch.prt, {}
    for codes, states, masses in zip(prt.id.tolist(), prt.status.tolist(), prt.m.tolist(), strict=True):
        for code, state, mass in zip(codes, states, masses, strict=True):
            if state > 0 and abs(code) in partons.QUARK_MASSES:
                seen.setdefault(abs(code), set()).add(round(mass, 6))
    assert seen == {code: {mass} for code, mass in partons.QUARK_MASSES.items()}


@pytest.mark.parametrize("name", ["ee_full", "ee_photon"])
def test_electron_and_positron_have_one_pt_and_opposite_azimuths(name):
    sample = run(name, 300, detector_seen=False)
    columns = {key: values.astype(float) for key, values in sample.columns.items()}
    codes, states = sample.batch.prt.id.tolist(), sample.batch.prt.status.tolist()
    momenta = np.stack([np.concatenate(sample.batch.prt.p[axis].to_list()) for axis in ("e", "px", "py", "pz")], axis=1)
    start = 0
    for row, (code, state) in enumerate(zip(codes, states, strict=True)):
        electron, positron = (
            momenta[start + next(k for k in range(len(code)) if code[k] == wanted and state[k] > 0)]
            for wanted in (11, -11)
        )
        start += len(code)
        np.testing.assert_allclose(electron[1:3], -positron[1:3], atol=1e-6)
        pt, eta, phi, _ = pt_eta_phi_mass(electron[None])
        assert columns["pt"][row] == pytest.approx(pt, rel=2.0**-11)
        assert columns["eta_electron"][row] == pytest.approx(eta, abs=1 / 1024 + 1e-6)
        assert columns["eta_positron"][row] == pytest.approx(pt_eta_phi_mass(positron[None])[1], abs=1 / 1024 + 1e-6)
        assert far(0, columns["phi"][row], 0, phi) < 1 / 512
        mass = pt_eta_phi_mass(np.stack([electron, positron]))[3]
        opening = np.cosh(columns["eta_electron"][row] - columns["eta_positron"][row]) + 1
        assert columns["pt"][row] * np.sqrt(2 * opening) == pytest.approx(mass, rel=0.003)
        assert mass > 30
    assert len(columns["pt"]) == sample.n


# Impact parameters.


def slow_closest_approach(p4, vertex, charge):
    """Point of a helix in 3.8 T that is closest to the z axis: steps along the path, finer and finer."""
    pt, phi = np.hypot(p4[1], p4[2]), np.arctan2(p4[2], p4[1])
    radius = 1000 * pt / (0.299792458 * 3.8)
    low, high = -np.pi * radius, np.pi * radius
    for _ in range(8):
        path = np.linspace(low, high, 2001)
        turned = phi - charge * path / radius  # a positive particle turns clockwise
        x = vertex[0] + charge * radius * (np.sin(phi) - np.sin(turned))
        y = vertex[1] - charge * radius * (np.cos(phi) - np.cos(turned))
        best = np.argmin(np.hypot(x, y))
        width = (high - low) / 500
        low, high = path[best] - width, path[best] + width
    return np.array([x[best], y[best], vertex[2] + path[best] * p4[3] / pt])


def test_the_closest_approach_is_that_of_a_slow_search_along_the_helix():
    rng = np.random.default_rng(3)
    n = 300
    p4 = detector.p4_of(rng.uniform(0.5, 20, n), rng.normal(0, 1, n), rng.uniform(-np.pi, np.pi, n))
    vertex = rng.normal(0, 1, (n, 3)) * rng.choice([0.01, 1, 20], n)[:, None]
    charge = rng.choice([-1, 1], n)
    before = [values.copy() for values in (p4, vertex, charge)]
    points = flavour.impact_parameters(p4, vertex, charge)
    slow = [slow_closest_approach(*track) for track in zip(p4, vertex, charge, strict=True)]
    np.testing.assert_allclose(points, slow, atol=2e-4)
    assert np.hypot(*vertex.T[:2]).max() > 40
    for now, then in zip((p4, vertex, charge), before, strict=True):
        np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize("charge", [1, -1])
def test_a_track_through_the_beam_has_no_impact_parameter(charge):
    p4 = detector.p4_of(np.array([1.0]), np.array([0.5]), np.array([3.0]))
    radius = 1000 / (0.299792458 * 3.8)
    turn = 40.0 / radius  # fly from the origin for 40 mm
    end = 3.0 - charge * turn
    vertex = np.array(
        [
            [
                charge * radius * (np.sin(3) - np.sin(end)),
                -charge * radius * (np.cos(3) - np.cos(end)),
                7 + 40 * np.sinh(0.5),
            ]
        ]
    )
    there = detector.p4_of(np.array([1.0]), np.array([0.5]), np.array([end]))
    np.testing.assert_allclose(flavour.impact_parameters(there, vertex, np.array([charge])), [[0, 0, 7]], atol=1e-9)
    assert np.abs(flavour.impact_parameters(p4, vertex, np.array([charge]))).max() > 1


def test_the_resolution_of_impact_parameters_by_hand():
    d0, z0 = flavour.impact_resolution(np.array([2.0]), np.array([1.5]))
    lever = np.cosh(1.5)
    assert d0[0] == pytest.approx(np.sqrt(0.010**2 + 0.080**2 * lever / 4))
    assert z0[0] == pytest.approx(np.sqrt(0.030**2 + 0.100**2 * lever**3 / 4))


def track_columns(tracks, vertices, *, jets, charge=1, primary=(0.0, 0.0, 0.0)):
    """What is stored of tracks (pt, eta, phi), one in each jet (eta, phi), that come from vertices in mm."""
    pt, eta, phi = np.array(tracks).T
    n = len(pt)
    index = np.arange(n)
    particles = {
        "event": index,
        "id": np.full(n, 211 * charge),
        "status": np.full(n, 91),
        "mother": np.full(n, -1),
        "p4": detector.p4_of(pt, eta, phi),
        "vertex": np.array(vertices, dtype=float),
    }
    members = Candidates(index, pt, eta, phi, np.full(n, charge), np.full(n, 211), index)
    columns = dict(zip(("eta", "phi"), np.array(jets, dtype=float).T, strict=True)) | {"pt": pt}
    primary = np.tile(primary, (n, 1))
    return flavour._track_columns(members, index, columns, particles, primary, np.random.default_rng(1))


@pytest.mark.parametrize("charge", [1, -1])
@pytest.mark.parametrize("side", [0.3, -0.3])
@pytest.mark.parametrize("jet_phi", [0.4, 3.1, -2.0])
def test_a_decay_in_front_has_positive_impact_parameters_and_one_behind_negative(jet_phi, side, charge):
    flight = np.array([np.cos(jet_phi), np.sin(jet_phi), np.sinh(0.5)])
    track, jet = (50.0, 0.5 + side, jet_phi + side), (0.5, jet_phi)
    jets = [jet, jet]
    columns = track_columns([track, track], [5 * flight, -5 * flight], jets=jets, charge=charge)
    d0 = 5 * np.sin(0.3)
    z0 = abs(5 * np.sinh(0.5) - 5 * np.cos(0.3) * np.sinh(0.5 + side))
    np.testing.assert_allclose(columns["track_d0"], [d0, -d0], atol=0.1)
    np.testing.assert_allclose(columns["track_z0"], [z0, -z0], atol=0.2)
    np.testing.assert_allclose(columns["track_delta_phi"], side, atol=1 / 512)
    np.testing.assert_allclose(columns["track_delta_eta"], side, atol=1 / 512)
    assert columns["track_charge"].tolist() == [charge, charge]


@pytest.mark.parametrize("side", [0.3, -0.3])
def test_the_geometric_impact_parameter_is_positive_with_the_vertex_on_the_right(side):
    # a track along x one mm above or below the beam: the beam is on its right-hand or left-hand side
    columns = track_columns([(50.0, 0.0, 0.0)] * 2, [[0, 1, 0], [0, -1, 0]], jets=[(0.0, -side)] * 2)
    geometric = -np.sign(columns["track_delta_phi"]) * columns["track_d0"]
    np.testing.assert_allclose(geometric, [1, -1], atol=0.1)


def test_the_fifteen_hardest_tracks_of_a_jet_are_kept():
    n = 40
    index, charge = np.arange(n), np.where(np.arange(n) % 2 == 0, 1, 0)  # every other one is charged
    pt, zeros = np.linspace(30, 5, n), np.zeros(n)
    particles = {
        "event": index * 0,
        "id": np.where(charge, 211, 22),
        "status": np.full(n, 91),
        "mother": np.full(n, -1),
        "p4": detector.p4_of(pt, zeros + 0.1, zeros + 0.1),
        "vertex": np.zeros((n, 3)),
    }
    particles["vertex"][[2, 4]] = [[99.0, 0.0, 0.0], [0.0, 101.0, 0.0]]  # the second is made too far outside
    members = Candidates(index * 0, pt, zeros + 0.1, zeros + 0.1, charge, np.where(charge, 211, 22), index)
    jets = {"eta": np.zeros(1), "phi": np.zeros(1), "pt": np.ones(1)}
    columns = flavour._track_columns(members, index * 0, jets, particles, np.zeros((1, 3)), np.random.default_rng(1))
    expected = pt[[0, 2, *range(6, 32, 2)]]
    assert columns["n_tracks"].tolist() == [15]
    np.testing.assert_allclose(columns["track_pt"], expected, rtol=2.0**-8)


@pytest.mark.parametrize(("pt", "seen"), [(0.49, 0), (0.51, 1)])
def test_tracks_begin_at_half_a_gev(pt, seen):
    assert track_columns([(pt, 0.0, 0.0)], np.zeros((1, 3)), jets=[(0.1, 0.1)])["n_tracks"].tolist() == [seen]


def test_impact_parameters_are_measured_from_the_primary_vertex():
    primary, track, jets = (0.8, -0.5, 2.0), (50.0, 0.2, 1.0), [(0.1, 0.9)]
    prompt = track_columns([track], [primary], jets=jets, primary=primary)
    assert abs(prompt["track_d0"][0]) < 0.06 and abs(prompt["track_z0"][0]) < 0.18
    moved = track_columns([track], [(0.8, 1.5, 3.0)], jets=jets, primary=primary)
    same = track_columns([track], [(0.0, 2.0, 1.0)], jets=jets)
    assert moved["track_d0"].tolist() == same["track_d0"].tolist() and abs(same["track_d0"][0]) > 0.9
    assert moved["track_z0"].tolist() == same["track_z0"].tolist() and abs(same["track_z0"][0]) > 0.5


def test_impact_parameters_of_prompt_tracks_have_the_stated_spread():
    n = 4000
    rng = np.random.default_rng(2)
    tracks = np.stack([rng.uniform(0.6, 10, n), rng.normal(0, 1, n), rng.uniform(-3, 3, n)], axis=1)
    columns = track_columns(tracks, np.zeros((n, 3)), jets=tracks[:, 1:] + 0.1)
    for name in ("d0", "z0"):
        pull = columns[f"track_{name}"].astype(float) / columns[f"track_{name}_error"].astype(float)
        assert np.std(pull) == pytest.approx(1, rel=0.05)
        assert np.mean(pull) == pytest.approx(0, abs=5 / np.sqrt(n))


# The labels of jets.


def one_jet(hadrons):
    """Jets and flavours of one event with a jet of 60 GeV around (0, 3.1), and hadrons (code, pt, eta, phi, mother)."""
    pt, eta, phi = np.array([30.0, 20.0, 10.0]), np.array([0.0, 0.1, -0.1]), np.array([3.1, -3.13, 3.0])
    zeros = np.zeros(3, dtype=int)
    candidates = Candidates(zeros, pt, eta, phi, zeros, zeros + 22, zeros - 1)
    code, *momentum, mother = (np.array(values) for values in zip(*hadrons, strict=True))
    particles = {
        "event": np.zeros(len(code), dtype=int),
        "id": code,
        "mother": mother,
        "p4": detector.p4_of(*momentum),
    }
    return flavour.labelled_jets(candidates, particles, 1)


B, C, LIGHT = (511, 30.0, 0.0, 3.1, -1), (411, 20.0, 0.0, 3.1, -1), (211, 10.0, 0.0, 3.1, -1)


@pytest.mark.parametrize(
    ("hadrons", "expected"),
    [
        ([LIGHT], 0),
        ([C], 4),
        ([B], 5),
        ([B, (-411, 20.0, 0.0, 3.1, 0)], 5),
        ([C, B], 5),
        ([(5122, 6.0, 0.2, -3.1, -1)], 5),  # across pi
        ([(-4122, 6.0, 0.2, -3.1, -1)], 4),
        ([(511, 4.9, 0.0, 3.1, -1)], 0),  # too soft
        ([(511, 30.0, 0.0, 2.0, -1)], 0),  # elsewhere
        (
            [(513, 30.0, 0.0, 3.1, -1), (511, 30.0, 0.0, 2.0, 0)],
            0,
        ),  # an excited one in the jet, what decays is elsewhere
        ([(511, 30.0, 0.0, 2.0, -1), C], 4),
    ],
)
def test_a_jet_has_the_flavour_of_the_heaviest_hadron_in_it(hadrons, expected):
    jets, flavours = one_jet(hadrons)
    assert flavours.tolist() == [expected]
    assert jets.counts.tolist() == [3] and jets.constituents.tolist() == [0, 1, 2]


@pytest.fixture(scope="module")
def tracks():
    return run("flavour_jets", 150)


def test_ghosts_change_no_jet(tracks):
    c = tracks.candidates
    jets, _ = flavour.labelled_jets(c, tracks.particles, tracks.n)
    plain = clustering.find_jets(c.p4, c.event, tracks.n, radius=0.4, min_pt=27.0)
    np.testing.assert_allclose(jets.p4, plain.p4, rtol=1e-9, atol=1e-9)
    for name in ("event", "place", "counts", "constituents"):
        np.testing.assert_array_equal(getattr(jets, name), getattr(plain, name))


HEAVY = {5: (511, 521, 531, 541, 5122, 5132, 5232, 5332), 4: (411, 421, 431, 4122, 4132, 4232, 4332)}  # decay weakly


@pytest.fixture(scope="module")
def slow_tracks(tracks):
    """The particles behind the tracks of each stored jet, by a loop over the jets: list of index arrays."""
    stored, particles = [], tracks.particles
    beauty = [k for k in range(len(particles["id"])) if abs(particles["id"][k]) in HEAVY[5]]
    for number in range(tracks.n):
        here = event_candidates(tracks, number)
        for members in jets_of_event(here, 0.4, 27.0):
            pt, eta, phi, _ = pt_eta_phi_mass(here.p4[members])
            directions = [
                pt_eta_phi_mass(particles["p4"][k][None])[:3] for k in beauty if particles["event"][k] == number
            ]
            has_b = any(b_pt > 5 and far(eta, phi, b_eta, b_phi) < 0.3 for b_pt, b_eta, b_phi in directions)
            maybe_b = any(b_pt > 5 and far(eta, phi, b_eta, b_phi) < 0.5 for b_pt, b_eta, b_phi in directions)
            if 30 < held(pt, 7) < 150 and abs(eta) < 2.4 and maybe_b:
                jet = here[np.array(members)]
                seen = (jet.charge != 0) & (jet.pt > 0.5)
                seen &= np.hypot(*particles["vertex"][jet.particle].T[:2]) < 100
                stored.append((pt, has_b, jet[seen].particle[:15]))
    return stored


def paired(tracks, slow_tracks):
    """Each stored jet with the particles of its tracks."""
    columns = tracks.columns
    starts = np.cumsum(columns["n_tracks"], dtype=int) - columns["n_tracks"]
    at = 0
    for row, pt in enumerate(columns["pt"]):
        while abs(slow_tracks[at][0] / pt - 1) > 2.0**-8:  # one whose b hadron lies near its edge, and outside
            assert not slow_tracks[at][1]
            at += 1
        here = slice(starts[row], starts[row] + columns["n_tracks"][row])
        yield {name: values[here] for name, values in columns.items() if name.startswith("track_")}, slow_tracks[at][2]
        at += 1


def test_jets_with_a_b_hadron_are_stored_with_their_hardest_tracks(tracks, slow_tracks):
    assert set(tracks.columns["flavour"].tolist()) == {5}
    assert sum(has_b for _, has_b, _ in slow_tracks) <= len(tracks.columns["pt"]) <= len(slow_tracks)
    assert len(tracks.columns["pt"]) > 100 and 15 >= tracks.columns["n_tracks"].max() > 10
    measured = dict(zip(tracks.candidates.particle.tolist(), tracks.candidates.pt, strict=True))
    for columns, particles in paired(tracks, slow_tracks):
        assert len(columns["track_pt"]) == len(particles)
        np.testing.assert_allclose(columns["track_pt"], [measured[k] for k in particles], rtol=2.0**-8)


def test_the_origin_of_a_track_is_that_of_a_slow_walk_through_its_ancestors(tracks, slow_tracks):
    particles, seen = tracks.particles, {0: 0, 1: 0, 2: 0, 3: 0}
    decaying = (310, 3122, 3112, 3222, 3312, 3322, 3334, 130, 13, 211, 321)
    for columns, members in paired(tracks, slow_tracks):
        for found, k in zip(columns["track_origin"], members, strict=True):
            line, ancestors = int(particles["mother"][k]), []
            while line >= 0:
                ancestors.append(abs(int(particles["id"][line])))
                line = int(particles["mother"][line])
            if any(code in decaying for code in ancestors):
                expected = 3
            elif any(code in HEAVY[4] for code in ancestors):
                expected = 2
            elif any(code in HEAVY[5] for code in ancestors):
                expected = 1
            else:
                expected = 3 if np.hypot(*particles["vertex"][k][:2]) > 0.01 else 0
            assert found == expected, ancestors
            seen[expected] += 1
    assert min(seen.values()) >= 5, seen


def test_tracks_with_one_number_come_from_one_point_and_the_numbers_have_no_gap(tracks, slow_tracks):
    many = 0
    for columns, members in paired(tracks, slow_tracks):
        made, numbers = tracks.particles["vertex"][members], columns["track_vertex"]
        np.testing.assert_array_equal(numbers == 0, columns["track_origin"] == 0)
        expected = range(1, numbers.max(initial=0) + 1)
        assert sorted(set(numbers.tolist()) - {0}) == list(expected)
        distances = []
        for number in expected:
            mine = made[numbers == number]
            assert np.ptp(mine, axis=0).max() < 1e-3
            distances.append(np.linalg.norm(mine[0]))
        assert (np.diff(distances) > -1e-3).all()
        assert all(
            np.linalg.norm(made[numbers == one][0] - made[numbers == one + 1][0]) > 1e-5 for one in expected[:-1]
        )
        many += numbers.max(initial=0) > 1
    assert many > 20


def test_tracks_of_b_hadrons_have_positive_impact_parameters_and_prompt_ones_none(tracks):
    columns = {name: values.astype(float) for name, values in tracks.columns.items()}
    significance = columns["track_d0"] / columns["track_d0_error"]
    prompt, heavy = columns["track_origin"] == 0, columns["track_origin"] == 1
    assert np.median(significance[heavy]) > 2 and np.mean(significance[heavy] > 0) > 0.75
    assert abs(np.median(significance[prompt])) < 0.25 and np.mean(np.abs(significance[prompt]) < 5) > 0.98
    sigma = np.hypot(columns["track_d0_error"], 0.012)[prompt]  # with that of the primary vertex
    pull = columns["track_d0"][prompt] / sigma
    assert (np.percentile(pull, 84) - np.percentile(pull, 16)) / 2 == pytest.approx(1, abs=0.12)


def test_the_primary_vertex_of_an_event_is_known_to_twelve_micrometres(tracks, monkeypatch):
    monkeypatch.setattr(flavour, "VERTEX_RESOLUTION", 0.0)
    exact = flavour.reconstruct(tracks.batch, flavour.FLAVOUR_JETS.components[0], np.random.default_rng(SEED))
    columns = tracks.columns
    np.testing.assert_array_equal(exact["track_pt"], columns["track_pt"])
    right, angle = -np.copysign(1, columns["track_delta_phi"]), columns["track_delta_phi"]  # zeros have a sign too
    moved = right * (columns["track_d0"] - exact["track_d0"])
    shifts = []
    for jet in np.split(np.arange(len(moved)), np.cumsum(columns["n_tracks"], dtype=int)[:-1]):
        if len(jet) > 4 and np.ptp(angle[jet]) > 0.2:  # all its tracks see one and the same shift, along and across
            seen = np.stack([np.sin(angle[jet]), np.cos(angle[jet])], axis=1)
            shift, *_ = np.linalg.lstsq(seen, moved[jet], rcond=None)
            assert np.abs(seen @ shift - moved[jet]).max() < 2 / 512
            shifts.append(shift[1])
    assert len(shifts) > 40
    assert np.std(shifts) == pytest.approx(0.012, rel=5 / np.sqrt(2 * len(shifts)))
    assert np.abs(columns["track_z0"] - exact["track_z0"]).max() > 0.03


def test_vertices_are_numbered_by_distance_within_each_jet():
    jet = np.array([0, 0, 0, 0, 2, 2, 2])
    position = np.array([[0.002, 0, 0], [4, 0, 3], [0, 2, 0], [4, 0, 3], [0, 0, 9], [1, 1, 1], [4, 0, 3]], dtype=float)
    origin = np.array([0, 2, 1, 2, 3, 1, 1])
    assert flavour._vertices(jet, position, origin).tolist() == [0, 2, 1, 2, 3, 1, 2]
    assert flavour._vertices(np.zeros(0, dtype=int), np.zeros((0, 3)), np.zeros(0, dtype=int)).shape == (0,)


def test_points_less_than_half_a_micrometre_apart_are_one_vertex():
    position = np.array([[0, 5, 3], [2e-4, 5 - 3e-4, 3], [-2e-4, 5, 3], [1.6e-3, 5, 3], [0, 6, 3]], dtype=float)
    numbers = flavour._vertices(np.zeros(5, dtype=int), position, np.ones(5, dtype=int))
    assert numbers.tolist() == [1, 1, 1, 2, 3]


# Pairs of jets and whole events.


@pytest.fixture(scope="module")
def dijets():
    return {name: run(name, 150) for name in ("dijet_background", "dijet_signal")}


@pytest.mark.parametrize("name", ["dijet_background", "dijet_signal"])
def test_the_mass_of_two_jets_is_that_of_their_constituents_and_the_lighter_jet_is_first(name, dijets):
    sample, row = dijets[name], 0
    columns = sample.columns
    for number in range(sample.n):
        here = event_candidates(sample, number)
        jets = jets_of_event(here, 1.0, 200.0)[:2]
        if len(jets) < 2:
            continue
        kinematics = [pt_eta_phi_mass(here.p4[members]) for members in jets]
        mass = pt_eta_phi_mass(here.p4[jets[0] + jets[1]])[3]
        if not (2500 < mass < 5000) or kinematics[0][0] <= 1200 or max(abs(jet[1]) for jet in kinematics) >= 2.5:
            continue
        assert columns["m_jj"][row] == pytest.approx(mass, rel=1e-4)
        shapes = [clustering.substructure(here.p4[members], np.array([len(members)]), radius=1.0) for members in jets]
        light, heavy = sorted(shapes, key=lambda shape: shape["mass_softdrop"][0])
        assert columns["m_j1"][row] == pytest.approx(light["mass_softdrop"][0], rel=2.0**-8)
        difference = heavy["mass_softdrop"][0] - light["mass_softdrop"][0]
        assert columns["delta_m_j"][row] == pytest.approx(difference, rel=2.0**-8, abs=1e-3)
        for place, shape in (("1", light), ("2", heavy)):
            ratio = shape["tau2"][0] / shape["tau1"][0]
            assert columns["tau21_j" + place][row] == pytest.approx(ratio, rel=2.0**-8)
        row += 1
    assert row == len(columns["m_jj"]) > 30


def test_the_resonance_and_its_two_jets_have_the_masses_of_the_signal(dijets):
    columns = {name: values.astype(float) for name, values in dijets["dijet_signal"].columns.items()}
    assert np.median(columns["m_jj"]) == pytest.approx(3500, rel=0.04)
    assert np.median(columns["m_j1"]) == pytest.approx(100, rel=0.1)
    assert np.median(columns["m_j1"] + columns["delta_m_j"]) == pytest.approx(500, rel=0.06)


@pytest.mark.parametrize("component", [0, 1])
def test_the_visible_particles_of_whole_events_balance_the_invisible_ones(component):
    sample = run("jet_events", 10, component)
    columns = {name: values.astype(float) for name, values in sample.columns.items()}
    event = np.repeat(np.arange(sample.n), sample.columns["n_particles"])
    p4 = detector.p4_of(columns["particle_pt"], columns["particle_eta"], columns["particle_phi"])
    assert set(columns["process"].tolist()) == {1 - component} and len(p4) == len(event)
    prt = sample.batch.prt
    for number in range(sample.n):
        codes, states = prt.id[number].tolist(), prt.status[number].tolist()
        momenta = np.stack([prt.p[axis][number].to_list() for axis in ("e", "px", "py", "pz")], axis=1)
        unseen, charge = np.zeros(2), 0
        for code, state, momentum in zip(codes, states, momenta, strict=True):
            hidden = abs(code) in (12, 14, 16) or abs(pt_eta_phi_mass(momentum[None])[1]) > 5
            if state > 0 and hidden:
                unseen += momentum[1:3]
            if state > 0 and not hidden:
                charge += {11: -1, 13: -1, 211: 1, 321: 1, 2212: 1}.get(abs(code), 0) * np.sign(code)
        mine = event == number
        np.testing.assert_allclose(p4[mine, 1:3].sum(axis=0), -unseen, atol=0.05)
        assert columns["particle_charge"][mine].sum() == charge
        assert (np.diff(columns["particle_pt"][mine]) <= 0).all()
    assert np.hypot(p4[:, 1], p4[:, 2]).max() > 20


def test_particles_of_whole_events_have_the_mass_of_their_kind():
    particle = pytest.importorskip("particle")
    columns = run("jet_events", 2).columns
    for code in (211, 321, 2212, 22, 130):
        mine = np.abs(columns["particle_id"]) == code
        expected = particle.Particle.from_pdgid(code).mass / 1000
        assert mine.any()
        np.testing.assert_allclose(columns["particle_mass"][mine], expected, rtol=1e-3, atol=2e-3)


# Pythia that gives nothing.


def test_a_batch_without_events_is_an_error_with_words():
    silent = SimpleNamespace(nextBatch=lambda size: [])
    with pytest.raises(RuntimeError, match="Pythia made no event of a whole batch"):
        next(generator._batches(silent, 100, 10))


def test_batches_are_of_the_given_size_and_the_last_one_has_the_rest():
    asked = []
    counting = SimpleNamespace(nextBatch=lambda size: asked.append(size) or [0] * size)
    assert [len(batch) for batch in generator._batches(counting, 25, 10)] == asked == [10, 10, 5]


def test_settings_without_a_process_are_refused():
    pytest.importorskip("pythia8mc", reason="pythia8mc is not installed: pip install 'hepml-helpers[simulate]'")
    with pytest.raises(RuntimeError, match="Pythia did not start with the settings"):
        generator.start_pythia(("Beams:eCM = 13000", "HardQCD:all = off"), 1)
