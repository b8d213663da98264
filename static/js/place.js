// What a person has opened, where they have scrolled and what they are on stays when a part of the page is replaced.
const FOCUSABLE = "a[href], button, summary, input:not([type=hidden]), select, textarea";

const opened = new Map();
const scrolled = new Map();
let left = null;

const remember = (target) => {
    for (const part of target.querySelectorAll("details[id]")) opened.set(part.id, part.open);
    for (const part of [target, ...target.querySelectorAll("[data-scrolls]")]) {
        if (part.id && part.dataset.scrolls !== undefined) scrolled.set(part.id, [part.scrollLeft, part.scrollTop]);
    }
    const on = document.activeElement;
    if (on && on !== target && target.contains(on) && target.dataset.poll) {
        const all = [...target.querySelectorAll(FOCUSABLE)];
        left = { part: target.id, name: on.name, value: on.value, index: all.indexOf(on) };
    }
};

// The grid looks after its own: it knows what stands next to what.
const refocus = (part) => {
    if (left?.part !== part.id || part.id === "grid") return;
    const { name, value, index } = left;
    left = null;
    if (document.activeElement && document.activeElement !== document.body) return;
    const all = [...part.querySelectorAll(FOCUSABLE)];
    const same = name && value && name !== "status" ? all.find((one) => one.name === name && one.value === value) : null;
    (same ?? all[Math.min(index, all.length - 1)])?.focus();
};

export const keepPlace = () => {
    document.addEventListener("htmx:beforeSwap", (event) => remember(event.detail.target));
    document.addEventListener("htmx:oobBeforeSwap", (event) => remember(event.detail.target));
    document.addEventListener("htmx:load", (event) => {
        const { elt } = event.detail;
        for (const part of [elt, ...elt.querySelectorAll("[id]")]) {
            if (part.localName === "details" && opened.has(part.id)) part.open = opened.get(part.id);
            if (scrolled.has(part.id)) part.scrollTo(...scrolled.get(part.id));
        }
        refocus(elt);
    });
};
