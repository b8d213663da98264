// The grid: one of its buttons is in the tab order, arrows walk between them, and the focus survives every replacement.
const CELLS = ".col > button";

const box = () => document.getElementById("grid-box");
const columns = () => [...document.querySelectorAll("#grid .col")].filter((column) => cellsOf(column).length);
const cellsOf = (column) => [...column.querySelectorAll(":scope > button")];
const middle = (cell) => cell.offsetTop + cell.offsetHeight / 2;
const nearest = (cells, to) =>
    cells.reduce((best, cell) => (Math.abs(middle(cell) - to) < Math.abs(middle(best) - to) ? cell : best));

/** The one button that Tab reaches: where the person was last, or the first free time to come. */
let place = null;

const placeOf = (cell) => ({
    value: cell.value,
    column: columns().indexOf(cell.parentElement),
    at: middle(cell),
});

const find = ({ value, column, at }) => {
    const same = document.querySelector(`#grid button[value="${CSS.escape(value)}"]`);
    if (same) return same;
    const there = columns()[column];
    return there ? nearest(cellsOf(there), at) : null;
};

const rest = (cell) => {
    for (const other of document.querySelectorAll(`#grid ${CELLS}`)) other.tabIndex = -1;
    if (cell) cell.tabIndex = 0;
};

/** Mark what the panel is about, and put the tab order right. */
const settle = () => {
    const panel = document.getElementById("panel");
    const about = panel?.dataset.appointment ?? panel?.dataset.slot;
    for (const cell of document.querySelectorAll(`#grid ${CELLS}`)) {
        cell.toggleAttribute("aria-current", false);
        if (about && cell.value === about) cell.setAttribute("aria-current", "true");
    }
    const booked = panel?.dataset.booked && document.querySelector(`#grid button[value="${CSS.escape(panel.dataset.booked)}"]`);
    if (booked) {
        // Just booked: seen for a moment, and where the person goes on from.
        booked.classList.add("changed");
        place = placeOf(booked);
        delete panel.dataset.booked;
    }
    rest((place && find(place)) ?? document.querySelector("#grid .f") ?? document.querySelector(`#grid ${CELLS}`));
};

export const focusCell = (cell) => {
    if (!cell) return;
    place = placeOf(cell);
    rest(cell);
    cell.focus({ preventScroll: true });
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
};

/** The button that the person is on, or was on last. */
export const currentCell = () => (place ? find(place) : null);
export const firstCell = () => document.querySelector(`#grid ${CELLS}[tabindex="0"]`);

const steps = {
    ArrowDown: (cells, index) => cells[index + 1],
    ArrowUp: (cells, index) => cells[index - 1],
    Home: (cells) => cells[0],
    End: (cells) => cells.at(-1),
};

const aside = (cell, by) => {
    const all = columns();
    const next = all[all.indexOf(cell.parentElement) + by];
    return next ? nearest(cellsOf(next), middle(cell)) : null;
};

const walk = (event) => {
    const cell = event.target.closest?.(`#grid ${CELLS}`);
    if (!cell || event.ctrlKey || event.metaKey || event.altKey) return;
    const cells = cellsOf(cell.parentElement);
    const next =
        event.key === "ArrowLeft" ? aside(cell, -1)
        : event.key === "ArrowRight" ? aside(cell, 1)
        : steps[event.key]?.(cells, cells.indexOf(cell));
    if (next === undefined) return;
    event.preventDefault();
    focusCell(next ?? cell);
};

const showNow = () => {
    const line = document.querySelector("#grid .now b");
    const view = box();
    if (!line || !view || view.dataset.shown || view.scrollHeight <= view.clientHeight) return;
    view.dataset.shown = "yes";
    const at = line.offsetTop;
    if (at > view.clientHeight - 80) view.scrollTop = at - view.clientHeight / 3;
};

/** Below the grid, as on a tablet: what is opened comes into sight with its buttons. */
const showPanel = (panel) => {
    const isBelow = panel.getBoundingClientRect().top >= box().getBoundingClientRect().bottom;
    if (isBelow && panel.dataset.kind !== "empty") panel.scrollIntoView({ block: "nearest" });
};

export const bindGrid = () => {
    let focused = null;
    const remember = () => {
        const cell = document.activeElement?.closest?.(`#grid ${CELLS}`);
        focused = cell ? placeOf(cell) : null;
    };
    const restore = () => {
        settle();
        const lost = focused && (document.activeElement === document.body || !document.activeElement);
        if (lost) focusCell(find(focused));
        focused = null;
    };
    document.addEventListener("keydown", walk);
    document.addEventListener("focusin", (event) => {
        const cell = event.target.closest?.(`#grid ${CELLS}`);
        if (cell) { place = placeOf(cell); rest(cell); }
    });
    document.addEventListener("htmx:beforeSwap", (event) => { if (event.detail.target.id === "grid") remember(); });
    document.addEventListener("htmx:oobBeforeSwap", (event) => { if (event.detail.target.id === "grid") remember(); });
    document.addEventListener("htmx:oobAfterSwap", (event) => { if (event.detail.target.id === "grid") restore(); });
    document.addEventListener("htmx:afterSettle", (event) => {
        if (event.detail.elt.id === "grid") restore();
        else if (["panel", "desk"].includes(event.detail.elt.id)) {
            settle();
            const panel = document.getElementById("panel");
            // Another time is looked for: the grid is where the person goes on.
            if (panel.dataset.kind === "moving") focusCell(currentCell() ?? firstCell());
            else showPanel(panel);
        }
        showNow();
    });
    settle();
    showNow();
};
