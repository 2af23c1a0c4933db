"""Pythia's record as flat arrays: mothers, ancestors, last copies and the quarks of hadrons."""

import sys
from pathlib import Path

import awkward as ak
import numpy as np
import pytest

DATA = Path(__file__).resolve().parent.parent / "data"
if str(DATA) not in sys.path:
    sys.path.append(str(DATA))

from recipes import generator  # noqa: E402
from recipes.event_record import flat_particles, hadron_with, has_ancestor, is_last, per_event  # noqa: E402

# Two events, rows of (id, status, mother, px, vertex x); the vertex of most of Pythia's particles is missing.
FIRST = [
    (90, -11, 0, 0.0, None),
    (2212, -12, 0, 1.0, None),
    (2212, -12, 0, 2.0, None),
    (513, -84, 1, 3.0, None),  # B*0
    (511, -91, 3, 4.0, None),  # B0 from it
    (22, 91, 3, 5.0, None),
    (-411, -91, 4, 6.0, 0.5),  # D- from the B0
    (211, 91, 4, 7.0, 0.5),
    (-211, 91, 6, 8.0, 1.5),
]
SECOND = [
    (90, -11, 0, 10.0, None),
    (2212, -12, 0, 11.0, None),
    (2212, -12, 0, 12.0, None),
    (4122, -83, 2, 13.0, 0.25),
    (2212, 91, 3, 14.0, 0.75),
]


def batch_of(*events):
    """Events with the fields of Pythia's `nextBatch`."""
    code, status, mother, px, x = zip(*[row for event in events for row in event], strict=True)
    n = len(code)
    numbers = {name: np.array(values, dtype=np.int32) for name, values in (("id", code), ("status", status))}
    place = ak.zip({"px": np.array([v or 0.0 for v in x]), "py": np.full(n, 2.0), "pz": np.full(n, 3.0)})
    fields = numbers | {
        "mother1": np.array(mother, dtype=np.int32),
        "p": ak.zip({"px": np.array(px), "py": -np.array(px), "pz": np.full(n, 30.0), "e": np.full(n, 40.0)}),
        "vProd": ak.mask(place, np.array([value is not None for value in x])),
    }
    prt = ak.unflatten(ak.zip(fields, depth_limit=1), [len(event) for event in events])
    return ak.zip({"prt": prt}, depth_limit=1)


@pytest.fixture
def particles():
    """The two events by hand; indices 0 to 8 and 9 to 13."""
    return flat_particles(batch_of(FIRST, SECOND))


@pytest.fixture(scope="module")
def real():
    """Twenty events with b quarks, and the same particles as Python lists, event by event."""
    pytest.importorskip("pythia8mc", reason="pythia8mc is not installed: pip install 'hepml-helpers[simulate]'")
    settings = ("Beams:eCM = 13000", "HardQCD:hardbbbar = on", "PhaseSpace:pTHatMin = 40", "PartonLevel:MPI = off")
    batch = next(generator._batches(generator.start_pythia(settings, 12), 20, 20))
    return flat_particles(batch), batch.prt.id.tolist(), batch.prt.mother1.tolist()


# Columns.


def test_a_record_is_flat_and_its_mothers_are_indices_into_the_whole_batch(particles):
    assert particles["event"].tolist() == [0] * 9 + [1] * 5
    assert particles["id"].tolist() == [row[0] for row in FIRST + SECOND]
    assert particles["status"].tolist() == [row[1] for row in FIRST + SECOND]
    assert particles["mother"].tolist() == [-1, -1, -1, 1, 3, 3, 4, 4, 6, -1, -1, -1, 11, 12]


def test_momenta_are_energy_first_and_missing_vertices_are_the_origin(particles):
    assert particles["p4"][7].tolist() == [40.0, 7.0, -7.0, 30.0]
    assert particles["p4"].shape == (14, 4) and particles["vertex"].shape == (14, 3)
    assert particles["vertex"][[5, 8, 13]].tolist() == [[0.0, 0.0, 0.0], [1.5, 2.0, 3.0], [0.75, 2.0, 3.0]]


def test_a_batch_of_one_event_is_no_exception():
    alone = flat_particles(batch_of(SECOND))
    assert alone["mother"].tolist() == [-1, -1, -1, 2, 3] and alone["event"].tolist() == [0] * 5


# The past of a particle.


def test_ancestors_by_hand(particles):
    beauty = np.isin(np.abs(particles["id"]), (511, 513))
    assert np.flatnonzero(has_ancestor(particles, beauty)).tolist() == [3, 4, 5, 6, 7, 8]
    charm = np.isin(np.abs(particles["id"]), (411, 4122))
    assert np.flatnonzero(has_ancestor(particles, charm)).tolist() == [6, 8, 12, 13]


def test_the_last_particle_of_the_batch_is_not_everybodys_ancestor(particles):
    last = np.arange(14) == 13  # what the index -1 of a missing mother would point to
    assert np.flatnonzero(has_ancestor(particles, last)).tolist() == [13]


