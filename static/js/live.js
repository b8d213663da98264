// Parts that keep themselves up to date: their waiting times run on, and a badge says whether there still is contact.
// A part is an element with data-poll and data-now (the server's time when it was made); the badge names it in data-live.
import { announce } from "./messages.js";

const TICK = 1000;
const GRACE = 3000;

// How far this machine's clock is behind the server's.
let behind = 0;
const contacts = new Map();
// Parts whose last question did not even reach the server: no need to wait for the second to say so.
const lost = new Set();

const measure = (part) => {
    if (part.dataset.now) behind = Date.parse(part.dataset.now) - Date.now();
};

const now = () => Date.now() + behind;

const passed = (milliseconds, part) => {
    const minutes = Math.floor(milliseconds / 60000);
    const words = minutes >= 60 ? part.dataset.hours : part.dataset.minutes;
    const rest = minutes >= 60 ? String(minutes % 60).padStart(2, "0") : minutes;
    return words.replace("{hours}", Math.floor(minutes / 60)).replace("{minutes}", rest);
};

const run = (part) => {
    for (const place of part.querySelectorAll("[data-since]")) {
        const waited = now() - Date.parse(place.dataset.since);
        const words = waited < 0 ? place.dataset.before ?? "" : [place.dataset.prefix, passed(waited, part)].filter(Boolean).join(" ");
        if (place.textContent !== words) place.textContent = words;
        if (place.dataset.late && now() >= Date.parse(place.dataset.late)) {
            place.classList.add("late");
            place.closest("[data-person]")?.classList.add("too-long");
        }
    }
};

const clock = (badge, instant) => new Intl.DateTimeFormat(document.documentElement.lang || "en", {
    hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: badge.dataset.zone,
}).format(instant);

const judge = (badge) => {
    const part = document.getElementById(badge.dataset.live);
    if (!part) return;
    const contact = contacts.get(part.id) ?? now();
    contacts.set(part.id, contact);
    const isLost = lost.has(part.id) || now() - contact > 2 * part.dataset.poll * 1000 + GRACE;
    const words = (isLost ? badge.dataset.lostWords : badge.dataset.liveWords).replace("{time}", clock(badge, contact));
    if (badge.textContent.trim() !== words) badge.textContent = words;
    badge.classList.toggle("good", !isLost);
    badge.classList.toggle("bad", isLost);
    const whole = part.closest("[data-live-part]") ?? part;
    if (whole.classList.contains("is-stale") !== isLost) {
        whole.classList.toggle("is-stale", isLost);
        if (isLost) announce(words);
    }
};

const lose = (id) => {
    if (id) lost.add(id);
    document.querySelectorAll("[data-live]").forEach(judge);
};

const tick = () => {
    document.querySelectorAll("[data-poll][data-now]").forEach(run);
    document.querySelectorAll("[data-live]").forEach(judge);
};

export const startLive = () => {
    document.querySelectorAll("[data-poll][data-now]").forEach(measure);
    document.addEventListener("htmx:afterRequest", (event) => {
        const id = event.detail.target?.id;
        if (id && event.detail.xhr?.status >= 200 && event.detail.xhr.status < 300) {
            contacts.set(id, now());
            lost.delete(id);
            document.querySelectorAll("[data-live]").forEach(judge);
        }
    });
    for (const trouble of ["htmx:sendError", "htmx:timeout"]) {
        document.addEventListener(trouble, (event) => lose(event.detail.target?.id));
    }
    window.addEventListener("offline", () => document.querySelectorAll("[data-live]").forEach((badge) => lose(badge.dataset.live)));
    window.addEventListener("online", () => document.querySelectorAll("[data-poll]").forEach((part) => window.htmx?.trigger(part, "refresh")));
    document.addEventListener("htmx:load", (event) => {
        if (event.detail.elt.dataset?.poll) { measure(event.detail.elt); run(event.detail.elt); }
    });
    setInterval(tick, TICK);
    tick();
};
