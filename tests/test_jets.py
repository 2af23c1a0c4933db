"""Lists of constituents as arrays, and their four-momenta."""

import awkward as ak
import numpy as np
import pytest
import vector

from hepml_helpers import jets, kinematics


@pytest.fixture
def sample(rng):
    """Fifty jets with 0 to 12 constituents, pt in falling order, azimuths on both sides of pi."""
    counts = rng.integers(0, 13, 50)
    n = counts.sum()

    def lists(values):
        return ak.unflatten(values.astype(np.float32), counts)

    return ak.zip(
        {
            "eta": rng.uniform(-2, 2, 50),
            "phi": rng.choice([-3.1, 3.1, 0.4], 50),
            "constituent_pt": ak.sort(lists(rng.exponential(20, n)), axis=1, ascending=False),
            "constituent_delta_eta": lists(rng.normal(0, 0.2, n)),
            "constituent_delta_phi": lists(rng.normal(0, 0.2, n)),
        },
        depth_limit=1,
    )


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def test_padding_is_what_a_loop_over_the_jets_gives(sample):
    expected = np.zeros((50, 8), np.float32)
    for row, values in enumerate(sample["constituent_pt"].to_list()):
        expected[row, : len(values)] = values[:8]
    padded = jets.pad(sample["constituent_pt"], 8)
    np.testing.assert_array_equal(padded, expected)
    assert padded.dtype == np.float32


def test_the_mask_is_true_where_a_constituent_is(sample):
    real = jets.mask(sample["constituent_pt"], 8)
    np.testing.assert_array_equal(real.sum(axis=1), np.minimum(ak.num(sample["constituent_pt"]), 8))
    np.testing.assert_array_equal(real, jets.pad(sample["constituent_pt"], 8) > 0)


def test_a_longer_array_only_adds_padding(sample):
    short, long = jets.pad(sample["constituent_pt"], 12), jets.pad(sample["constituent_pt"], 30)
    np.testing.assert_array_equal(long[:, :12], short)
    assert not long[:, 12:].any() and not jets.mask(sample["constituent_pt"], 30)[:, 12:].any()


def test_no_jets_give_an_empty_array():
    empty = ak.Array([[1.0]])[:0]
    assert jets.pad(empty, 4).shape == (0, 4)


def test_whole_numbers_stay_whole():
    assert jets.pad(ak.Array([[-2, 0], [3]]), 2).dtype.kind == "i"


def test_four_momenta_are_those_of_the_vector_library(sample):
    p4 = jets.constituents_p4(sample, 12)
    for row in range(50):
        for place, pt in enumerate(sample["constituent_pt"][row].to_list()):
            eta = sample["eta"][row] + sample["constituent_delta_eta"][row, place]
            phi = sample["phi"][row] + sample["constituent_delta_phi"][row, place]
            expected = vector.obj(pt=pt, eta=eta, phi=phi, mass=0.0)
            np.testing.assert_allclose(p4[row, place], [expected.E, expected.px, expected.py, expected.pz], rtol=1e-6)


def test_padding_has_no_momentum(sample):
    p4 = jets.constituents_p4(sample, 20)
    assert not p4[~jets.mask(sample["constituent_pt"], 20)].any()


@pytest.mark.parametrize("name", ["top_jets", "qcd_w_jets"])
def test_the_constituents_of_a_jet_add_up_to_it(name, capsys):
    """Of jets that have no more constituents than are stored; the rest is rounding, of each pt to 2^-7 at most."""
    from hepml_helpers.datasets import load_dataset

    sample = load_dataset(name)[:5000]
    whole = ak.to_numpy(sample["n_seen"] == sample["n_constituents"])
    total = jets.constituents_p4(sample, 40)[whole].sum(axis=1)
    assert whole.sum() > 50
    np.testing.assert_allclose(kinematics.pt(total), ak.to_numpy(sample["pt"])[whole], rtol=2**-7)
    mass = ak.to_numpy(sample["mass"])[whole]
    error = kinematics.invariant_mass(total) / mass - 1
    assert np.percentile(np.abs(error), 68) < 0.004 and abs(np.median(error)) < 0.002


@pytest.mark.parametrize("function", [jets.pad, jets.mask])
def test_what_is_no_length_or_no_list_is_refused(function):
    with pytest.raises(ValueError, match="length is 0; expected at least 1"):
        function(ak.Array([[1.0]]), 0)
    with pytest.raises(ValueError, match="expected lists, such as constituent_pt"):
        function(ak.Array([1.0, 2.0]), 3)
