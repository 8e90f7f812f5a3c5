"""The engine of CEL without its package's command line, which would cost every process ten megabytes and 0.2 s."""

import sys
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from types import ModuleType

_PACKAGE, _ENGINE = "cel", "cel.cel"


def _load_engine() -> ModuleType:
    """The compiled module itself. It is entered under its own name, so that whoever imports the package shares it."""
    if _ENGINE in sys.modules:
        return sys.modules[_ENGINE]
    package = find_spec(_PACKAGE)
    folders = package.submodule_search_locations if package is not None else None
    spec = PathFinder.find_spec(_ENGINE, folders) if folders else None
    if spec is None or spec.loader is None:
        raise ImportError("Rules and checks need the package common-expression-language. Install it with pip.")
    engine = module_from_spec(spec)
    sys.modules[_ENGINE] = engine
    spec.loader.exec_module(engine)
    return engine


engine = _load_engine()
