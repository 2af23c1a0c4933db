"""FPD and KPD: Gaussians in closed form, loops, laws, and the numbers of the library that papers use.

`JETNET` holds what the functions of jetnet 0.2.5 gave for `features()` (numpy 2.4.6, scipy 1.17.1, numba 0.68.1; of
its module `evaluation.gen_metrics` alone, since fpd and kpd use neither its torch nor its energyflow). With jetnet
installed in an environment of its own, this prints them anew:

    python -m pip install jetnet
    PYTHONPATH=tests:. python -c "import test_jet_distances as t; t.print_jetnet()"
"""

import numpy as np
import pytest
from scipy import linalg

from hepml_helpers import two_sample
from hepml_helpers.jet_distances import fpd, frechet, kpd

SMALL = {"fpd": {"sizes": (500, 3000), "points": 6, "repeats": 5}, "kpd": {"size": 800, "repeats": 6}}
JETNET = {
    "fpd": (0.0008422826456315572, 0.0003568014650401894),
    "kpd": (0.004969892553836619, 0.002033878497261013),
    "fpd, real": (7.633746997654989e-05, 0.00013759520517667249),
    "kpd, real": (-0.0005828382699335499, 0.00031336169833310533),
}


def features():
    """Two samples of three features that jets have, all different: a mass in GeV, a multiplicity, a width."""
    rng = np.random.default_rng(11)

    def draw(n, shift):
        mass = np.where(rng.random(n) < 0.5, rng.normal(173 + shift, 15, n), rng.gamma(3, 15, n))
        return np.column_stack([mass, rng.poisson(12, n), 0.001 * mass + rng.gamma(2, 0.03 + shift / 2000, n)])

    return draw(3000, 6.0), draw(4000, 0.0)


class JetnetDraws:
    """The random numbers that jetnet's KPD draws: a generator for each part, seeded anew."""

    def __init__(self, seed=42):
        self.calls, self.seed = 0, seed

    def choice(self, n, *, size):
        if self.calls % 2 == 0:
            self.rng = np.random.default_rng(self.seed + 1000 * (self.calls // 2))
        self.calls += 1
        return self.rng.choice(n, size=size)


def print_jetnet():
    from jetnet import evaluation

    generated, real = features()
    smallest, largest = SMALL["fpd"]["sizes"]
    sizes = {"min_samples": smallest, "max_samples": largest, "num_points": 6, "num_batches": 5}
    parts = {"batch_size": SMALL["kpd"]["size"], "num_batches": SMALL["kpd"]["repeats"]}
    print("fpd", *map(float, evaluation.fpd(real, generated, **sizes)))
    print("kpd", *map(float, evaluation.kpd(real, generated, **parts)))
    print("fpd, real", *map(float, evaluation.fpd(real[:2000], real[2000:], **sizes)))
    print("kpd, real", *map(float, evaluation.kpd(real[:2000], real[2000:], **parts)))


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def gaussian_sample(mean, covariance, rng, n=60):
    """Events whose mean and covariance are exactly these."""
    x = rng.normal(size=(n, len(mean)))
    x = np.linalg.solve(np.linalg.cholesky(np.atleast_2d(np.cov(x, rowvar=False))), (x - x.mean(axis=0)).T).T
    return mean + x @ np.linalg.cholesky(np.array(covariance, float)).T


def test_frechet_of_two_normal_distributions_is_the_closed_form(rng):
    a = gaussian_sample([1.0, 0.0], [[4.0, 0.0], [0.0, 9.0]], rng)
    b = gaussian_sample([0.0, 2.0], [[1.0, 0.0], [0.0, 25.0]], rng)
    assert frechet(a, b) == pytest.approx(1 + 4 + (2 - 1) ** 2 + (3 - 5) ** 2, rel=1e-9)


def test_frechet_of_covariances_that_do_not_commute_is_that_of_scipys_matrix_root(rng):
    of_a, of_b = [[2.0, 0.9], [0.9, 1.0]], [[1.0, -0.5], [-0.5, 3.0]]
    by_scipy = np.trace(of_a) + np.trace(of_b) - 2 * np.trace(linalg.sqrtm(np.array(of_a) @ of_b)).real
    found = frechet(gaussian_sample([0, 0], of_a, rng), gaussian_sample([0, 0], of_b, rng, n=90))
    assert found == pytest.approx(by_scipy, rel=1e-9)


def test_frechet_is_symmetric_scales_with_the_square_and_does_not_mind_a_turn_or_a_feature_that_does_not_vary(rng):
    a, b = rng.gamma(2.0, size=(50, 3)), rng.normal(size=(70, 3))
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    assert frechet(b, a) == pytest.approx(frechet(a, b), rel=1e-9)
    assert frechet(3 * a @ turn, 3 * b @ turn) == pytest.approx(9 * frechet(a, b), rel=1e-9)
    constant = np.ones((70, 1))
    assert frechet(np.hstack([a, constant[:50]]), np.hstack([b, constant])) == pytest.approx(frechet(a, b), rel=1e-9)
    assert frechet(a, rng.permutation(a)) == pytest.approx(0.0, abs=1e-12)


def test_frechet_sees_a_correlation_and_is_blind_to_a_shape_of_equal_mean_and_variance(rng):
    real = rng.multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]], 2000)
    assert frechet(np.column_stack([rng.permutation(column) for column in real.T]), real) > 0.3
    two_points = gaussian_sample([0.0], [[1.0]], rng)
    assert frechet(np.repeat([[-1.0], [1.0]], 30, axis=0) * np.sqrt(59 / 60), two_points) == pytest.approx(0, abs=1e-9)


