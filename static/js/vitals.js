// A reading that is rare at the patient's age says so while it is typed, before it is saved.
const figure = (field) => Number(field.value.trim().replace(",", "."));

const judge = (field) => {
    const place = document.getElementById(`${field.id}-check`);
    if (!place) return;
    const value = figure(field);
    const isRare = field.value.trim() !== "" && !Number.isNaN(value)
        && (value < Number(field.dataset.low) || value > Number(field.dataset.high));
    place.hidden = !isRare;
};

const judgeAll = (root) => root.querySelectorAll?.("[data-low]").forEach(judge);

export const bindVitals = () => {
    judgeAll(document);
    document.addEventListener("htmx:load", (event) => judgeAll(event.detail.elt));
    document.addEventListener("change", (event) => { if (event.target.matches("[data-low]")) judge(event.target); });
    document.addEventListener("input", (event) => {
        const place = event.target.matches("[data-low]") && document.getElementById(`${event.target.id}-check`);
        if (place && !place.hidden) judge(event.target);
    });
};
