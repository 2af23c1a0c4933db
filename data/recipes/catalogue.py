"""The list of all recipes, by name."""

from recipes import dijets, dileptons, dimuon, flavour, four_leptons, jet_events, jets, partons, photons

_DIMUON = (dimuon.ZMUMU, dimuon.DIMUON_COCKTAIL)
_FOUR_LEPTONS = (four_leptons.H4L, four_leptons.ZZ4L, four_leptons.Z4L)
_PHOTONS = (photons.HGG, photons.DIPHOTON)
_DILEPTONS = (dileptons.HWW, dileptons.WW, dileptons.TTBAR_DILEPTON)
_JETS = (jets.W_JETS, jets.QCD_W_JETS, jets.TOP_JETS, jets.QCD_TOP_JETS, jet_events.JET_EVENTS)
_PARTONS = (partons.TTBAR_PARTONS, partons.EE_FULL, partons.EE_PHOTON)
_FLAVOUR = (flavour.FLAVOUR_JETS,)
_DIJETS = (dijets.DIJET_BACKGROUND, dijets.DIJET_SIGNAL)
_ALL = (*_DIMUON, *_FOUR_LEPTONS, *_PHOTONS, *_DILEPTONS, *_JETS, *_PARTONS, *_FLAVOUR, *_DIJETS)
RECIPES = {recipe.name: recipe for recipe in _ALL}
