// The focus is never lost: where a swap took away what had it and nobody else took it, the part that came has it.
let taken = null;

const isLost = () => !document.activeElement || document.activeElement === document.body;

const restore = () => {
    const id = taken;
    taken = null;
    if (!id || !isLost() || document.querySelector("dialog[open]")) return;
    const part = document.getElementById(id) ?? document.getElementById("main");
    const head = part.matches("[tabindex]") ? part : part.querySelector("h1, h2, [tabindex]") ?? part;
    if (!head.hasAttribute("tabindex")) head.tabIndex = -1;
    head.focus({ preventScroll: true });
};

export const keepFocus = () => {
    document.addEventListener("htmx:beforeSwap", (event) => {
        const { target } = event.detail;
        if (event.detail.shouldSwap && target.contains(document.activeElement) && !isLost()) taken = target.id;
    });
    // After all others: who knows better has had their turn.
    document.addEventListener("htmx:afterSettle", () => setTimeout(restore, 0));
};
