// The month of a doctor's leave: a day that is picked starts the form, the next one makes it a range, and arrows walk.
import { announce } from "./messages.js";

const byId = (id) => document.getElementById(id);
const days = () => [...document.querySelectorAll("#month [data-day]")];
const fields = () => [byId("start_date"), byId("end_date")];

/** Whether the next day that is picked ends the range. */
let wantsLast = false;

const mark = () => {
    const [first, last] = fields().map((field) => field.value);
    for (const day of days()) {
        const picked = Boolean(first) && day.value >= first && day.value <= (last || first);
        day.setAttribute("aria-pressed", String(picked));
        day.closest("td").classList.toggle("picked", picked);
    }
};

const pick = (day) => {
    const [first, last] = fields();
    const ends = wantsLast && first.value && day.value >= first.value;
    if (!ends) first.value = day.value;
    last.value = day.value;
    wantsLast = !ends;
    mark();
    announce(`${first.closest(".field").querySelector("label").textContent.trim()}: ${first.value}, ${last.value}`);
    last.dispatchEvent(new Event("change", { bubbles: true }));
};

/** One day is in the tab order: where the person is, or today, or the first. */
const rest = (here) => {
    const all = days();
    const one = all.includes(here) ? here : all.find((day) => day.closest(".today")) ?? all[0];
    for (const day of all) day.tabIndex = day === one ? 0 : -1;
    return one;
};

const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
const TURNS = { PageUp: "month-before", PageDown: "month-after" };
// Where the focus goes when the next month is there.
let comesFrom = null;

const walk = (event) => {
    const day = event.target.closest?.("#month [data-day]");
    if (!day || event.ctrlKey || event.metaKey || event.altKey) return;
    const all = days();
    const next = event.key === "Home" ? all[0] : event.key === "End" ? all.at(-1) : all[all.indexOf(day) + STEPS[event.key]];
    const turn = TURNS[event.key] ?? (STEPS[event.key] && !next ? TURNS[STEPS[event.key] < 0 ? "PageUp" : "PageDown"] : null);
    if (turn && byId(turn)) {
        event.preventDefault();
        comesFrom = STEPS[event.key] < 0 || event.key === "PageUp" ? "after" : "before";
        byId(turn).click();
    } else if (next && (event.key in STEPS || event.key === "Home" || event.key === "End")) {
        event.preventDefault();
        rest(next).focus();
    }
};

document.addEventListener("click", (event) => {
    const day = event.target.closest("#month [data-day]");
    if (!day) return;
    event.preventDefault();
    rest(day).focus();
    pick(day);
});
document.addEventListener("keydown", walk);
document.addEventListener("change", (event) => {
    if (fields().includes(event.target)) mark();
});
document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.elt.id !== "month") return;
    mark();
    const one = rest(null);
    if (comesFrom) (comesFrom === "after" ? rest(days().at(-1)) : rest(days()[0]) ?? one)?.focus();
    else byId(event.detail.requestConfig?.elt?.id ?? "")?.focus();
    comesFrom = null;
});
mark();
rest(null);
