"""A browser without JavaScript for tests: every page it fetches is checked, and its forms can be filled and sent."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin
from xml.etree.ElementTree import Element

import html5lib
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

HX = {"HX-Request": "true"}
LABELLED = {"input", "select", "textarea"}
NO_LABEL = {"hidden", "submit", "button"}
WORD = re.compile(r"\w{2,}")


def parse(html: str, *, fragment: bool = False) -> Element:
    """Parse HTML and fail on whatever a strict parser finds wrong."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    root: Element = parser.parseFragment(html) if fragment else parser.parse(html)
    assert not parser.errors, parser.errors[:5]
    return root


def check(html: str, *, fragment: bool = False) -> Element:
    """Parse a page or fragment and check that it keeps: one h1, unique ids, named fields, nothing inline."""
    root = parse(html, fragment=fragment)
    elements: list[Element] = [element for element in root.iter() if not callable(element.tag)]
    if not fragment:
        assert len([e for e in elements if e.tag == "h1"]) == 1, "a page has one h1"
        assert next(e for e in elements if e.tag == "title").text, "a page has a title"
    ids = [e.attrib["id"] for e in elements if "id" in e.attrib]
    assert sorted(ids) == sorted(set(ids)), f"ids twice: {sorted(i for i in ids if ids.count(i) > 1)}"
    _check_names(elements, set(ids), whole=not fragment)
    for element in elements:
        inline = [name for name in element.attrib if name == "style" or name.startswith(("on", "hx-on"))]
        assert not inline, f"inline {inline} on {element.tag}"
        assert element.tag != "style", "no inline style"
        assert element.tag != "script" or element.attrib.get("src"), "no inline script"
    return root


def _check_names(elements: list[Element], ids: set[str], *, whole: bool) -> None:
    labels = {e.attrib["for"] for e in elements if e.tag == "label" and "for" in e.attrib}
    inside = {id(child) for e in elements if e.tag == "label" for child in e.iter()}
    for element in elements:
        if element.tag in LABELLED and element.attrib.get("type") not in NO_LABEL:
            named = (
                element.attrib.get("id") in labels
                or id(element) in inside
                or {"aria-label", "aria-labelledby"} & element.attrib.keys()
            )
            assert named, f"no label: {element.attrib}"
        if element.tag in {"button", "a"}:
            assert text(element) or element.attrib.get("aria-label"), f"no name: {element.tag} {element.attrib}"
            _check_spoken(element)
        if whole:
            for reference in ("for", "aria-describedby", "aria-labelledby", "aria-controls"):
                missing = set(element.attrib.get(reference, "").split()) - ids
                assert not missing, f"{reference} names nothing: {missing}"


def _check_spoken(element: Element) -> None:
    """Who says what stands on a button has to hit it: its name has every word that is to be read there."""
    name = element.attrib.get("aria-label")
    if name is not None:
        unsaid = set(WORD.findall(" ".join(element.itertext()).lower())) - set(WORD.findall(name.lower()))
        assert not unsaid, f"to be read and not in the name: {unsaid}, {name}"


def text(element: Element) -> str:
    """An element's text, its white space folded."""
    return " ".join("".join(element.itertext()).split())


