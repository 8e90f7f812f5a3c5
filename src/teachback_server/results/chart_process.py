"""A short-lived process that draws charts: JSON in, SVG pictures out. The web process itself stays small.

Drawing needs a JavaScript engine, which holds on to more than 100 MB; a process that ends gives them back.
"""

import json
import sys
import xml.etree.ElementTree as Tree
from collections.abc import Mapping
from typing import cast

import vl_convert

from teachback.json_types import Json, JsonObject
from teachback_server.results.chart_colours import dark_style
from teachback_server.results.chart_specs import draw

SVG = "http://www.w3.org/2000/svg"


def draw_pictures(wishes: Mapping[str, JsonObject]) -> dict[str, str]:
    """Draw each chart under its name; a wish holds kind, title, description, figures and width."""
    return {name: draw_picture(wish) for name, wish in wishes.items()}


def draw_picture(wish: JsonObject) -> str:
    """One chart as SVG text, with title, description and its dark colours."""
    spec = draw(cast(str, wish["kind"]), cast(JsonObject, wish["figures"]), cast(int, wish["width"]))
    root = Tree.fromstring(vl_convert.vegalite_to_svg(spec))  # noqa: S314 — our own drawing
    root.set("role", "img")
    for place, (tag, text) in enumerate(
        (("title", wish["title"]), ("desc", wish["description"]), ("style", dark_style()))
    ):
        element = Tree.Element(f"{{{SVG}}}{tag}")
        element.text = cast(str, text)
        root.insert(place, element)
    Tree.register_namespace("", SVG)
    return Tree.tostring(root, encoding="unicode")


def main() -> None:
    """Read wishes from standard input, write pictures to standard output."""
    wishes: dict[str, dict[str, Json]] = json.load(sys.stdin)
    json.dump(draw_pictures(wishes), sys.stdout)


if __name__ == "__main__":
    main()
