// Boards: running times, a badge that says whether there is contact, and the sheet for vitals.
import { bindKeysOfBoard } from "./board_keys.js";
import { startLive } from "./live.js";
import { bindSheet } from "./sheet.js";
import { bindVitals } from "./vitals.js";

// On a wall nobody scrolls: how many there are below is said under each column.
const sayBelow = (line) => {
    const list = line.previousElementSibling;
    line.hidden = true;
    if (list.scrollHeight <= list.clientHeight + 1) return;
    line.hidden = false;
    const edge = list.getBoundingClientRect().bottom + 1;
    const below = [...list.querySelectorAll("[data-person]")].filter((person) => person.getBoundingClientRect().bottom > edge);
    line.textContent = (below.length === 1 ? line.dataset.one : line.dataset.many).replace("{number}", below.length);
    line.classList.toggle("has-late", below.some((person) => person.matches(".too-long")));
    line.hidden = below.length === 0;
};

const sayAll = () => document.querySelectorAll("[data-below]").forEach(sayBelow);

startLive();
bindSheet();
bindVitals();
if (document.documentElement.matches(".wall")) {
    new ResizeObserver(sayAll).observe(document.body);
    // With each poll, whether it brought something or not: meanwhile somebody may have waited too long.
    document.addEventListener("htmx:afterRequest", sayAll);
    addEventListener("scroll", sayAll, { capture: true, passive: true });
} else {
    bindKeysOfBoard();
}
