// The consultation: saved while it is typed, and nothing typed is ever lost. What is not saved yet is kept in this
// browser tab, so that a reload, an expired session or a lost connection brings it back.
const IDLE = 1500;
const AGAIN = 8000;
const PREFIX = "draft:";

const form = document.getElementById("consultation");
const fields = [...form.querySelectorAll("textarea:not([readonly])")];
const key = PREFIX + form.dataset.draft;
const state = () => document.getElementById("save-state");
const seen = (name) => state().querySelector(`[name="seen-${name}"]`);
const plain = (text) => text.replace(/\r\n?/g, "\n").trim();
const isDirty = () => fields.some((field) => plain(field.value) !== plain(seen(field.name).value));
const isHalted = () => state().dataset.halted !== undefined;

let timer = 0;

const say = (words, mood = "") => {
    const place = state().querySelector("[data-words]");
    place.textContent = words;
    place.classList.toggle("is-unsaved", mood === "unsaved");
    place.classList.toggle("is-failed", mood === "failed");
};

const time = () => new Intl.DateTimeFormat(document.documentElement.lang || "en", {
    hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: form.dataset.zone,
}).format(new Date());

const keep = () => {
    if (!isDirty()) { sessionStorage.removeItem(key); return; }
    const values = Object.fromEntries(fields.map((field) => [field.name, field.value]));
    const known = Object.fromEntries(fields.map((field) => [field.name, seen(field.name).value]));
    sessionStorage.setItem(key, JSON.stringify({ values, known }));
};

const save = () => {
    clearTimeout(timer);
    if (isDirty() && !isHalted()) window.htmx.trigger(form, "autosave");
};

const later = (wait = IDLE) => {
    clearTimeout(timer);
    timer = setTimeout(save, wait);
};

const restore = () => {
    const kept = JSON.parse(sessionStorage.getItem(key) ?? "null");
    if (!kept) return;
    for (const field of fields) {
        if (kept.values[field.name] === undefined) continue;
        field.value = kept.values[field.name];
        seen(field.name).value = kept.known[field.name];
    }
    if (isDirty()) {
        say(form.dataset.restored, "unsaved");
        later();
    }
};

const showLost = () => {
    const kept = JSON.parse(sessionStorage.getItem(key) ?? "null");
    const box = document.getElementById("lost-draft");
    if (!kept || !box) return;
    box.hidden = false;
    box.querySelector("[data-lost]").textContent = Object.values(kept.values).filter((text) => text.trim()).join("\n\n");
};

// The summary says what is wrong; the fields it names say it too.
const markMistakes = () => {
    for (const field of form.querySelectorAll(".wrong")) field.classList.remove("wrong");
    for (const field of fields) field.removeAttribute("aria-invalid");
    for (const link of state().querySelectorAll("[data-mistake]")) {
        const field = document.querySelector(link.getAttribute("href"));
        field?.setAttribute("aria-invalid", "true");
        field?.closest(".field")?.classList.add("wrong");
        const box = field?.closest("details");
        if (box) box.open = true;
    }
};

const bind = () => {
    form.addEventListener("input", (event) => {
        if (!fields.includes(event.target)) return;
        keep();
        if (isHalted()) return;
        if (isDirty()) say(form.dataset.typing, "unsaved");
        later();
    });
    form.addEventListener("focusout", (event) => { if (fields.includes(event.target)) save(); });
    // What was typed while the answer was on its way is not saved, whatever the answer says.
    document.addEventListener("htmx:afterSwap", (event) => {
        if (event.detail.target?.id !== "save-state" || isHalted() || state().dataset.saved === undefined) return;
        if (isDirty()) say(form.dataset.typing, "unsaved");
    });
    document.addEventListener("htmx:afterSettle", (event) => {
        if (event.detail.elt.id !== "save-state" && event.detail.target?.id !== "save-state") return;
        markMistakes();
        keep();
        if (isDirty() && !isHalted() && state().dataset.saved !== undefined) later();
    });
    const failed = (event) => {
        if (event.detail.elt !== form && event.detail.target?.id !== "save-state") return;
        say(form.dataset.failed.replace("{time}", time()), "failed");
        later(AGAIN);
    };
    document.addEventListener("htmx:sendError", failed);
    document.addEventListener("htmx:responseError", failed);
    document.addEventListener("keydown", (event) => {
        if (event.key !== "Enter") return;
        if (event.ctrlKey || event.metaKey) {
            document.querySelector('button[form="consultation"].primary')?.click();
        } else if (event.target.dataset.enter && !event.isComposing) {
            event.preventDefault();
            document.getElementById(event.target.dataset.enter).click();
        }
    });
};

document.addEventListener("click", (event) => {
    if (event.target.closest("[data-drops-draft]")) {
        sessionStorage.removeItem(key);
        document.getElementById("lost-draft").hidden = true;
    }
});

if (state()) {
    restore();
    bind();
} else {
    showLost();
}
