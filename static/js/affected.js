// The affected list: ticking whole groups. Its plans: no free time is chosen for two people.
const ticks = (part) => [...part.querySelectorAll("input[name=chosen]")];

const show = (form) => {
    const chosen = ticks(form).filter((tick) => tick.checked).length;
    form.querySelector("[data-count]").textContent = String(chosen);
    for (const button of form.querySelectorAll("[data-needs-choice]")) button.disabled = chosen === 0;
    for (const group of form.querySelectorAll("[data-group]")) {
        const all = ticks(group);
        const on = all.filter((tick) => tick.checked).length;
        const head = group.querySelector("[data-all]");
        head.checked = on === all.length;
        head.indeterminate = on > 0 && on < all.length;
    }
};

const choosing = document.querySelector("[data-choosing]");
if (choosing) {
    choosing.addEventListener("change", (event) => {
        if (event.target.matches("[data-all]")) {
            for (const tick of ticks(event.target.closest("[data-group]"))) tick.checked = event.target.checked;
        }
        show(choosing);
    });
    show(choosing);
    addEventListener("pageshow", () => show(choosing));
}

const NO_PLACE = new Set(["LEAVE", "KEEP", "CANCEL"]);

const share = (sheet) => {
    const selects = [...sheet.querySelectorAll("select")];
    const taken = new Set(selects.map((select) => select.value).filter((value) => !NO_PLACE.has(value)));
    for (const select of selects) {
        for (const option of select.options) option.disabled = taken.has(option.value) && option.value !== select.value;
    }
    const reason = sheet.querySelector("#reason");
    reason.required = selects.some((select) => select.value === "CANCEL");
    reason.closest(".field").hidden = !reason.required;
};

const sheet = document.querySelector("[data-sheet]");
if (sheet) {
    sheet.addEventListener("change", () => share(sheet));
    sheet.addEventListener("submit", () => {
        for (const button of sheet.querySelectorAll("button")) button.disabled = true;
    });
    share(sheet);
    addEventListener("pageshow", () => {
        for (const button of sheet.querySelectorAll("button")) button.disabled = false;
        share(sheet);
    });
}
