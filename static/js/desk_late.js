// Answers that come after the form they were asked for was closed or replaced: they write nothing into a newer one.
import { announce, toast } from "./messages.js";

const csrfToken = () => document.querySelector('meta[name="csrf-token"]').content;
const pathOf = (address) => new URL(address, location.href).pathname;

/** The slot is held for a form that is gone: let it go, unless a newer form of the same slot is open. */
const letGo = (path) => {
    const release = path.replace(/\/hold(?=\?|$)/, "/release");
    const open = document.getElementById("panel")?.dataset.release;
    if (open && pathOf(open) === pathOf(release)) return;
    const form = new FormData();
    form.set("csrf_token", csrfToken());
    fetch(release, { method: "POST", body: form, headers: { "HX-Request": "true" } }).catch(() => {});
};

/** A booking or a move was done, or refused, while something else was opened: it is said, and the grid shows it. */
const tell = (xhr) => {
    const said = JSON.parse(xhr.getResponseHeader("HX-Trigger-After-Settle") ?? "{}").announce?.value;
    const words = xhr.status < 300 ? said : document.getElementById("desk").dataset.late;
    if (words) {
        toast(words, xhr.status < 300 ? "good" : "bad");
        announce(words);
    }
    for (const part of ["#grid", "#day"]) window.htmx.trigger(part, "refresh");
};

// The panel in which each element that asks was standing.
const watched = new WeakMap();

const watch = (element, panel) => {
    if (watched.has(element)) return;
    watched.set(element, panel);
    // On the element itself: what has left the page tells nobody else.
    element.addEventListener("htmx:beforeOnLoad", (event) => {
        if (event.target !== element || element.isConnected) return;
        // A link that was pressed leads on, although what it stood in was written anew meanwhile, if its form is still open.
        if (element.localName === "a" && panel.isConnected) return;
        event.preventDefault();
        const { requestConfig, xhr } = event.detail;
        if (requestConfig.verb !== "post") return;
        if (element.id === "hold") {
            if (xhr.status < 300) letGo(requestConfig.path);
        } else if (element.localName === "form") {
            tell(xhr);
        }
    });
};

export const bindLate = () => {
    document.addEventListener("htmx:beforeRequest", (event) => {
        const panel = event.target.closest?.("#panel");
        if (panel) watch(event.target, panel);
    });
};
