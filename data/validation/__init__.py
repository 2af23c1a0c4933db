"""Do the samples look as they should?

`checks` and its families (`checks_jets` and so on) measure what a physicist would ask of each sample, beside what is
known; `figures` and its families draw it; `observables` and `estimate` hold the physics and the uncertainties that they
share. `validate` is the command: it writes a page of figures and tables, and records the numbers.
"""
