// Two minutes before the session ends the page says so, in every tab; when it has ended, what it shows is put away.
import { announce, toast } from "./messages.js";
import { forgetOthers, keepTyped, restoreTyped } from "./typed.js";

const WARN_SECONDS = 120;
// Who types or points is at work, also where the page asks the server for nothing: it is told so this often.
const TELL_EVERY = 120000;

let box = null;
let visitor = "";
let endsAt = 0;
let workedAt = 0;
let toldAt = Date.now();
// Whether the server has been asked how long it lasts before the page warns or puts itself away.
let isSure = false;
// Whether it ends whatever is done: twelve hours after signing in.
let isLast = false;
let isGone = false;

const others = new BroadcastChannel("session");
const secondsLeft = () => Math.ceil((endsAt - Date.now()) / 1000);

const SLACK = 2000;

// What one tab hears of the server, the others need not ask.
const learn = (seconds) => {
    const end = Date.now() + Number(seconds) * 1000;
    const isLonger = end > endsAt + SLACK;
    endsAt = end;
    isSure = secondsLeft() <= WARN_SECONDS;
    if (isLonger && !isSure) others.postMessage({ kind: "left", visitor, endsAt });
    show();
};

const putAway = (keeps = true) => {
    if (isGone) return;
    isGone = true;
    if (keeps) keepTyped(visitor);
    document.body.hidden = true;
    const here = location.pathname + location.search;
    location.replace(`${box.dataset.login}?next=${encodeURIComponent(here)}`);
};

const ask = async (headers) => {
    try {
        const answer = await fetch(box.dataset.stay, { headers: { "HX-Request": "true", ...headers } });
        const left = answer.headers.get("X-Session-Left");
        if (answer.ok && left) learn(left);
        else if (answer.status === 401) putAway();
    } catch {
        // Without the server nobody knows; the time that was last told counts.
    }
};

const stay = async () => {
    toldAt = Date.now();
    await ask({});
    isLast = secondsLeft() <= WARN_SECONDS;
    show();
};

const clockWords = (left) => `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;

const hide = () => { if (box.open) box.close(); };

// Somebody who is there is asked in the way of everything else. Where nothing can be done about the end, the words stand
// aside, so that what is open can still be saved.
const open = () => {
    box.classList.toggle("is-last", isLast);
    box.querySelector("#session-words").textContent = isLast ? box.dataset.lastWords : box.dataset.idleWords;
    box.querySelector("[data-stays]").hidden = isLast;
    if (box.open) return;
    if (!isLast) { box.showModal(); return; }
    const focused = document.activeElement;
    box.show();
    focused?.focus();
    announce(box.dataset.lastWords);
};

function show() {
    const left = secondsLeft();
    if (left > WARN_SECONDS) { hide(); return; }
    if (!isSure) return;
    if (isLast && box.matches(":modal")) box.close();
    open();
    box.querySelector("[data-clock]").textContent = clockWords(Math.max(0, left));
}

// A machine that has slept since somebody worked tells nothing of it afterwards.
const isToBeTold = () => {
    const now = Date.now();
    return workedAt > toldAt && now - toldAt > TELL_EVERY && now - workedAt < TELL_EVERY + SLACK;
};

const tick = async () => {
    if (isGone) return;
    const left = secondsLeft();
    if (isToBeTold() && !box.open && !isLast) { await stay(); return; }
    // A tab that could not tell may have kept it going.
    if (left <= WARN_SECONDS && !isSure) await ask({ "X-Poll": "1" });
    isSure = secondsLeft() <= WARN_SECONDS;
    if (secondsLeft() <= 0) {
        await ask({ "X-Poll": "1" });
        if (secondsLeft() <= 0) putAway();
        return;
    }
    show();
};

const hear = ({ data }) => {
    if (data.kind === "here" && data.visitor !== visitor) putAway(false);
    // A page for strangers has come up in another tab: has this session ended?
    if (data.kind === "out") ask({ "X-Poll": "1" });
    if (data.kind === "left" && data.visitor === visitor && data.endsAt > endsAt + SLACK) {
        endsAt = data.endsAt;
        isSure = false;
        isLast = false;
        show();
    }
};

// Whoever comes next goes on where this page is now, but not in the form of a slot that was held for somebody else.
const leave = (event) => {
    const next = event.target.closest("form[data-leaves]")?.querySelector('[name="next"]');
    if (next) next.value = document.querySelector("#panel[data-slot]")?.dataset.close ?? location.pathname + location.search;
};

const restore = (root) => {
    if (restoreTyped(visitor, root)) toast(box.dataset.restored, "warn");
};

export const watchSession = () => {
    box = document.getElementById("session");
    if (!box) {
        others.postMessage({ kind: "out" });
        return;
    }
    visitor = box.dataset.visitor;
    forgetOthers(visitor);
    others.addEventListener("message", hear);
    others.postMessage({ kind: "here", visitor });
    learn(box.dataset.left);
    document.addEventListener("htmx:afterRequest", (event) => {
        const left = event.detail.xhr?.getResponseHeader("X-Session-Left");
        if (left) learn(left);
    });
    document.addEventListener("htmx:configRequest", (event) => {
        // What a page sends while it asks (a field that has lost the focus to the question) is nobody at work.
        if (box.matches(":modal")) event.detail.headers["X-Poll"] = "1";
    });
    document.addEventListener("htmx:beforeOnLoad", (event) => {
        if (event.detail.xhr.status === 401) keepTyped(visitor);
    });
    document.addEventListener("htmx:load", (event) => restore(event.detail.elt));
    document.addEventListener("submit", leave);
    for (const kind of ["keydown", "pointerdown"]) {
        document.addEventListener(kind, () => { workedAt = Date.now(); }, { capture: true, passive: true });
    }
    box.addEventListener("cancel", (event) => { event.preventDefault(); stay(); });
    box.querySelector("[data-stays]").addEventListener("click", stay);
    restore(document);
    setInterval(tick, 1000);
};
