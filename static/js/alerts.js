// The board of alerts: new ones are told and heard, and the number in the header follows.
import { beep, bindSound } from "./alert_sound.js";
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

startLive();
bindSheet();
bindSound();
