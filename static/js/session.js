// Two minutes before the session ends the page says so; when it has ended, what it shows is put away.
const WARN_SECONDS = 120;

let endsAt = 0;

const last = (seconds) => { endsAt = performance.now() + Number(seconds) * 1000; };

// What somebody typed and did not save is kept in the tab until they are back. Nobody else finds it there.
const forgetOthers = (visitor) => {
    for (const name of Object.keys(sessionStorage)) {
        if (name.startsWith("draft:") && !name.startsWith(`draft:${visitor}:`)) sessionStorage.removeItem(name);
    }
};

export const watchSession = () => {
    const box = document.getElementById("session");
    if (!box) return;
    last(box.dataset.left);
    forgetOthers(box.dataset.visitor);
    document.addEventListener("htmx:afterRequest", (event) => {
        const left = event.detail.xhr?.getResponseHeader("X-Session-Left");
        if (left) last(left);
    });
    box.querySelector("button").addEventListener("click", async () => {
        const answer = await fetch(box.dataset.stay, { headers: { "HX-Request": "true" } });
        const left = answer.headers.get("X-Session-Left");
        if (answer.ok && left) last(left);
        else location.reload();
    });
    setInterval(() => {
        const left = Math.round((endsAt - performance.now()) / 1000);
        box.hidden = left > WARN_SECONDS;
        if (box.hidden) return;
        box.querySelector("[data-clock]").textContent = `${Math.max(0, Math.floor(left / 60))}:${String(Math.max(0, left % 60)).padStart(2, "0")}`;
        // The page asks again and is sent to the sign-in; names do not stay on the screen.
        if (left < -2) location.reload();
    }, 1000);
};