def test_the_extrapolation_removes_what_a_finite_sample_adds(rng):
    """Real against real, three features of variance 1/9: the mean distance at size n is about 3 / 9 times 2.5 / n."""
    real = rng.normal(size=(20_000, 3)) / 3
    scale = np.abs(real).max(axis=0)
    at_500 = np.mean([frechet(*(real[rng.choice(20_000, 500)] / scale for _ in "ab")) for _ in range(50)])
    extrapolated, uncertainty = fpd(real, real, rng, sizes=(250, 2000))
    assert extrapolated < 0.1 * at_500 and uncertainty < 0.1 * at_500


def test_fpd_of_a_shift_is_its_square_in_units_of_the_largest_real_value(rng):
    real = rng.uniform(-2.0, 2.0, (4000, 2))
    shift = np.array([0.4, 0.0])
    expected = (0.4 / np.abs(real[:, 0]).max()) ** 2
    value, uncertainty = fpd(real + shift, real, rng, sizes=(1000, 4000))
    assert value == pytest.approx(expected, abs=5 * uncertainty) and uncertainty < 0.1 * expected
    again, _ = fpd(100 * (real + shift), 100 * real, np.random.default_rng(1), sizes=(1000, 4000))
    same, _ = fpd(real + shift, real, np.random.default_rng(1), sizes=(1000, 4000))
    assert again == pytest.approx(same, rel=1e-9)  # the unit drops out


def test_the_polynomial_kernel_by_hand_and_pair_by_pair(rng):
    # one feature: k(1, 1) = 2^4, k(0, 0) = 1, k(0, 1) = 1, so 16 + 1 - 2
    assert two_sample.mmd([1.0, 1.0], [0.0, 0.0], width=1.0, kernel="polynomial") == pytest.approx(15.0)
    a, b = rng.normal(size=(7, 3)), rng.normal(loc=1, size=(9, 3))
    kernel = lambda x, y: (x @ y / (3 * 1.7**2) + 1) ** 4  # noqa: E731
    same = [np.mean([kernel(x, y) for x in s for y in s if x is not y]) for s in map(list, (a, b))]
    by_loop = sum(same) - 2 * np.mean([kernel(x, y) for x in a for y in b])
    assert two_sample.mmd(a, b, width=1.7, kernel="polynomial") == pytest.approx(by_loop, rel=1e-12)


