// How much of the window the header covers: as many lines as the names of the pages need, in whatever language.
export const measureHeader = () => {
    const header = document.querySelector(".site");
    if (!header) return;
    const measure = () => document.documentElement.style.setProperty("--head", `${header.offsetHeight}px`);
    measure();
    new ResizeObserver(measure).observe(header);
};
