// Single keys. They work where nothing is being typed, and a page adds its own with `onKey`.
const actions = new Map();

const isTyping = (element) =>
    element?.matches?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");

/** Do `action` at `key`; `scope` is a selector that must be on the page, or "". Returning false lets the key go on. */
export const onKey = (key, scope, action, { whileTyping = false } = {}) => {
    actions.set(key, [...(actions.get(key) ?? []), { scope, action, whileTyping }]);
};

const press = (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (document.querySelector("dialog[open]")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    for (const { scope, action, whileTyping } of actions.get(key) ?? []) {
        if (scope && !document.querySelector(scope)) continue;
        if (!whileTyping && isTyping(event.target)) continue;
        if (action(event) !== false) {
            event.preventDefault();
            return;
        }
    }
};

export const bindKeys = () => document.addEventListener("keydown", press);
