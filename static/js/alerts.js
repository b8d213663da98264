// The board of alerts: new ones are told and heard, and the number in the header follows.
import { beep, bindSound } from "./alert_sound.js";
import { bindKeysOfAlerts } from "./alerts_keys.js";
import { startLive } from "./live.js";
import { announce } from "./messages.js";
import { bindSheet } from "./sheet.js";

const shown = () => [...document.querySelectorAll("[data-alert]")];
let known = new Set(shown().map((alert) => alert.dataset.alert));

const count = (list) => {
    const badge = document.getElementById("alert-count");
    if (!badge) return;
    badge.hidden = list.dataset.untaken === "0";
    badge.querySelector("[data-number]").textContent = list.dataset.untaken;
};

document.addEventListener("htmx:load", (event) => {
    if (event.detail.elt.id !== "alerts") return;
    const fresh = shown().filter((alert) => !known.has(alert.dataset.alert));
    known = new Set(shown().map((alert) => alert.dataset.alert));
    count(event.detail.elt);
    if (!fresh.length) return;
    announce(fresh.map((alert) => alert.dataset.says).join(". "));
    fresh.forEach((alert) => alert.classList.add("changed"));
    beep();
});

// On a wall nobody scrolls: how many there are below is said at its edge.
const more = document.getElementById("alerts-more");
const countBelow = () => {
    more.hidden = false;
    const edge = innerHeight - more.offsetHeight;
    const number = shown().filter((alert) => alert.getBoundingClientRect().bottom > edge).length;
    more.textContent = (number === 1 ? more.dataset.one : more.dataset.many).replace("{number}", number);
    // Without the line itself the last ones may fit.
    more.hidden = shown().every((alert) => alert.getBoundingClientRect().bottom <= innerHeight);
};

if (more) {
    // Whatever comes, goes or is written anew makes the page another height.
    new ResizeObserver(countBelow).observe(document.body);
    addEventListener("resize", countBelow);
    addEventListener("scroll", countBelow, { passive: true });
}

startLive();
bindSheet();
bindSound();
// On a wall what they press is not shown.
if (!document.documentElement.matches(".wall")) bindKeysOfAlerts();
