// Words for people who listen, and short messages in the corner.

/** Have a screen reader say something. */
export const announce = (words) => {
    const place = document.getElementById("announcer");
    place.textContent = "";
    requestAnimationFrame(() => { place.textContent = words; });
};

// Long enough to read a sentence twice; what was done stands on the page as well.
const READ = 10000;

const goAway = (box) => setTimeout(() => (box.matches(":hover, :focus-within") ? goAway(box) : box.remove()), READ);

/** Show a message in the corner. It stays until it is closed, unless it `goes` by itself. The same is said once. */
export const toast = (words, tone = "good", { goes = false } = {}) => {
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
    if (goes) goAway(box);
};