class Page:
    """An answer of the server that was checked."""

    def __init__(self, browser: "Browser", response: TestResponse, url: str) -> None:
        self.browser, self.response, self.url = browser, response, url
        self.status = response.status_code
        self.html = response.get_data(as_text=True)
        is_html = response.mimetype == "text/html" and bool(self.html)
        self.fragment = "<!doctype html>" not in self.html.lower()[:400]
        self.root = check(self.html, fragment=self.fragment) if is_html else Element("html")

    @property
    def text(self) -> str:
        """Everything that can be read."""
        return text(self.root)

    @property
    def h1(self) -> str:
        """The page's title."""
        return text(next(self.root.iter("h1")))

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """The elements of a tag that have these attributes; `class_` is one of the classes."""
        return list(self._all(tag, attributes))

    def _all(self, tag: str, attributes: Mapping[str, str]) -> Iterator[Element]:
        for element in self.root.iter(tag):
            classes = element.attrib.get("class", "").split()
            if all(
                value in classes if name == "class_" else element.attrib.get(name.replace("_", "-")) == value
                for name, value in attributes.items()
            ):
                yield element

    def form(self, action: str | None = None, *, id: str | None = None) -> "Form":  # noqa: A002 as HTML says
        """The form whose action contains `action`, or whose id this is."""
        for element in self.root.iter("form"):
            goes_there = action is None or action in element.attrib.get("action", "")
            if goes_there and id in {None, element.attrib.get("id")}:
                return Form(self, element)
        message = f"no form {action or id} in {self.url}"
        raise AssertionError(message)

    def follow(self, words: str) -> "Page":
        """Go where a link leads."""
        link = next(a for a in self.root.iter("a") if words in text(a))
        return self.browser.get(urljoin(self.url, link.attrib["href"]))


class Form:
    """A form with what stands in its fields."""

    def __init__(self, page: Page, element: Element) -> None:
        self.page, self.element = page, element
        own = element.attrib.get("id")
        off = {id(e) for f in page.root.iter("fieldset") if "disabled" in f.attrib for e in f.iter()}
        fields = [e for e in element.iter() if "form" not in e.attrib and id(e) not in off]
        fields += [e for e in page.root.iter() if own is not None and e.attrib.get("form") == own]
        self.values: dict[str, Any] = {}
        for field in fields:
            name = field.attrib.get("name")
            if name and field.tag in LABELLED and not self._is_off(field):
                self.values[name] = self._value(field)

    @staticmethod
    def _is_off(field: Element) -> bool:
        unchecked = field.attrib.get("type") in {"checkbox", "radio"} and "checked" not in field.attrib
        return unchecked or "disabled" in field.attrib

    @staticmethod
    def _value(field: Element) -> str:
        if field.tag == "textarea":
            return (field.text or "").removeprefix("\n")
        if field.tag == "select":
            options = list(field.iter("option"))
            chosen = next((o for o in options if "selected" in o.attrib), options[0] if options else None)
            return "" if chosen is None else chosen.attrib.get("value", text(chosen))
        return field.attrib.get("value", "on" if field.attrib.get("type") in {"checkbox", "radio"} else "")

    def send(self, _headers: Mapping[str, str] | None = None, **values: Any) -> Page:
        """Send the form with some fields filled in; None takes a field away."""
        data = {name: value for name, value in (self.values | values).items() if value is not None}
        url = urljoin(self.page.url, self.element.attrib.get("action", ""))
        if self.element.attrib.get("method", "get").lower() == "get":
            return self.page.browser.get(url, query=data, headers=_headers)
        return self.page.browser.post(url, data, headers=_headers)


class Browser:
    """Somebody who clicks; redirects are followed, except those that lead elsewhere."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(
        self, url: str, *, query: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> Page:
        """Fetch a page."""
        response = self.client.get(url, query_string=query, headers=headers, follow_redirects=True)
        return Page(self, response, response.request.full_path.rstrip("?"))

    def fragment(self, url: str, **headers: str) -> Page:
        """Fetch a part of a page as htmx does."""
        return Page(self, self.client.get(url, headers=HX | headers), url)

    def post(self, url: str, data: Mapping[str, Any], *, headers: Mapping[str, str] | None = None) -> Page:
        """Send a form as it is; without its CSRF token it is refused."""
        response = self.client.post(url, data=data, headers=headers, follow_redirects=True)
        return Page(self, response, response.request.full_path.rstrip("?"))

    def csrf_token(self, url: str = "/login") -> str:
        """The token that the scripts of a page send."""
        found = re.search(r'name="csrf-token"\s+content="([^"]+)"', self.client.get(url).get_data(as_text=True))
        assert found
        return found[1]

    def sign_in(self, email: str, password: str, next_page: str = "") -> Page:
        """Sign in through the form."""
        page = self.get("/login" + (f"?next={next_page}" if next_page else ""))
        return page.form("/login").send(email=email, password=password)
