// What was typed into the forms of a page and not sent: kept in this browser tab while its person signs in again, and
// then put back into the same form of the same page. Passwords are never kept. A consultation keeps its own.
const PREFIX = "draft:";
const FREE = /^(csrf_token|key|shown|hold.*|version|seen-.*)$/i;
const KNOWN = /^(version|seen-.*)$/i;

const keyOf = (visitor) => `${PREFIX}${visitor}:typed:${location.pathname}${location.search}`;

const formsOf = (root) => [...root.querySelectorAll('form[method="post" i]:not([data-draft])')];

const isTyped = (field) =>
    field.name && !field.disabled
    && field.matches('textarea, select, input:not([type=hidden], [type=password], [type=file], [type=submit], [autocomplete="one-time-code"])');

const hidden = (form) => [...form.elements].filter((field) => field.type === "hidden" && field.name);

// The same form is one that goes to the same place about the same thing: another patient's is not. Whom a booking is for is
// chosen in its form, and is not what the form is about.
const isAbout = (field) => !FREE.test(field.name) && !field.closest("#person");

const identity = (form) => JSON.stringify([
    form.getAttribute("action"), ...hidden(form).filter(isAbout).map((field) => [field.name, field.value]),
]);

const isChosen = (field) => field.type === "checkbox" || field.type === "radio";

const isChanged = (field) => {
    if (isChosen(field)) return field.checked !== field.defaultChecked;
    if (field.tagName !== "SELECT") return field.value !== field.defaultValue;
    const options = [...field.options];
    const first = options.find((option) => option.defaultSelected) ?? options[0];
    return field.value !== (first?.value ?? "");
};

const valuesOf = (form) => {
    const fields = [...form.elements].filter(isTyped);
    return fields.flatMap((field, at) => (isChanged(field) ? [[at, field.name, isChosen(field) ? field.checked : field.value]] : []));
};

/** Keep what was typed and not sent, before the page is left for the sign-in. */
export const keepTyped = (visitor) => {
    const kept = formsOf(document)
        .map((form) => ({
            form: identity(form),
            values: valuesOf(form),
            known: hidden(form).filter((field) => KNOWN.test(field.name)).map((field) => [field.name, field.value]),
        }))
        .filter(({ values }) => values.length);
    if (kept.length) sessionStorage.setItem(keyOf(visitor), JSON.stringify(kept));
};

const fill = (form, { values, known }) => {
    const fields = [...form.elements].filter(isTyped);
    const filled = values.map(([at, name, value]) => {
        const field = fields[at]?.name === name ? fields[at] : null;
        if (!field) return null;
        if (isChosen(field)) field.checked = value;
        else field.value = value;
        return field;
    }).filter(Boolean);
    // What the form showed when it was typed into: if somebody has changed it since, saving says so.
    for (const [name, value] of known) {
        const field = hidden(form).find((one) => one.name === name);
        if (field) field.value = value;
    }
    filled.forEach((field) => field.dispatchEvent(new Event("input", { bubbles: true })));
    return filled.length > 0;
};

/** Put back what was kept into the forms inside `root`; says whether there was any. */
export const restoreTyped = (visitor, root = document) => {
    const key = keyOf(visitor);
    const kept = JSON.parse(sessionStorage.getItem(key) ?? "[]");
    if (!kept.length) return false;
    const forms = formsOf(root);
    const left = kept.filter((one) => {
        const form = forms.find((candidate) => identity(candidate) === one.form);
        return !(form && fill(form, one));
    });
    if (left.length) sessionStorage.setItem(key, JSON.stringify(left));
    else sessionStorage.removeItem(key);
    return left.length < kept.length;
};

/** Forget what others typed in this tab: nobody else finds it there. */
export const forgetOthers = (visitor) => {
    for (const name of Object.keys(sessionStorage)) {
        if (name.startsWith(PREFIX) && !name.startsWith(`${PREFIX}${visitor}:`)) sessionStorage.removeItem(name);
    }
};
