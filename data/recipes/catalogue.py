"""The list of all recipes, by name."""

from recipes import dimuon, four_leptons, photons

_DIMUON = (dimuon.ZMUMU, dimuon.DIMUON_COCKTAIL)
_FOUR_LEPTONS = (four_leptons.H4L, four_leptons.ZZ4L, four_leptons.Z4L)
_PHOTONS = (photons.HGG, photons.DIPHOTON)
RECIPES = {recipe.name: recipe for recipe in (*_DIMUON, *_FOUR_LEPTONS, *_PHOTONS)}
