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


# Images: translate, turn, mirror, fill pixels.

PT = np.array([[8.0, 4.0, 2.0, 0.0], [0.0, 0.0, 0.0, 0.0], [5.0, 0.0, 0.0, 0.0]])  # three, none, one constituent
ETA = np.array([[0.0, 0.5, -0.25, 0.0], [0.0, 0.0, 0.0, 0.0], [1.5, 0.0, 0.0, 0.0]])
PHI = np.array([[0.0, 0.25, 0.5, 0.0], [0.0, 0.0, 0.0, 0.0], [-0.5, 0.0, 0.0, 0.0]])


@pytest.fixture
def many(rng):
    """Pt, eta and phi of sixty jets with 0 to 9 constituents about an axis anywhere, azimuths wrapped to [-pi, pi)."""
    real = np.arange(9) < rng.integers(0, 10, 60)[:, None]
    pt = np.where(real, rng.exponential(20, real.shape), 0.0)
    eta = rng.uniform(-2, 2, (60, 1)) + rng.normal(0, 0.3, real.shape)
    phi = kinematics.delta_phi(rng.uniform(-4, 4, (60, 1)) + rng.normal(0, 0.3, real.shape), 0.0)
    return pt, np.where(real, eta, 0.0), np.where(real, phi, 0.0)


def prepared(pt, eta, phi, on="centroid"):
    return jets.flip(pt, *jets.rotate(pt, *jets.centre(pt, eta, phi, on=on)))


def image_of(pt, delta_eta, delta_phi):
    return jets.pixelate(pt, delta_eta, delta_phi, n_pixels=10, half_width=1.0)


def test_the_centroid_is_the_mean_direction_weighted_with_pt():
    delta_eta, delta_phi = jets.centre(PT, ETA + 0.3, PHI)
    eta, phi = (4 * 0.5 - 2 * 0.25) / 14, (4 * 0.25 + 2 * 0.5) / 14
    np.testing.assert_allclose(delta_eta[0], [-eta, 0.5 - eta, -0.25 - eta, 0.0], atol=1e-12)
    np.testing.assert_allclose(delta_phi[0], [-phi, 0.25 - phi, 0.5 - phi, 0.0], atol=1e-12)
    assert not delta_eta[1:].any() and not delta_phi[1:].any()


def test_centred_on_the_hardest_the_angles_are_differences_to_it():
    delta_eta, delta_phi = jets.centre(PT[:, [1, 0, 2, 3]], ETA[:, [1, 0, 2, 3]], PHI[:, [1, 0, 2, 3]], on="hardest")
    np.testing.assert_array_equal(delta_eta[0], [0.5, 0.0, -0.25, 0.0])
    np.testing.assert_array_equal(delta_phi[0], [0.25, 0.0, 0.5, 0.0])


@pytest.mark.parametrize("on", ["centroid", "hardest"])
def test_centred_jets_do_not_know_where_they_were(many, on):
    pt, eta, phi = many
    moved = jets.centre(pt, eta + 0.7, kinematics.delta_phi(phi, 2.5), on=on)
    np.testing.assert_allclose(moved, jets.centre(*many, on=on), atol=1e-12)


def test_centring_again_changes_nothing(many):
    pt, delta_eta, delta_phi = many[0], *jets.centre(*many)
    np.testing.assert_allclose(jets.centre(pt, delta_eta, delta_phi), [delta_eta, delta_phi], atol=1e-12)
    assert np.abs((pt * delta_eta).sum(axis=1)).max() < 1e-10 and np.abs((pt * delta_phi).sum(axis=1)).max() < 1e-10


def test_angles_that_need_no_wrapping_are_exact():
    """Angles of the samples are whole steps: what rounding moves off an edge would land in another pixel."""
    steps = np.arange(-300.0, 300.0)[None] / 256
    pt = np.where(steps == -1.0, 2.0, 1.0)
    np.testing.assert_array_equal(jets.centre(pt, steps, steps, on="hardest")[1], steps + 1.0)


def test_two_prongs_become_vertical_with_the_farther_one_down():
    """12 GeV at the origin and 4 GeV at (0.3, 0.4): about their centroid, 0.125 above and 0.375 below."""
    pt, eta, phi = np.array([[12.0, 4.0]]), np.array([[0.0, 0.3]]), np.array([[0.0, 0.4]])
    delta_eta, delta_phi = jets.rotate(pt, *jets.centre(pt, eta, phi))
    np.testing.assert_allclose(delta_eta, 0.0, atol=1e-12)
    np.testing.assert_allclose(delta_phi, [[0.125, -0.375]], atol=1e-12)


