// The hold of the slot whose form is open: it runs down, can be renewed, and is let go when the form is closed or left.
import { announce } from "./messages.js";

const csrfToken = () => document.querySelector('meta[name="csrf-token"]').content;
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

let endsAt = 0;
// The slot that the server holds for us, until it is booked or let go. It outlives the page: one that was left without a
// word is let go by the next hold.
const KEPT = "front-desk-held";
let held = null;
let left = sessionStorage.getItem(KEPT);

const keep = (hold) => {
    held = hold;
    if (hold) sessionStorage.setItem(KEPT, hold.slot);
    else sessionStorage.removeItem(KEPT);
};

// Whether a form was closed: whom it was for and what was typed does not go on to the next one.
let forgets = false;

const panel = () => document.getElementById("panel");

const start = (part) => {
    const hold = part.id === "hold" ? part : part.querySelector?.("#hold");
    if (!hold?.dataset.held) return;
    endsAt = performance.now() + hold.dataset.held * 1000;
    left = null;
    keep({ slot: panel().dataset.slot, release: panel().dataset.release });
};

const tick = () => {
    const hold = document.getElementById("hold");
    if (!hold?.dataset.held) return;
    const left = Math.max(0, Math.round((endsAt - performance.now()) / 1000));
    hold.querySelector("[data-left]").textContent = clock(left);
    if (left === 30) announce(hold.querySelector("[data-running]").textContent);
    if (left > 0) return;
    delete hold.dataset.held;
    keep(null);
    hold.querySelector("[data-running]").hidden = true;
    hold.querySelector("[data-over]").hidden = false;
    announce(hold.querySelector("[data-over]").textContent);
};

/** Let a slot go without waiting for an answer. */
const letGo = () => {
    if (!held) return;
    const form = new FormData();
    form.set("csrf_token", csrfToken());
    navigator.sendBeacon(held.release, form);
    held = null;
};

// After signing out nothing can be let go any more, so it is done first; a server that does not answer keeps nobody here.
const letGoFirst = (event) => {
    const form = event.target;
    if (!held || event.defaultPrevented || !form.matches("form[data-leaves]")) return;
    event.preventDefault();
    const body = new FormData();
    body.set("csrf_token", csrfToken());
    const asked = fetch(held.release, { method: "POST", body, redirect: "manual", signal: AbortSignal.timeout(2000) });
    asked.catch(() => {}).finally(() => form.submit());
    keep(null);
};

/** Close the panel; the slot that its form held is let go first. */
export const closePanel = () => {
    const open = panel();
    if (!open || open.dataset.kind === "empty") return false;
    forgets = true;
    if (held) {
        // Remembered until it is let go: an answer that is not waited for may never have been asked.
        window.htmx.ajax("POST", held.release, { source: open, target: "#panel", swap: "outerHTML" }).catch(() => {});
        return true;
    }
    const back = open.querySelector("[data-close-panel]")?.getAttribute("href") ?? open.dataset.close;
    window.htmx.ajax("GET", back, { source: open, target: "#panel", swap: "outerHTML" })
        .then(() => { if (panel().dataset.kind === "empty") history.pushState({ htmx: true }, "", back); })
        .catch(() => {});
    return true;
};

export const bindHold = () => {
    setInterval(tick, 1000);
    document.addEventListener("htmx:load", (event) => start(event.detail.elt));
    document.addEventListener("htmx:configRequest", (event) => {
        const { elt, parameters } = event.detail;
        const before = held?.slot ?? left;
        if (elt.id === "hold" && before && before !== panel().dataset.slot) parameters.instead_of = before;
    });
    document.addEventListener("htmx:beforeSwap", (event) => {
        if (!forgets || !event.detail.shouldSwap || !["panel", "desk"].includes(event.detail.target.id)) return;
        forgets = false;
        document.getElementById("person")?.remove();
        document.getElementById("about")?.remove();
    });
    document.addEventListener("htmx:afterSwap", (event) => {
        const { requestConfig, xhr } = event.detail;
        const path = requestConfig?.verb === "post" ? requestConfig.path : "";
        if (xhr?.status < 300 && (/\/(book|move)\b/.test(path) || path === held?.release)) keep(null);
        // Another panel without a slot of its own: what was held before is not wanted any more.
        if (["panel", "desk"].includes(event.detail.elt.id) && !panel()?.dataset.slot) letGo();
    });
    document.addEventListener("click", (event) => {
        if (event.target.closest("[data-renew]")) window.htmx.trigger("#hold", "renew");
        if (event.target.closest("[data-close-panel]") && closePanel()) event.preventDefault();
    });
    window.addEventListener("pagehide", letGo);
    document.addEventListener("submit", letGoFirst);
};
