// What a person has opened and where they have scrolled stays as it is when a part of the page is replaced.
const opened = new Map();
const scrolled = new Map();

export const keepPlace = () => {
    document.addEventListener("htmx:beforeSwap", (event) => {
        const { target } = event.detail;
        for (const part of target.querySelectorAll("details[id]")) opened.set(part.id, part.open);
        for (const part of [target, ...target.querySelectorAll("[data-scrolls]")]) {
            if (part.id && part.dataset.scrolls !== undefined) scrolled.set(part.id, [part.scrollLeft, part.scrollTop]);
        }
    });
    document.addEventListener("htmx:load", (event) => {
        const parts = [event.detail.elt, ...event.detail.elt.querySelectorAll("[id]")];
        for (const part of parts) {
            if (part.localName === "details" && opened.has(part.id)) part.open = opened.get(part.id);
            if (scrolled.has(part.id)) part.scrollTo(...scrolled.get(part.id));
        }
    });
};
