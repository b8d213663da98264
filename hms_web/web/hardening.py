"""The security headers of every answer: whatever makes it, an error of the framework included."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# The page loads what this origin serves and nothing else; htmx needs neither inline code nor eval.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; img-src 'self' data:; "
    "object-src 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
TWO_YEARS = "max-age=63072000; includeSubDomains"


class Hardened:
    """A program whose answers have them, but for those that an answer has chosen its own of.

    It stands around Flask and not in it: there each header is read and checked anew for each answer, which costs an
    answer that says nothing more than everything else that is said of it.
    """

    def __init__(self, program: "WSGIApplication", *, is_production: bool) -> None:
        headers = dict(SECURITY_HEADERS)
        if is_production:
            headers["Strict-Transport-Security"] = TWO_YEARS
        self._program = program
        self._headers = [(name.lower(), (name, value)) for name, value in headers.items()]

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request."""

        def start(status: str, headers: list[tuple[str, str]], *error: object) -> object:
            chosen = {name.lower() for name, _ in headers}
            added = [pair for name, pair in self._headers if name not in chosen]
            return start_response(status, headers + added, *error)  # type: ignore[arg-type]

        return self._program(environ, start)  # type: ignore[arg-type]
