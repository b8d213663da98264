// Choosing the patient: search as one types, arrows and Enter, or a new one. Chosen before the slot or after it.
import { announce } from "./messages.js";

const byId = (id) => document.getElementById(id);
const options = () => [...document.querySelectorAll("#options [role=option]")];
const selected = () => document.querySelector('#options [aria-selected="true"]');

// Enter was pressed before the answer had come: take the first when it is there.
let takeFirst = false;
// What the options on the screen were found for.
let foundFor = null;

const select = (option) => {
    selected()?.setAttribute("aria-selected", "false");
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    byId("q").setAttribute("aria-activedescendant", option?.id ?? "");
};

const closeList = () => {
    byId("found").replaceChildren();
    foundFor = null;
    const field = byId("q");
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
};

const show = (part) => {
    document.querySelector("#person [data-search]").hidden = part !== "search";
    byId("chosen").hidden = part !== "chosen";
    byId("patient_id").disabled = part !== "chosen";
    byId("newcomer").hidden = part !== "newcomer";
    byId("newcomer").disabled = part !== "newcomer";
    if (part !== "chosen") byId("upcoming").replaceChildren();
};

const onwards = () => {
    const reason = byId("reason");
    if (reason) reason.focus();
    else document.querySelector('#grid .col > button[tabindex="0"]')?.focus();
};

const goOn = () => {
    if (!byId("chosen").hidden) byId("reason").focus();
    else if (!byId("newcomer").hidden) byId("name").focus();
    else byId("q").focus();
};

const choose = (option) => {
    byId("patient_id").value = option.dataset.patient;
    document.querySelector("#chosen [data-chosen]").replaceChildren(
        ...option.querySelector(".option-who").cloneNode(true).childNodes,
    );
    const override = byId("override");
    if (override) override.hidden = option.dataset.blocked === undefined;
    closeList();
    show("chosen");
    announce(byId("chosen").textContent);
    onwards();
    window.htmx.ajax("GET", option.dataset.upcoming, { target: "#upcoming", swap: "innerHTML" })
        .catch(() => {}); // without contact, which the page says, nothing stands there
};

const isOfChosen = (asked) => !byId("chosen").hidden && asked.path.includes(byId("patient_id").value);

const addNew = (typed) => {
    closeList();
    show("newcomer");
    const isNumber = /^[\d\s+()-]+$/.test(typed);
    byId(isNumber ? "phone" : "name").value = typed;
    byId(isNumber ? "name" : "phone").focus();
};

const take = (option) => {
    if (option.dataset.newcomer === undefined) choose(option);
    else addNew(option.dataset.newcomer);
};

const searchAgain = () => {
    show("search");
    const override = byId("override");
    if (override) override.hidden = true;
    byId("q").focus();
    byId("q").select();
};

const typed = () => byId("q").value.trim();

const onKey = (event) => {
    if (event.target.id !== "q" || event.isComposing) return;
    const all = options();
    const index = all.indexOf(selected());
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (all.length) select(all.at((index + (event.key === "ArrowDown" ? 1 : index < 0 ? 0 : -1)) % all.length));
    } else if (event.key === "Enter") {
        event.preventDefault();
        if (selected() && foundFor === typed()) take(selected());
        else if (typed()) takeFirst = true;
        // Nobody is chosen: the form says what is missing.
        else byId("booking")?.requestSubmit(byId("book"));
    } else if (event.key === "Escape" && all.length) {
        event.preventDefault();
        event.stopImmediatePropagation();
        closeList();
    } else {
        takeFirst = false;
    }
};

export const focusSearch = () => {
    const search = document.querySelector("#person [data-search]");
    if (!search) return false;
    if (search.hidden) searchAgain();
    byId("q").focus();
    byId("q").select();
    return true;
};

/** What was wrong with the last try is not said of the next one. */
const clearMistakes = () => {
    for (const part of document.querySelectorAll("#person, #about")) {
        for (const field of part.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
        for (const field of part.querySelectorAll(".wrong")) field.classList.remove("wrong");
        for (const words of part.querySelectorAll(".error")) words.remove();
    }
};

export const bindPerson = () => {
    document.addEventListener("htmx:beforeSwap", (event) => {
        if (event.detail.shouldSwap && ["panel", "desk"].includes(event.detail.target.id)) clearMistakes();
        // What belongs to a patient who is not the chosen one any more comes too late.
        if (event.detail.target.id === "upcoming" && !isOfChosen(event.detail.requestConfig)) event.detail.shouldSwap = false;
    });
    // Before the keys of the page: Escape closes the open list first, and the panel only then.
    document.addEventListener("keydown", onKey, true);
    // Words that stood there already, put back after signing in say, are looked for once somebody goes on with them.
    document.addEventListener("focusin", (event) => {
        if (event.target.id === "q" && typed() && foundFor === null) window.htmx.trigger(event.target, "search");
    });
    document.addEventListener("click", (event) => {
        const option = event.target.closest("[role=option]");
        if (option) take(option);
        const same = event.target.closest("[data-choose]");
        if (same) choose(same.closest("[data-patient]"));
        if (event.target.closest("[data-unchoose]")) searchAgain();
    });
    document.addEventListener("htmx:afterSettle", (event) => {
        if (event.detail.elt.id === "found") {
            foundFor = typed();
            const all = options();
            byId("q").setAttribute("aria-expanded", String(all.length > 0));
            select(all[0]);
            if (all.length) announce(all[0].textContent);
            if (takeFirst && all.length) { takeFirst = false; take(all[0]); }
        }
        // The form of a slot has come. What was typed or chosen before is still there: go on where it stops.
        if (["panel", "desk"].includes(event.detail.elt.id) && byId("booking")) {
            if (!document.querySelector("#panel [role=alert]")) goOn();
        }
    });
};
