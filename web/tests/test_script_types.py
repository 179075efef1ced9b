"""The types that the scripts are checked against (script_types/) are those of the API's schema and of the templates."""

import re
from typing import Any

import pytest
from django.conf import settings
from drf_spectacular.generators import SchemaGenerator

TYPES = settings.BASE_DIR / "script_types"
INTERFACE = re.compile(r"interface (\w+)(?: extends (\w+))? \{\n(.*?)\n  \}", re.S)
FIELD = re.compile(r"^    (\w+): (.+);$", re.M)
ONLY_HERE = {"Failure"}  # the error shape's entries, which the schema describes once for each code
# An offer has a place while it is open, and pages are handed open offers only.
ALWAYS_THERE = {("Offer", "location")}
ANSWER = re.compile(r"type AnswerTo(Get|Post)<(.*?);", re.S)
PATH = re.compile(r'["`](/[^"`]*)["`]')
KIND = re.compile(r"  type (Button|Dialog|Form|Input|Anchor|Plain) =\s(.*?);", re.S)
TAGS = {"Button": "button", "Dialog": "dialog", "Form": "form", "Input": "input", "Anchor": "a"}
ELEMENT = re.compile(r"""<(\w+)\b(?:[^>"']|"[^"]*"|'[^']*')*?\bid="([\w-]+)\"""")

Fields = dict[str, str]


@pytest.fixture(scope="module")
def schema(django_db_setup: None, django_db_blocker: Any) -> Any:
    with django_db_blocker.unblock():
        return SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]


def interfaces() -> dict[str, Fields]:
    """Each object of script_types/api.d.ts, with its fields and their types."""
    found: dict[str, Fields] = {}
    for name, base, body in INTERFACE.findall((TYPES / "api.d.ts").read_text()):
        found[name] = {**found.get(base, {}), **dict(FIELD.findall(body))}
    return found


def nullable(described: dict[str, Any]) -> bool:
    return described.get("nullable", False) or {"$ref": "#/components/schemas/NullEnum"} in described.get("oneOf", [])


def test_every_object_has_the_fields_of_the_schema(schema: Any) -> None:
    described = schema["components"]["schemas"]
    objects = {name: fields for name, fields in interfaces().items() if name not in ONLY_HERE}
    assert len(objects) >= 18
    assert {name: set(fields) for name, fields in objects.items()} == {
        name: set(described[name]["properties"]) for name in objects
    }


def test_what_may_be_null_may_be_null_in_the_schema(schema: Any) -> None:
    described = schema["components"]["schemas"]
    differing = {
        (name, field)
        for name, fields in interfaces().items()
        if name not in ONLY_HERE
        for field, kind in fields.items()
        if kind.endswith("| null") != nullable(described[name]["properties"][field])
    }
    assert differing == ALWAYS_THERE


def test_every_path_is_one_of_the_schema(schema: Any) -> None:
    text = (TYPES / "calls.d.ts").read_text()
    answerless = text[text.index("type Answerless") :]
    known = {
        method: {re.sub(r"\{\w+\}", "*", path) for path, methods in schema["paths"].items() if method in methods}
        for method in ("get", "post")
    }
    called = {method.lower(): PATH.findall(body) for method, body in ANSWER.findall(text)}
    called = {"get": called["get"], "post": called["post"] + PATH.findall(answerless)}
    # A confirmation is of a payment or of a hold; both are at the same place below their own name.
    known["post"] |= {path.replace("/payment/*", "/*") for path in known["post"] if path.endswith("/confirmation")}
    unknown = {
        path
        for method, paths in called.items()
        for path in paths
        if path.partition("?")[0].replace("${string}", "*") not in known[method]
    }
    assert unknown == set()


def test_every_element_is_in_a_template() -> None:
    drawn = {("script", "page-data")}  # json_script
    for template in (settings.BASE_DIR / "templates").rglob("*.html"):
        drawn |= {(tag, name) for tag, name in ELEMENT.findall(template.read_text())}
    kinds = KIND.findall((TYPES / "elements.d.ts").read_text())
    assert len(kinds) == 6
    for kind, names in kinds:
        expected = set(re.findall(r'"([\w-]+)"', names))
        found = {name for tag, name in drawn if tag == TAGS.get(kind, tag)}
        assert expected - found == set(), kind