def test_the_last_of_its_kind_has_no_daughter_of_its_kind(particles):
    beauty = np.isin(np.abs(particles["id"]), (511, 513))
    before = beauty.copy()
    assert np.flatnonzero(is_last(particles, beauty)).tolist() == [4]
    np.testing.assert_array_equal(beauty, before)
    assert not is_last(particles, np.zeros(14, dtype=bool)).any()


def test_a_long_chain_of_copies_has_one_last_one_and_one_ancestor():
    chain = [(5 if index else 90, -44, max(index - 1, 0), 1.0, None) for index in range(35)]
    chain[2] = (6, -22, 1, 1.0, None)
    record = flat_particles(batch_of(chain))
    assert np.flatnonzero(has_ancestor(record, record["id"] == 6)).tolist() == list(range(2, 35))
    assert np.flatnonzero(is_last(record, record["id"] == 5)).tolist() == [1, 34]


def test_ancestors_and_last_copies_are_those_of_a_slow_loop(real):
    particles, identities, mothers = real
    wanted = hadron_with(particles, 5)
    ancestor, last, start = has_ancestor(particles, wanted), is_last(particles, wanted), 0
    for identity, mother in zip(identities, mothers, strict=True):
        for index in range(len(identity)):
            line, seen = index, False
            while line > 0:
                seen = seen or bool(wanted[start + line])
                line = mother[line]
            assert ancestor[start + index] == seen
            heirs = [k for k in range(len(identity)) if mother[k] == index > 0 and wanted[start + k]]
            assert last[start + index] == (wanted[start + index] and not heirs)
        start += len(identity)
    assert last.sum() >= 40 and wanted.sum() > last.sum()  # two b hadrons in each event, some of them excited at first


# The quarks of hadrons.


@pytest.mark.parametrize(
    ("code", "quark"),
    [
        (511, 5),
        (-521, 5),
        (531, 5),
        (541, 5),
        (-541, 5),
        (543, 5),
        (5122, 5),
        (-5232, 5),
        (5332, 5),
        (20513, 5),
        (10521, 5),
        (411, 4),
        (-421, 4),
        (431, 4),
        (4122, 4),
        (-4332, 4),
        (4422, 4),
        (10411, 4),
        (20433, 4),
        (211, 0),
        (310, 0),
        (2212, 0),
        (3122, 0),
        (-3334, 0),
        (130, 0),
        (441, 0),  # a quark and its own antiquark: not open
        (443, 0),
        (10441, 0),
        (20443, 0),
        (100443, 0),
        (551, 0),
        (553, 0),
        (20553, 0),
        (100553, 0),
        (5, 0),
        (4, 0),
        (21, 0),
        (24, 0),
        (22, 0),
        (1000020040, 0),
        (1000200400, 0),  # nuclei: calcium-40, chromium-50
        (1000240500, 0),
    ],
)
def test_the_heaviest_open_flavour_of_a_hadron_is_in_its_code(code, quark):
    particles = {"id": np.array([code])}
    assert [bool(hadron_with(particles, heavy)[0]) for heavy in (4, 5)] == [quark == 4, quark == 5]


def test_hadrons_with_heavy_quarks_are_those_of_the_particle_library(real):
    library = pytest.importorskip("particle")
    particles, *_ = real
    codes = np.unique(particles["id"])
    known = [code for code in codes if abs(code) > 100 and library.PDGID(int(code)).is_hadron]
    assert sum(library.PDGID(int(code)).has_bottom for code in known) > 5
    for code in [*known, 441, 443, 553, 541, -541, 10441, 20443, 100443, 100553]:
        pdg_id, one = library.PDGID(int(code)), {"id": np.array([code])}
        hidden = (
            library.Particle.from_pdgid(int(code)).quarks in ("cC", "bB") if abs(code) in range(441, 560) else False
        )
        hidden |= code in (10441, 20443, 100443, 100553)
        assert bool(hadron_with(one, 5)[0]) == (pdg_id.has_bottom and not hidden), code
        assert bool(hadron_with(one, 4)[0]) == (pdg_id.has_charm and not pdg_id.has_bottom and not hidden), code


# Tables.


def test_particles_of_each_event_stand_in_a_table_in_the_order_of_the_record(particles):
    table = per_event(particles, particles["status"] > 0, 3, 2)
    assert table.tolist() == [[5, 7], [13, -1], [-1, -1]]
    assert per_event(particles, particles["id"] == 2212, 2, 4).tolist() == [[1, 2, -1, -1], [10, 11, 13, -1]]


def test_a_table_of_nothing_holds_minus_ones(particles):
    assert (per_event(particles, np.zeros(14, dtype=bool), 2, 1) == -1).all()


def test_tables_are_those_of_a_slow_loop(real):
    particles, identities, _ = real
    table = per_event(particles, np.abs(particles["id"]) == 5, 20, 6)
    start = 0
    for row, identity in zip(table, identities, strict=True):
        expected = [start + index for index, code in enumerate(identity) if abs(code) == 5][:6]
        assert row.tolist() == expected + [-1] * (6 - len(expected))
        start += len(identity)
