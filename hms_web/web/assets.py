"""Stylesheets, scripts and vendor files, at addresses that change with their content and may be kept for ever."""

import gzip
import hashlib
import mimetypes
from pathlib import Path

from flask import Blueprint, Flask, Response, abort, current_app, request, send_from_directory

EXTENSION = "hms_assets"
HARDEST = 9
FOR_EVER = "public, max-age=31536000, immutable"

blueprint = Blueprint("assets", __name__)


class Assets:
    """The folders that assets come from, and the fingerprint of everything in them.

    One fingerprint for all, as a folder in the address: a script that imports its neighbour by a relative path then
    gets the neighbour of the same build.
    """

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self.folders = folders
        self.fingerprint = self._fingerprint()
        self._pressed: dict[tuple[Path, int], bytes] = {}

    def _fingerprint(self) -> str:
        digest = hashlib.blake2b(digest_size=6)
        for folder in self.folders:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()

    def folder_of(self, filename: str) -> Path | None:
        """The first folder that has the file."""
        return next((folder for folder in self.folders if (folder / filename).is_file()), None)

    def compressed(self, path: Path) -> bytes:
        """A file, compressed once and then kept; there are a few dozen of them, all text."""
        key = path, path.stat().st_mtime_ns
        if key not in self._pressed:
            self._pressed[key] = gzip.compress(path.read_bytes(), HARDEST, mtime=0)
        return self._pressed[key]


def init_app(app: Flask) -> None:
    """Find the assets, serve them, and give templates `asset_url`."""
    root = Path(app.root_path).parent
    app.extensions[EXTENSION] = Assets((root / "static", root / "build" / "static"))
    app.register_blueprint(blueprint)
    app.add_template_global(asset_url)


def asset_url(filename: str) -> str:
    """The address of an asset, like `css/base.css` or `vendor/htmx.min.js`."""
    assets: Assets = current_app.extensions[EXTENSION]
    if current_app.debug:
        assets.fingerprint = assets._fingerprint()  # noqa: SLF001 edited while the server runs
    return f"/assets/{assets.fingerprint}/{filename}"


@blueprint.get("/assets/<fingerprint>/<path:filename>")
def file(fingerprint: str, filename: str) -> Response:
    """Serve an asset; one asked by an old fingerprint is what it is now, and not to be kept."""
    assets: Assets = current_app.extensions[EXTENSION]
    folder = assets.folder_of(filename) if ".." not in filename else None
    if folder is None:
        abort(404)
    if request.accept_encodings["gzip"] > 0:
        response = _compressed(assets, folder / filename)
    else:
        response = send_from_directory(folder, filename)
    response.vary.add("Accept-Encoding")
    response.headers["Cache-Control"] = FOR_EVER if fingerprint == assets.fingerprint else "no-cache"
    return response


def _compressed(assets: Assets, path: Path) -> Response:
    """Answer with a file as gzip. Only assets are compressed here: a page holds secrets beside what somebody typed."""
    pressed = assets.compressed(path)
    response = Response(pressed, mimetype=mimetypes.guess_type(path.name)[0] or "application/octet-stream")
    response.headers["Content-Encoding"] = "gzip"
    response.set_etag(hashlib.blake2b(pressed, digest_size=8).hexdigest())
    response.make_conditional(request)
    return response
