"""Helpers for the course "Machine learning in particle physics".

Each room is a module of its own and is imported on its own, ``from hepml_helpers import kinematics``, so that
``import hepml_helpers`` stays quick and loads neither matplotlib nor Keras.

=============== ==========================================================================
`kinematics`    four-momenta: pt, eta, phi, invariant mass, boosts, distances
`jets`          lists of constituents as arrays, and their four-momenta
`constituents`  these as four-momenta: relative to the jet, in another order, one particle more
`showers`       fast parametrised calorimeter showers, made while one waits
`tracker`       hits of charged particles in a silicon tracker, made while one waits
`datasets`      recorded and simulated samples: looked up locally first, checked, announced
`streaming`     one function over the chunks of a ROOT file, here or on a cluster
`metrics`       how good is a classifier, with its uncertainty
`counting`      what a cut is worth to an experiment that counts: expected significance
`two_sample`    how far generated events are from real ones, beside real against real
`jet_distances` Fréchet and kernel physics distances, by which papers compare generators of jets
`plotting`      histograms with their uncertainties, drawn on a given axes
`pictures`      grids of images, matrices of numbers, constituents as circles
`display`       interactive event displays
`training`      seeds, progress, and what the machine offers
`adversarial`   one compiled step of two networks against each other
`checkpoints`   such trainings in files, to go on from after a crash
`pretrained`    weights of the full profile, which ship with the course
`results`       what a lesson measured, beside what was published
=============== ==========================================================================

Behind them, not for lessons: `registry`, `fetch` and `tables` find, verify and read the files of `datasets`, and
`progress` draws the bars.
"""

__version__ = "0.1.0"