def test_the_principal_axis_is_that_of_an_eigenvalue_solver(many):
    pt, delta_eta, delta_phi = many[0], *jets.centre(*many, on="hardest")
    turned = jets.rotate(pt, delta_eta, delta_phi)
    for row in np.flatnonzero((pt > 0).sum(axis=1) > 1):
        x = np.stack([delta_eta[row], delta_phi[row]])
        axis = np.linalg.eigh(pt[row] * x @ x.T)[1][:, 1]  # of the larger eigenvalue
        along = axis @ x
        along = -along if (pt[row] * along * np.abs(along)).sum() > 0 else along
        np.testing.assert_allclose(turned[1][row], along, atol=1e-9)
        np.testing.assert_allclose(np.hypot(*(t[row] for t in turned)), np.hypot(*x), atol=1e-9)


def test_turning_does_not_mirror():
    """Of three constituents in the order of a clock the order stays; a reflection would reverse it."""
    pt, eta, phi = PT[:1, :3], ETA[:1, :3], PHI[:1, :3]

    def area(delta_eta, delta_phi):
        (x1, x2), (y1, y2) = delta_eta[0, 1:] - delta_eta[0, 0], delta_phi[0, 1:] - delta_phi[0, 0]
        return x1 * y2 - x2 * y1

    centred = jets.centre(pt, eta, phi)
    np.testing.assert_allclose(area(*jets.rotate(pt, *centred)), area(*centred))


@pytest.mark.parametrize("on", ["centroid", "hardest"])
def test_turned_jets_do_not_know_how_they_lay(many, rng, on):
    pt, delta_eta, delta_phi = many[0], *jets.centre(*many, on=on)
    angle = rng.uniform(-np.pi, np.pi, (len(pt), 1))
    turned = (
        np.cos(angle) * delta_eta - np.sin(angle) * delta_phi,
        np.sin(angle) * delta_eta + np.cos(angle) * delta_phi,
    )
    several = (pt > 0).sum(axis=1) > 2  # with two, rounding decides which side of the vertical they lie on
    once, again = (np.stack(jets.rotate(pt, *angles)) for angles in ((delta_eta, delta_phi), turned))
    np.testing.assert_allclose(again[:, several], once[:, several], atol=1e-7)


@pytest.mark.parametrize("on", ["centroid", "hardest"])
def test_a_mirrored_jet_gives_the_same_flipped_jet(many, on):
    pt, eta, phi = (values[(many[0] > 0).sum(axis=1) > 2] for values in many)
    np.testing.assert_allclose(prepared(pt, -eta, phi, on), prepared(pt, eta, phi, on), atol=1e-7)


def test_the_right_half_has_more_pt(many):
    pt, (delta_eta, delta_phi) = many[0], many[1:]
    flipped, same = jets.flip(*many)
    right, left = ((pt * (side * flipped > 0)).sum(axis=1) for side in (1, -1))
    assert (right >= left).all() and (right > left).sum() > 40
    np.testing.assert_array_equal(np.abs(flipped), np.abs(delta_eta))
    np.testing.assert_array_equal(same, delta_phi)
    assert (flipped[:, 0] == -delta_eta[:, 0]).any() and (flipped[:, 0] == delta_eta[:, 0]).any()


def test_a_collinear_splitting_and_a_soft_particle_move_nothing(many):
    """Two halves in the place of one constituent, and one with hardly any pt far away."""
    pt, eta, phi = many
    split = [np.append(x, x[:, :1], axis=1) for x in many]
    split[0][:, [0, -1]] /= 2
    np.testing.assert_allclose(np.stack(prepared(*split))[:, :, :-1], prepared(*many), atol=1e-7)
    several = (pt > 0).sum(axis=1) > 3
    soft = [np.append(x, x[:, :1] + shift, axis=1)[several] for x, shift in ((pt, 0), (eta, 0.5), (phi, 0.1))]
    soft[0][:, -1] = 1e-9
    np.testing.assert_allclose(np.stack(prepared(*soft))[:, :, :-1], prepared(*(x[several] for x in many)), atol=1e-6)


def test_pixels_hold_their_constituents_rows_are_phi_columns_are_eta():
    image = jets.pixelate(PT, ETA, PHI, n_pixels=3, half_width=0.75)  # pixels of 0.5 with the origin in the middle
    expected = np.zeros((3, 3, 3))
    expected[0, 1, 1] = 8.0  # the origin
    expected[0, 2, 1] = 2.0  # eta -0.25 is the lower edge of the middle column, phi 0.5 in the upper row
    expected[0, 2, 2] = 4.0  # eta 0.5, and phi 0.25 on the lower edge of the upper row
    np.testing.assert_array_equal(image, expected)  # no constituents: no pt; the last jet lies outside


def test_pixels_are_those_of_numpys_histogram(many):
    pt, delta_eta, delta_phi = many[0], *jets.centre(*many)
    edges = np.linspace(-0.5, 0.5, 13)
    images = jets.pixelate(pt, delta_eta, delta_phi, n_pixels=12, half_width=0.5)
    for row in range(len(pt)):
        slow = np.histogram2d(delta_phi[row], delta_eta[row], (edges, edges), weights=pt[row])[0]
        np.testing.assert_allclose(images[row], slow, rtol=1e-12)
    inside = np.maximum(np.abs(delta_eta), np.abs(delta_phi)) < 0.5
    np.testing.assert_allclose(images.sum(axis=(1, 2)), (pt * inside).sum(axis=1))
    assert not inside[pt > 0].all() and images.any()