def test_kpd_sees_a_third_moment_that_frechet_does_not(rng):
    real = rng.uniform(-1.0, 1.0, (4000, 1))
    skewed = rng.choice([3.0, -1 / 3], p=[0.1, 0.9], size=(4000, 1))
    skewed = (skewed - skewed.mean()) / skewed.std(ddof=1) * real.std(ddof=1) + real.mean()
    assert frechet(skewed, real) == pytest.approx(0.0, abs=1e-9)
    others = skewed, rng.uniform(-1.0, 1.0, (4000, 1))
    found, floor = (kpd(x, real, np.random.default_rng(1), size=1000) for x in others)
    assert found[0] > 4 * found[1] and abs(floor[0]) < 0.05 * found[0]


def test_kpd_is_the_median_of_its_parts_and_half_their_central_range(rng):
    generated, real = features()
    scale = np.abs(real).max(axis=0)
    same = np.random.default_rng(2)
    parts = []
    for _ in range(7):
        of_real, of_generated = same.choice(len(real), 300), same.choice(len(generated), 300)
        pair = generated[of_generated] / scale, real[of_real] / scale
        parts.append(two_sample.mmd(*pair, width=1.0, kernel="polynomial"))
    value, uncertainty = kpd(generated, real, np.random.default_rng(2), size=300, repeats=7)
    low, high = np.quantile(parts, [0.16275, 0.83725])
    assert (value, uncertainty) == pytest.approx((np.median(parts), (high - low) / 2), rel=1e-9)


@pytest.mark.parametrize(("name", "share"), [("fpd", 0.001), ("fpd, real", 0.25)])
def test_fpd_is_that_of_jetnet_with_its_random_numbers(name, share):
    """Within a share of the uncertainty: the iterative fit of jetnet stops short of the best line."""
    generated, real = features()
    pair = (real[2000:], real[:2000]) if "real" in name else (generated, real)
    value, uncertainty = JETNET[name]
    found = fpd(*pair, np.random.default_rng(42), **SMALL["fpd"])
    assert found == pytest.approx((value, uncertainty), abs=share * uncertainty)


@pytest.mark.parametrize("name", ["kpd", "kpd, real"])
def test_kpd_is_that_of_jetnet_with_its_random_numbers(name):
    generated, real = features()
    pair = (real[2000:], real[:2000]) if "real" in name else (generated, real)
    assert kpd(*pair, JetnetDraws(), **SMALL["kpd"]) == pytest.approx(JETNET[name], rel=1e-6)


def test_inputs_stay_as_they_are_and_the_same_seed_gives_the_same_answer():
    generated, real = features()
    kept = generated.copy(), real.copy()
    found = [[f(generated, real, np.random.default_rng(1), **SMALL[f.__name__]) for f in (fpd, kpd)] for _ in range(2)]
    assert found[0] == found[1]
    np.testing.assert_array_equal(generated, kept[0])
    np.testing.assert_array_equal(real, kept[1])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x, rng: frechet(x[:, 0], x), r"a has shape \(9,\); expected \(n, n_features\)"),
        (lambda x, rng: frechet(x, x[:1]), r"b has shape \(1, 2\)"),
        (lambda x, rng: frechet(x, x[:, :1]), "a has 2 features and b has 1"),
        (lambda x, rng: fpd(x, np.full((9, 2), np.inf), rng), "real holds inf"),
        (lambda x, rng: fpd(x, x, rng, sizes=(5, 5)), r"sizes are \(5, 5\); expected two rising"),
        (lambda x, rng: fpd(x, x, rng, points=2), "points is 2 and repeats 20"),
        (lambda x, rng: kpd(x, x, rng, repeats=1), "size is 5000 and repeats 1"),
    ],
)
def test_what_cannot_be_compared_is_named(rng, call, words):
    with pytest.raises(ValueError, match=words):
        call(rng.normal(size=(9, 2)), rng)
