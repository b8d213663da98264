// What is pressed is what was seen. A list that is replaced may bring another row under the pointer: the second half of a
// double click, or a press that was on its way while the page brought itself up to date, was meant for the one before.
const ON_ITS_WAY = 400;
const SECOND_HALF = 1000;
const PRESSED = "button, a.button";
let seen = [];

const path = (address) => address && new URL(address, location.href).pathname;

const meaning = (one) => one.id || JSON.stringify([
    one.name, one.value, one.getAttribute("aria-label") ?? one.textContent.trim(),
    path(one.getAttribute("formaction") ?? one.form?.getAttribute("action") ?? one.href),
]);

const remember = (target, isPoll) => {
    const now = performance.now();
    seen = seen.filter((one) => now - one.at < SECOND_HALF);
    for (const one of target.querySelectorAll(PRESSED)) {
        seen.push({ at: now, isPoll, box: one.getBoundingClientRect(), meaning: meaning(one) });
    }
};

const isIn = (box, { clientX: x, clientY: y }) => x >= box.left && x <= box.right && y >= box.top && y <= box.bottom;

const stop = (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
};

export const keepSteady = () => {
    let isPoll = false;
    document.addEventListener("htmx:beforeSwap", (event) => {
        isPoll = event.detail.requestConfig?.triggeringEvent?.type === "refresh";
        if (event.detail.shouldSwap) remember(event.detail.target, isPoll);
    });
    document.addEventListener("htmx:oobBeforeSwap", (event) => remember(event.detail.target, isPoll));
    document.addEventListener("click", (event) => {
        const pressed = event.target.closest?.(PRESSED);
        if (!pressed || !event.detail) return;
        const isSecond = event.detail > 1;
        const since = performance.now() - (isSecond ? SECOND_HALF : ON_ITS_WAY);
        const before = seen.find((one) => one.at >= since && (isSecond || one.isPoll) && isIn(one.box, event));
        if (before && before.meaning !== meaning(pressed)) stop(event);
    }, true);
    // A key that is held down presses once: the focus may be on the next one already.
    document.addEventListener("keydown", (event) => {
        if (event.repeat && event.key === "Enter" && event.target.localName !== "textarea") stop(event);
    }, true);
};
