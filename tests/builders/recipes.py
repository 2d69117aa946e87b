"""The names of all recipes, as they are typed."""

from tasks import ns

RECIPES = {name.replace("_", "-") for name in ns.tasks}
