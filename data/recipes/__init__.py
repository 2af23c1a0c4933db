"""How every simulated sample of the course is made.

One module per family of samples says which Pythia processes are switched on, what is measured and which events are
kept: `dimuon`, `four_leptons`, `photons`, `dileptons`, `jets`, `dijets`, `flavour`, `partons`, `jet_events`; those of
`stand_ins` are made from other samples, `clustered` being the jets of `jet_events`. `catalogue` lists those of Pythia.

What they share: `detector` (leptons and photons one by one) and `particle_flow` (whole events: tracks, towers, and what
joins them) are the parametrised CMS-like detector; `event_record` reads Pythia's events, `clustering` finds jets with
FastJet, `precision` rounds, `z_decay` lets a Z decay to four leptons.

The machinery: `generator` runs Pythia block by block, `partitions` keeps finished blocks on disk, `workers` are those
who make them, `store` writes the file, `entries` what the registry says of it, and `make` is the command. What the
samples look like, beside what is known, is in the folder `validation`.
"""
