// The keys of the front desk. Each stands beside the button that it presses, so it presses that button.
import { onKey } from "./keys.js";
import { closePanel } from "./desk_hold.js";
import { currentCell, firstCell, focusCell } from "./desk_grid.js";
import { focusSearch } from "./desk_person.js";

const press = (selector) => () => {
    const button = document.querySelector(selector);
    if (!button) return false;
    button.click();
    return true;
};

/** Do something to the appointment in the panel; or open the one that the grid is on, and do it then. */
const toAppointment = (key) => () => {
    const cell = document.activeElement?.closest?.("#grid .b");
    const open = document.getElementById("panel").dataset.appointment;
    if (!cell || cell.value === open) return press(`#panel [data-key="${key}"]`)();
    cell.click();
    const then = (event) => {
        if (event.detail.elt.id !== "panel") return;
        document.removeEventListener("htmx:afterSettle", then);
        press(`#panel [data-key="${key}"]`)();
    };
    document.addEventListener("htmx:afterSettle", then);
    return true;
};

/** The week of the doctor in whose column somebody is, of the first one otherwise; from a week back to the day. */
const changeView = () => {
    const column = document.activeElement?.closest?.("#grid .grid:not(.week) .col");
    const head = column?.querySelector(".head button");
    if (!head) return press(".views a:not([aria-current])")();
    head.click();
    return true;
};

const toGrid = () => {
    const inGrid = document.activeElement?.closest?.("#grid");
    if (inGrid || document.activeElement?.closest?.("a, button, summary, [role=option]")) return false;
    focusCell(currentCell() ?? firstCell());
    return true;
};

const close = () => {
    const hadFocus = document.getElementById("panel")?.contains(document.activeElement);
    if (!closePanel()) return false;
    if (hadFocus) focusCell(currentCell() ?? firstCell());
    return true;
};

const chooseDate = () => {
    document.getElementById("on-day").focus();
};

// A date that is typed is complete with each digit of the year: it is gone to at Enter or when the field is left. One
// that is picked is meant at once.
let isTyped = false;

const goToDate = (field) => {
    isTyped = false;
    // Years of fewer than four digits are not finished.
    if (!field.checkValidity() || field.value < "1000" || field.value === field.defaultValue) return;
    field.form.requestSubmit();
};

const isDate = (event) => event.target.id === "on-day";

const bindDate = () => {
    document.addEventListener("keydown", (event) => {
        if (!isDate(event)) return;
        if (event.key === "Enter") {
            event.preventDefault();
            goToDate(event.target);
        } else if (event.key !== "Tab") {
            isTyped = true;
        }
    });
    document.addEventListener("pointerdown", (event) => { if (isDate(event)) isTyped = false; });
    document.addEventListener("change", (event) => { if (isDate(event) && !isTyped) goToDate(event.target); });
    document.addEventListener("focusout", (event) => { if (isDate(event)) goToDate(event.target); });
};

export const bindKeysOfDesk = () => {
    bindDate();
    onKey("/", "", focusSearch);
    onKey("Escape", "", close, { whileTyping: true });
    onKey("n", "", press("#next-free"));
    onKey("f", "", press("#find-free"));
    onKey("w", "", changeView);
    onKey("d", "", chooseDate);
    onKey("t", "", press("#today"));
    onKey("[", "", press("#day-before"));
    onKey("]", "", press("#day-after"));
    onKey("r", "", toAppointment("r"));
    onKey("c", "", toAppointment("c"));
    onKey("x", "", toAppointment("x"));
    for (const key of ["ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight"]) onKey(key, "", toGrid);
};
