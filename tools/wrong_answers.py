"""Wrong answers to every exercise, with words of the check that must refuse them; ``check_student.py`` tries them.

Each is a mistake that students make, written as code that runs when the right answer is there; what it sets is set back
afterwards. Arrays and dictionaries are copied before they are changed.
"""

WRONG = {
    "01_invariant_mass": {
        1: [("medians_jpsi = dict.fromkeys(medians_jpsi, medians_jpsi['muon'])", "is the mass in E?")],
        2: [
            ("ratio_10_percent = 1.1", "m grows with its root"),
            ("shift_of_median = shift_of_mean", "the median must hardly move"),
        ],
        3: [
            ("network_back = network_back[:1]", "one AUC for each size"),
            ("cut_back = network_back[0] - 0.1", "is the selection applied to both?"),
        ],
    },
    "02_z_and_higgs_peaks": {
        1: [
            ("s_gg = s_gg[::-1]", "check cosh(Δη) - cos(Δφ)"),
            ("purity = 1 / purity", "divide the signal by the background"),
        ],
        2: [
            ("n_expected = 10 * n_expected", "did you sum weights"),
            ("mean_z4l = m_4l.mean()", "should be compatible with the Z"),
        ],
        3: [("luminosity_5 = 13.9 * 5", "is not five")],
    },
    "03_hww_bdt": {
        1: [
            ("def with_scale(table, factor):\n    return table", "m_ll grows with the factor"),
            ("b_ratio = {1.01: b_ratio[1.01]}", "b_ratio needs the two factors"),
            (
                "z_scale = counting.significance_at(y_test, score_test, threshold, sample_weight=w_test)[0]",
                "lowers the significance",
            ),
        ],
        2: [("tops_kept = 1 - tops_kept", "most top pairs have to go")],
        3: [
            ("spare = max(loss, key=loss.get)", "whose removal costs least"),
            ("loss = {ALL[0]: loss[ALL[0]]}", "each of the twelve features"),
        ],
    },
    "04_jet_images_cnn": {
        1: [
            ("my_jets = my_jets[:-1]", "FastJet finds"),
            ("my_jets = 1.1 * my_jets", "is phi periodic, is R used?"),
        ],
        2: [
            (
                "def with_noise(n):\n"
                "    radius, angle = rng.random((len(test), n)), rng.uniform(-np.pi, np.pi, (len(test), n))\n"
                "    extra = rng.exponential(1.0, radius.shape), radius * np.cos(angle), radius * np.sin(angle)\n"
                "    return [np.concatenate([a[test], b], axis=1) for a, b in zip((pt, eta, phi), extra)]",
                "the mean radius is 2/3",
            ),
            ("kept_noise = {**kept_noise, 0: 0.3}", "keeps half of the W jets"),
        ],
        3: [("fold_auc = [fold_auc[0]] * len(fold_auc)", "each fold has its own test set")],
    },
    "05_lola_top_tagging": {
        1: [
            ("def aligned(p4):\n    return p4", "the jets must fly along x"),
            ("g_aligned = 2 * g_aligned", "use normalised()"),
            ("auc_aligned = auc_aligned[0]", "AUC and uncertainty"),
        ],
        2: [
            (
                "class FreeLoLa(FreeLoLa):\n"
                "    def lower(self, k):\n"
                "        return ops.matmul(k, self.step * self.free)",
                "only the symmetric part",
            ),
            ("g_free = -g_free", "with g00 > 0"),
        ],
        3: [
            ("d2_unmasked = d2_masked", "each empty place adds"),
            ("e_test = 722 / 202_000**0.5", "n/R jets survive"),
            ("n_background = 400", "400 survivors, and 200 times as many jets"),
        ],
    },
    "06_vae": {
        1: [
            ("conditional = models['VAE']", "the decoder takes z and the class"),
            ("mean_top = 1000 * mean_top", "masses in GeV"),
        ],
        2: [
            ("width_real = width_real / 20", "are the momenta scaled back to GeV?"),
            ("width_vae = width_real", "was the second throw"),
        ],
        3: [("chosen = chosen[:10]", "entries of the buffer are training jets")],
    },
    "07_gan_event_generation": {
        1: [("m_generated = m_generated[:100]", "30,000 masses")],
        2: [
            ("w1_of_width = {1: w1_of_width[1]}", "the three widths"),
            ("MMD_WIDTH = 50", "set MMD_WIDTH back"),
        ],
        3: [
            ("repeat_share = repeat_share + 0.5", "below the 1 % quantile of the test events"),
            ("nearest_generated, repeat_share = np.zeros(2000), 1.0", "it seems to play back"),
        ],
    },
    "08_graph_taggers": {
        1: [
            (
                "class JetAttention(JetAttention):\n"
                "    def call(self, x):\n"
                "        return super().call(ops.concatenate([x[..., :1] + 1e-3, x[..., 1:]], axis=-1))",
                "padding must not be listened to",
            ),
            ("taggers = {name: taggers[name] for name in taggers if name != 'attention'}", "store the network and"),
            ("auc_attention = auc_attention[0]", "AUC and uncertainty"),
        ],
        2: [
            ("X_kind = X_kind[..., :10]", "five kinds and a charge"),
            ("X_kind = X_kind.copy()\nX_kind[X[..., 0] == 0, 5] = 1", "padding has no identity"),
            ("X_kind = X_kind.copy()\nX_kind[..., 10] *= 2", "the last column is the charge"),
        ],
        3: [
            ("toys = np.ones_like(toys)", "the first column says what is real"),
            ("is_gluon = 1 - is_gluon", "four emissions for quarks, nine for gluons"),
            ("auc_best = auc_hardest", "P(equal) / 2"),
            ("auc_toys = 100 * auc_toys", "auc_toys is an AUC"),
        ],
    },
    "09_calorimeter_gan": {
        1: [
            ("tilted = tilted[:100]", "2000 showers, one slope each"),
            ("def tilt(cells, slopes):\n    return cells / 2", "a slope of zero must move nothing"),
            ("measured_real = -measured_real", "the centroids follow the slope"),
        ],
        2: [
            ("fine_shares = fine_shares[:, :3]", "four shares for each coarse cell"),
            ("fine_shares = 2 * fine_shares", "must add up to one"),
            ("entropy_equal = 2.0  # in bits", "four equal shares is ln 4"),
        ],
        3: [
            ("auc_network = auc_network[0]", "AUC and uncertainty of each"),
            ("jsd = jsd + np.log(2)", "at most ln 2"),
        ],
    },
    "10_anomaly_detection": {
        1: [
            ("second = second.copy()\nsecond[:, 2] *= -1", "heavier minus lighter jet"),
            ("second = second[:-1]", "a row for each event of signal"),
        ],
        2: [("p_global = 0.0", "p-values")],
        3: [("kept_flat = kept_flat.astype(float)", "one answer for each jet")],
    },
    "11_track_grouping": {
        1: [
            (
                "def group_two(hits):\n    return group_hits(hits, scan_vertex(hits), 0.999)",
                "the second vertex should bring much",
            )
        ],
        2: [
            (
                "def resolution_cut(sigma, sigma_vertex, radius, n_sigma=5):\n"
                "    return np.cos(n_sigma * np.sqrt(2) * (sigma + sigma_vertex) / radius)",
                "in quadrature, over r",
            ),
            ("cut_known = 0.99", "some milliradians"),
            ("score_resolution = score_slide", "a narrower cone separates more tracks"),
        ],
        3: [
            ("def p_unbroken(efficiency):\n    return (1 - (1 - efficiency) ** 2) ** 9", "unbroken patterns add up to"),
            ("efficiency_lost = efficiency_lost[:2]", "three shares"),
        ],
    },
}
