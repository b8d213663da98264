// What somebody else has changed is seen for a moment when a part of the page brings itself up to date.
const ITEMS = ".col > p, .col > button, .day-row, [data-person]";
const MOMENT = 2000;

let before = null;

const shownBy = (part) => part.getAttribute("hx-get")?.replace(/seen=[^&]*&?/, "");
// Minutes that run on are no change.
const said = (item) => item.textContent.replace(/\d+/g, "");
const place = (item) => item.closest(".col, section")?.getAttribute("aria-label") ?? item.closest("section")?.getAttribute("aria-labelledby");
const sign = (item) => `${place(item)}|${item.matches(".col > *") ? item.textContent : said(item)}|${item.querySelector(".day-time, .person-time")?.textContent}`;
const signs = (part) => new Set([...part.querySelectorAll(ITEMS)].filter((item) => item.textContent.trim()).map(sign));

const remember = (part) => {
    before = part?.dataset?.poll ? { id: part.id, shown: shownBy(part), signs: signs(part) } : null;
};

const mark = (part) => {
    if (!before || part.id !== before.id || shownBy(part) !== before.shown) return;
    const known = before.signs;
    before = null;
    for (const item of part.querySelectorAll(ITEMS)) {
        if (!item.textContent.trim() || known.has(sign(item))) continue;
        item.classList.add("changed");
        setTimeout(() => item.classList.remove("changed"), MOMENT);
    }
};

const both = (event) => event.detail.requestConfig?.triggeringEvent?.type === "refresh";

export const showChanges = () => {
    document.addEventListener("htmx:beforeSwap", (event) => { if (both(event)) remember(event.detail.target); });
    document.addEventListener("htmx:afterSettle", (event) => mark(event.detail.elt));
};
