// The alerts by keyboard: arrows go from one to the next, I takes it on, V takes vitals and E ends it. Nobody is taken over
// from somebody by a letter: since one looked, a colleague may have pressed first.
import { bindPeople } from "./people_keys.js";

const ALERT = "[data-alert]";
// A doctor sees two lists below each other, which are walked through as one.
const all = () => [...document.querySelectorAll(`#alerts ${ALERT}`)];
const aside = (alert, by) => all()[all().indexOf(alert) + by];

/** Whom nobody looks after has waited for this longest; where each has somebody, it is the longest wait. */
const first = () => document.querySelector(`#alerts ${ALERT}:not(.taken)`) ?? all()[0];

export const bindKeysOfAlerts = () => bindPeople({
    part: "alerts",
    people: ALERT,
    name: ".alert-who a",
    first,
    steps: {
        ArrowDown: (alert) => aside(alert, 1),
        ArrowUp: (alert) => aside(alert, -1),
        Home: () => all()[0],
        End: () => all().at(-1),
    },
    letters: { i: "button.primary", v: "a[id^=vitals-]", e: "a[data-sheet]" },
});
