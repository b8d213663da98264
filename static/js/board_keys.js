// The board by keyboard: arrows walk over the people, and a letter presses the button beside the name. The letters count only
// while the focus is in the board (WCAG 2.1.4): elsewhere on the page nobody presses them by mistake.
import { onKey } from "./keys.js";

const PEOPLE = "#board .people";
const here = () => document.activeElement?.closest?.(`${PEOPLE} [data-person]`);
const place = (people) => people.closest(".column").getBoundingClientRect();
// As they are seen: on a tablet those who are expected stand below, although they come first.
const columns = () => [...document.querySelectorAll(PEOPLE)]
    .sort((one, other) => place(one).top - place(other).top || place(one).left - place(other).left);
const middle = (person) => {
    const box = person.getBoundingClientRect();
    return box.top + box.height / 2;
};

/** The one beside somebody: what stands at the same height, so that the eye goes straight on. */
const aside = (person, by) => {
    const all = columns();
    const column = all[all.indexOf(person.parentElement) + by];
    const off = (other) => Math.abs(middle(other) - middle(person));
    return column && [...column.children].reduce((best, other) => (off(other) < off(best) ? other : best));
};

const steps = {
    ArrowDown: (person) => person.nextElementSibling,
    ArrowUp: (person) => person.previousElementSibling,
    ArrowLeft: (person) => aside(person, -1),
    ArrowRight: (person) => aside(person, 1),
    Home: (person) => person.parentElement.firstElementChild,
    End: (person) => person.parentElement.lastElementChild,
};

const goTo = (person) => {
    person.querySelector(".person-name a").focus({ preventScroll: true });
    person.scrollIntoView({ block: "nearest", inline: "nearest" });
};

/** Whoever waits to be measured is what a nurse looks for; for others it is the first on the board. */
const first = () => document.querySelector(`${PEOPLE} [data-person]:has(a[data-sheet])`) ?? document.querySelector(`${PEOPLE} [data-person]`);

const walk = (key) => () => {
    const person = here();
    const isElsewhere = document.activeElement?.closest?.("a, button, summary, [role=option]");
    if (!person && (isElsewhere || !key.startsWith("Arrow"))) return false;
    const next = person ? steps[key](person) ?? person : first();
    if (!next) return false;
    goTo(next);
    return true;
};

let followed = "";

const press = (selector) => (event) => {
    const button = here()?.querySelector(selector);
    if (!button) return false;
    // Held down it counts once.
    if (event.repeat) return true;
    const name = here().querySelector(".person-name a");
    followed = name.id;
    name.focus({ preventScroll: true });
    button.click();
    return true;
};

// Whoever was checked in stands in another column, perhaps below its edge.
const follow = (event) => {
    if (event.detail.elt.id !== "board" || !followed) return;
    const name = document.getElementById(followed);
    followed = "";
    if (name && name === document.activeElement) goTo(name.closest("[data-person]"));
};

export const bindKeysOfBoard = () => {
    for (const key of Object.keys(steps)) onKey(key, "", walk(key));
    onKey("v", "", press("a[data-sheet]"));
    onKey("c", "", press('button[value="CHECKED_IN"]'));
    document.addEventListener("htmx:afterSettle", follow);
};
