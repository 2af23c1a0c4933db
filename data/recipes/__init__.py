"""How every simulated sample of the course is made.

One module per family of processes (`dimuon`, `four_leptons`, `photons`) says which Pythia processes are switched on,
what is measured and which events are kept; `detector` holds the parametrised CMS-like detector, `generator` runs
Pythia block by block, `store` writes the file and its entry in the registry, and `make` is the command.
"""
