// What every page needs: htmx's manners, the key sheet, dialogs, menus and messages.
import { showChanges } from "./changes.js";
import { watchContact } from "./contact.js";
import { keepFocus } from "./focus.js";
import { measureHeader } from "./header.js";
import { bindKeys, onKey } from "./keys.js";
import { announce, toast } from "./messages.js";
import { sendOnce } from "./once.js";
import { keepPlace } from "./place.js";
import { startPolling } from "./polling.js";
import { watchSession } from "./session.js";
import { keepSteady } from "./steady.js";
import { reachWide } from "./wide.js";

document.documentElement.classList.add("js");

const csrfToken = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

document.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["X-CSRFToken"] = csrfToken();
});

// An error of ours says where it wants to stand; one of somebody in between (a proxy) must not land inside a table.
document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    if (xhr.status >= 400 && xhr.getResponseHeader("HX-Retarget")) {
        event.detail.shouldSwap = true;
        event.detail.isError = false;
    }
});

const isPoll = (event) => event.detail.requestConfig?.triggeringEvent?.type === "refresh";

document.addEventListener("htmx:sendError", (event) => {
    if (!isPoll(event)) toast(document.body.dataset.unreachable, "bad");
});
document.addEventListener("htmx:responseError", (event) => {
    if (!isPoll(event)) toast(document.body.dataset.failed, "bad");
});

document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens)?.showModal();
    const closer = event.target.closest("[data-closes]");
    if (closer) document.getElementById(closer.dataset.closes)?.close();
    if (event.target.closest("[data-print]")) window.print();
    event.target.closest("[data-dismiss]")?.closest("[data-toast]")?.remove();
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
        if (!menu.contains(event.target)) menu.open = false;
    }
});

document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && event.target.closest("details[data-menu][open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
    event.stopPropagation();
});

// A menu closes when the focus goes on to something outside of it.
document.addEventListener("focusout", (event) => {
    const menu = event.target.closest("details[data-menu][open]");
    if (menu && event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
});

document.addEventListener("change", (event) => {
    const { target } = event;
    if (!target.matches("[data-submit]") || !target.checkValidity()) return;
    const cleared = document.getElementById(target.dataset.clears);
    if (cleared) cleared.value = "";
    target.form.requestSubmit();
});

// Where there is JavaScript, the buttons of those without it go: the first one of a form is what Enter presses.
const tidy = (root) => root.querySelectorAll?.(".no-js-only").forEach((part) => part.remove());
document.addEventListener("htmx:load", (event) => tidy(event.detail.elt));

// What has come in with a swap and wants the focus: a summary of mistakes, or the first field of a form.
const focusWanted = (root) => {
    const wanted = root.matches?.("[data-focus]") ? root : root.querySelector?.("[data-focus]");
    if (!wanted) return;
    wanted.focus();
    if (wanted.dataset.focus === "select") wanted.select?.();
};
document.addEventListener("htmx:afterSettle", (event) => focusWanted(event.detail.elt));
// A part that comes in beside its own target must not take the focus away with what it replaces.
let replacesFocus = false;
document.addEventListener("htmx:oobBeforeSwap", (event) => {
    replacesFocus = event.detail.target.contains(document.activeElement) && event.detail.target.id === "hold-trouble";
});
document.addEventListener("htmx:oobAfterSwap", (event) => {
    if (replacesFocus) focusWanted(document.getElementById("hold-trouble") ?? event.target);
    replacesFocus = false;
});
document.addEventListener("announce", (event) => announce(event.detail.value));
// An answer to what was just pressed: that it was done need not stand there until it is closed.
document.addEventListener("toast", ({ detail }) => toast(detail.words, detail.tone, { goes: detail.tone === "good" }));

onKey("?", "", () => document.getElementById("keys")?.showModal());
bindKeys();
tidy(document);
keepSteady();
measureHeader();
reachWide();
keepPlace();
keepFocus();
showChanges();
sendOnce();
watchContact();
startPolling();
watchSession();
focusWanted(document);