def test_images_do_not_depend_on_how_many_are_made_at_once(many, monkeypatch):
    at_once = image_of(*many)
    monkeypatch.setattr(jets, "_PIXELS_AT_ONCE", 700)  # seven jets of ten by ten, and four at the end
    np.testing.assert_array_equal(image_of(*many), at_once)


def test_the_lower_edge_of_an_image_belongs_to_it_and_the_upper_does_not():
    edge = np.array([[-1.0, 1.0]])
    images = jets.pixelate(np.array([[2.0, 3.0]]), edge, 0 * edge, n_pixels=4, half_width=1.0)
    assert images[0, 2, 0] == 2.0 and images.sum() == 2.0


def test_two_in_a_pixel_add_up_and_padding_adds_nothing(many):
    pt = np.array([[1.0, 2.0, 0.0]])
    assert image_of(pt, np.full((1, 3), 0.11), np.full((1, 3), -0.11))[0, 4, 5] == 3.0
    more = [np.append(x, np.full((len(x), 3), fill), axis=1) for x, fill in zip(many, (0, 0.4, -0.2), strict=True)]
    for function in (jets.centre, jets.rotate, jets.flip):
        padded, plain = np.stack(function(*more)), np.stack(function(*many))
        assert not padded[:, more[0] == 0].any()
        np.testing.assert_allclose(padded[:, :, :9], plain, atol=1e-12)
    np.testing.assert_array_equal(image_of(*more), image_of(*many))


def test_the_order_of_the_constituents_does_not_matter(many, rng):
    order = rng.permutation(9)
    shuffled = [x[:, order] for x in many]
    for on in ("centroid", "hardest"):
        images = image_of(many[0], *jets.centre(*many, on=on))
        np.testing.assert_allclose(image_of(shuffled[0], *jets.centre(*shuffled, on=on)), images, atol=1e-9)


FUNCTIONS = [jets.centre, jets.rotate, jets.flip, image_of]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_what_is_given_stays_as_it_is(many, function):
    copies = [x.copy() for x in many]
    for x in many:
        x.flags.writeable = False
    result = function(*many)
    np.testing.assert_array_equal(many, copies)
    assert not any(np.shares_memory(result[n], x) for n in range(len(result)) for x in many)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
@pytest.mark.parametrize("shape", [(0, 5), (3, 0), (2, 4)])
def test_no_jets_no_places_and_no_constituents_are_no_trouble(function, shape):
    result = np.asarray(function(*np.zeros((3, *shape), np.float32)))
    assert result.dtype == np.float32 and not result.any() and np.isfinite(result).all()


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_short_numbers_stay_short_and_whole_numbers_become_floating(many, function):
    assert np.asarray(function(*(x.astype(np.float32) for x in many))).dtype == np.float32
    assert np.asarray(function(*np.ones((3, 2, 2), int))).dtype == np.float64


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_what_is_no_jet_is_refused(function):
    ones = np.ones((2, 3))
    with pytest.raises(ValueError, match=r"eta has shape \(2, 2\); expected \(n_jets, n_constituents\)"):
        function(ones, ones[:, :2], ones)
    with pytest.raises(ValueError, match=r"pt has shape \(3,\)"):
        function(ones[0], ones[0], ones[0])
    with pytest.raises(ValueError, match="phi holds a number that is not finite"):
        function(ones, ones, ones * np.nan)
    with pytest.raises(ValueError, match=r"pt holds -1.0; expected at least 0"):
        function(-ones, ones, ones)


def test_an_unknown_centre_and_an_impossible_image_are_refused():
    with pytest.raises(ValueError, match="on is 'axis'; expected 'centroid' or 'hardest'"):
        jets.centre(PT, ETA, PHI, on="axis")
    for n_pixels, half_width in ((0, 1.0), (3, 0.0), (3, np.nan), (3, np.inf)):
        with pytest.raises(ValueError, match="expected at least 1, and more than 0"):
            jets.pixelate(PT, ETA, PHI, n_pixels=n_pixels, half_width=half_width)


def test_images_hold_the_pt_and_do_not_change_when_the_jet_is_mirrored(sample):
    frame = {"length": 12, "n_pixels": 9, "half_width": 3.0}
    made = jets.images(sample, **frame)
    mirrored = jets.images(ak.with_field(sample, -sample["constituent_delta_phi"], "constituent_delta_phi"), **frame)
    assert made.shape == (50, 9, 9)
    np.testing.assert_allclose(made.sum(axis=(1, 2)), ak.sum(sample["constituent_pt"], axis=1), rtol=1e-5)
    np.testing.assert_allclose(mirrored, made, rtol=1e-5)
