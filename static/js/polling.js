// Parts that keep themselves up to date: an element with data-poll="<seconds>" is sent a `refresh` event, for which it has
// an hx-trigger. A page that nobody looks at asks for nothing, and asks at once when it is looked at again; but what can
// be heard, with data-poll-hidden, goes on behind another tab, as often as the browser lets it.
const due = new WeakMap();

const refresh = (element) => window.htmx?.trigger(element, "refresh");

const tick = () => {
    const now = Date.now();
    for (const element of document.querySelectorAll(document.hidden ? "[data-poll-hidden]" : "[data-poll]")) {
        const at = due.get(element) ?? now + element.dataset.poll * 1000;
        due.set(element, at);
        if (now >= at) {
            due.set(element, now + element.dataset.poll * 1000);
            refresh(element);
        }
    }
};

export const startPolling = () => {
    setInterval(tick, 1000);
    document.addEventListener("visibilitychange", () => {
        if (!document.hidden) document.querySelectorAll("[data-poll]").forEach(refresh);
    });
    document.addEventListener("htmx:configRequest", (event) => {
        // The server does not count a poll as somebody working.
        if (event.detail.triggeringEvent?.type === "refresh") event.detail.headers["X-Poll"] = "1";
    });
};
