// A form of another page in a sheet over this one. The part below may be replaced meanwhile: nothing typed is lost.
const sheet = () => document.getElementById("sheet");
const body = () => document.getElementById("sheet-body");

// By its id: the link itself may have been replaced when the sheet closes.
let openedBy = "";

const open = async (link) => {
    openedBy = link.id;
    await window.htmx.ajax("GET", link.href, { target: "#sheet-body", swap: "innerHTML", source: body() });
    if (body().childElementCount && !sheet().open) {
        sheet().showModal();
        body().querySelector("[data-focus]")?.focus();
    }
};

const close = () => {
    if (sheet()?.open) sheet().close();
};

const refresh = () => document.querySelectorAll("[data-poll]").forEach((part) => window.htmx.trigger(part, "refresh"));

export const bindSheet = () => {
    document.addEventListener("click", (event) => {
        const link = event.target.closest("a[data-sheet]");
        if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) {
            event.preventDefault();
            open(link);
        }
        const closer = event.target.closest("[data-closes-sheet]");
        if (closer) {
            event.preventDefault();
            if (closer.dataset.refreshes !== undefined) refresh();
            close();
        }
    });
    sheet()?.addEventListener("close", () => {
        body().replaceChildren();
        document.getElementById(openedBy)?.focus();
    });
    document.addEventListener("close-sheet", () => {
        close();
        refresh();
    });
};
