// People by keyboard: arrows walk over them, and a letter presses the button beside the name. The letters count only
// while the focus is on somebody (WCAG 2.1.4): elsewhere on the page nobody presses them by mistake.
import { onKey } from "./keys.js";

/**
 * `part` is the id of what brings itself up to date, `people` selects those in it, `name` the link in each. `steps` give
 * for a key who comes after somebody, `first` where one begins, `letters` the selector of what a letter presses.
 */
export const bindPeople = ({ part, people, name, first, steps, letters }) => {
    const here = () => document.activeElement?.closest?.(`#${part} ${people}`);

    const goTo = (person) => {
        person.querySelector(name).focus({ preventScroll: true });
        person.scrollIntoView({ block: "nearest", inline: "nearest" });
    };

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
        const link = here().querySelector(name);
        followed = link.id;
        link.focus({ preventScroll: true });
        button.click();
        return true;
    };

    // Whoever something was done for may stand elsewhere, perhaps below an edge.
    const follow = (event) => {
        if (event.detail.elt.id !== part || !followed) return;
        const link = document.getElementById(followed);
        followed = "";
        if (link && link === document.activeElement) goTo(link.closest(people));
    };

    for (const key of Object.keys(steps)) onKey(key, "", walk(key));
    for (const [letter, selector] of Object.entries(letters)) onKey(letter, "", press(selector));
    document.addEventListener("htmx:afterSettle", follow);
};
