// Words for people who listen, and short messages in the corner.

/** Have a screen reader say something. */
export const announce = (words) => {
    const place = document.getElementById("announcer");
    place.textContent = "";
    requestAnimationFrame(() => { place.textContent = words; });
};

/** Show a message in the corner; it stays until it is closed, since it reports what did not work. The same is said once. */
export const toast = (words, tone = "good") => {
    for (const one of document.querySelectorAll("#toasts [data-toast]")) {
        if (one.querySelector("p").textContent === words) one.remove();
    }
    const box = document.createElement("div");
    box.className = `toast ${tone}`;
    box.dataset.toast = "";
    const text = document.createElement("p");
    text.textContent = words;
    const close = document.createElement("button");
    close.type = "button";
    close.className = "quiet";
    close.dataset.dismiss = "";
    close.setAttribute("aria-label", "×");
    close.textContent = "×";
    box.append(text, close);
    document.getElementById("toasts").append(box);
};
