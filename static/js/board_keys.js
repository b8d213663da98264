// The board by keyboard: arrows go through its columns, V takes vitals and C checks in.
import { bindPeople } from "./people_keys.js";

const COLUMNS = "#board .people";
const PERSON = ".people [data-person]";
const place = (people) => people.closest(".column").getBoundingClientRect();
// As they are seen: on a tablet those who are expected stand below, although they come first.
const columns = () => [...document.querySelectorAll(COLUMNS)]
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

/** Whoever waits to be measured is what a nurse looks for; for others it is the first on the board. */
const first = () => document.querySelector(`#board ${PERSON}:has(a[data-sheet])`) ?? document.querySelector(`#board ${PERSON}`);

export const bindKeysOfBoard = () => bindPeople({
    part: "board",
    people: PERSON,
    name: ".person-name a",
    first,
    steps: {
        ArrowDown: (person) => person.nextElementSibling,
        ArrowUp: (person) => person.previousElementSibling,
        ArrowLeft: (person) => aside(person, -1),
        ArrowRight: (person) => aside(person, 1),
        Home: (person) => person.parentElement.firstElementChild,
        End: (person) => person.parentElement.lastElementChild,
    },
    letters: { v: "a[data-sheet]", c: 'button[value="CHECKED_IN"]' },
});
