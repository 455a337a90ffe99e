"""Bytes on disk of a distribution with everything that it needs, as JSON: python installed_size.py torch transformers"""

import json
import sys
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def needed(requirement, found):
    """Follows what a distribution asks for, with the extras that were asked of it, where it is installed."""
    extras = set(requirement.extras) or {""}
    key = (canonicalize_name(requirement.name), frozenset(extras))
    if key in found:
        return
    try:
        distribution = metadata.distribution(requirement.name)
    except metadata.PackageNotFoundError:
        return
    found[key] = distribution
    for text in distribution.requires or []:
        inner = Requirement(text)
        if inner.marker is None or any(inner.marker.evaluate({"extra": extra}) for extra in extras):
            needed(inner, found)


def size(distribution):
    total = 0
    for file in distribution.files or []:
        path = distribution.locate_file(file)
        if path.is_file():
            total += path.stat().st_size
    return total


found = {}
for name in sys.argv[1:]:
    needed(Requirement(name), found)
distributions = {name: distribution for (name, _), distribution in found.items()}
print(json.dumps({"bytes": sum(map(size, distributions.values())), "packages": len(distributions)}))
