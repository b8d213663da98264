// Two short tones for a new alert. Browsers let no page make a sound before somebody has pressed something in it, so
// the button says how it stands: on, muted (which is remembered), or waiting for a press.
const KEY = "hms-alert-sound";
const MUTED = "muted";
const TONES = [880, 1175];

let context = null;

const isMuted = () => localStorage.getItem(KEY) === MUTED;

const state = () => {
    if (isMuted()) return "muted";
    return context?.state === "running" ? "on" : "blocked";
};

const show = () => {
    const button = document.getElementById("sound");
    if (!button) return;
    button.dataset.state = state();
    button.textContent = button.dataset[state()];
};

const wake = async () => {
    context ??= new AudioContext();
    if (context.state !== "running") await context.resume();
    show();
};

const toggle = async () => {
    if (state() === "on") localStorage.setItem(KEY, MUTED);
    else localStorage.removeItem(KEY);
    if (!isMuted()) {
        await wake();
        beep();
    }
    show();
};

/** Make the sound, if it is not muted and the browser lets us; return whether it was made. */
export const beep = () => {
    if (state() !== "on") return false;
    TONES.forEach((tone, number) => {
        const at = context.currentTime + number * 0.2;
        const [source, volume] = [context.createOscillator(), context.createGain()];
        source.frequency.value = tone;
        volume.gain.setValueAtTime(0.0001, at);
        volume.gain.exponentialRampToValueAtTime(0.3, at + 0.02);
        volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.18);
        source.connect(volume).connect(context.destination);
        source.start(at);
        source.stop(at + 0.2);
    });
    return true;
};

export const bindSound = () => {
    const button = document.getElementById("sound");
    if (!button || !window.AudioContext) return;
    button.addEventListener("click", toggle);
    // Any press on the page will do, where the person has not muted it.
    const first = (event) => {
        if (!isMuted() && !event.target.closest?.("#sound")) wake();
    };
    document.addEventListener("pointerdown", first, { once: true });
    document.addEventListener("keydown", first, { once: true });
    if (!isMuted()) {
        context = new AudioContext();
        context.addEventListener("statechange", show);
    }
    show();
};
