// What is sent is sent once: while a form is under way, pressing its button again does nothing.
const AT_MOST = 10000;

const isSending = (form) => form.dataset.sending !== undefined;
const end = (form) => { delete form.dataset.sending; };

const stopSecond = (event) => {
    const form = event.target;
    if (form.method !== "post" || !isSending(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
};

// A form that leaves the page needs no end, but one that is answered with a file, or not at all, does.
const beginPlain = (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    form.dataset.sending = "";
    setTimeout(() => end(form), AT_MOST);
};

const isSubmit = (event) => event.detail.elt.localName === "form" && event.detail.requestConfig?.triggeringEvent?.type === "submit";

export const sendOnce = () => {
    document.addEventListener("submit", stopSecond, true);
    window.addEventListener("submit", beginPlain);
    document.addEventListener("htmx:beforeRequest", (event) => { if (isSubmit(event)) event.detail.elt.dataset.sending = ""; });
    document.addEventListener("htmx:afterRequest", (event) => { if (isSubmit(event)) end(event.detail.elt); });
    window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sending]").forEach(end));
};
