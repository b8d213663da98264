// A table that is wider than its place is moved with the arrows: so the keyboard gets there, unless something in it can be focused.
const FOCUSABLE = "a[href], button, summary, input:not([type=hidden]), select, textarea";

const look = (box) => {
    const isWide = box.scrollWidth > box.clientWidth + 1;
    box.classList.toggle("is-wide", isWide);
    const isReached = !isWide || box.querySelector(FOCUSABLE);
    const words = box.querySelector("caption")?.textContent.trim();
    if (isReached) {
        for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
    } else {
        box.tabIndex = 0;
        if (words) {
            box.setAttribute("role", "group");
            box.setAttribute("aria-label", words);
        }
    }
};

export const reachWide = () => {
    const sizes = new ResizeObserver((entries) => entries.forEach((entry) => look(entry.target)));
    document.addEventListener("htmx:load", (event) => {
        for (const box of event.detail.elt.querySelectorAll(".table-wrap")) sizes.observe(box);
    });
};
