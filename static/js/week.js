// A week's hours: a day that is switched on starts with the hours of the nearest day above (or below) that has some.
const times = (row) => [...row.querySelectorAll("input[type=time]")];
const isEmpty = (row) => times(row).every((field) => !field.value);
const isOn = (row) => row.querySelector("input[type=checkbox]").checked;

document.addEventListener("change", (event) => {
    const row = event.target.closest("[data-week] [data-day]");
    if (!row || event.target.type !== "checkbox") return;
    row.classList.toggle("off", !isOn(row));
    if (!isOn(row) || !isEmpty(row)) return;
    const rows = [...row.parentElement.querySelectorAll("[data-day]")];
    const at = rows.indexOf(row);
    const near = [...rows.slice(0, at).reverse(), ...rows.slice(at + 1)].find((other) => isOn(other) && !isEmpty(other));
    times(row).forEach((field, part) => { field.value = near ? times(near)[part].value : ["09:00", "17:00", "", ""][part]; });
}, true);
