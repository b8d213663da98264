// Whether the server is reached. When it is not, a bar says so at once; it is asked again by itself, and when it answers
// the bar goes, that is said too, and everything that keeps itself up to date is.
import { announce } from "./messages.js";

const ASK_EVERY = 3000;
// From something in between that found nobody behind it. Our own 503 is an answer.
const NOBODY_THERE = new Set([502, 504]);

let asking = null;
let isLeaving = false;

const bar = () => document.getElementById("contact");
const clock = () => new Intl.DateTimeFormat(document.documentElement.lang || "en", {
    hour: "2-digit", minute: "2-digit", hourCycle: "h23",
}).format(Date.now());

const find = () => {
    if (!asking) return;
    clearInterval(asking);
    asking = null;
    bar().replaceChildren();
    announce(document.body.dataset.found);
    for (const part of document.querySelectorAll("[data-poll]")) window.htmx?.trigger(part, "refresh");
};

const ask = async () => {
    try {
        const answer = await fetch("/healthz", { cache: "no-store" });
        if (answer.ok) find();
    } catch {
        // It is asked again.
    }
};

const lose = () => {
    if (asking || isLeaving) return;
    const words = document.createElement("p");
    words.textContent = document.body.dataset.lost.replace("{time}", clock());
    bar().replaceChildren(words);
    asking = setInterval(ask, ASK_EVERY);
};

export const watchContact = () => {
    window.addEventListener("beforeunload", () => { isLeaving = true; });
    window.addEventListener("pageshow", () => { isLeaving = false; });
    window.addEventListener("offline", lose);
    window.addEventListener("online", ask);
    document.addEventListener("htmx:sendError", lose);
    document.addEventListener("htmx:timeout", lose);
    document.addEventListener("htmx:afterRequest", (event) => {
        const status = event.detail.xhr?.status ?? 0;
        if (NOBODY_THERE.has(status)) lose();
        else if (status > 0) find();
    });
    if (!navigator.onLine) lose();
};
