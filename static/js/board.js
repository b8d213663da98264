// Boards: running times, a badge that says whether there is contact, and the sheet for vitals.
import { startLive } from "./live.js";
import { bindSheet } from "./sheet.js";
import { bindVitals } from "./vitals.js";

startLive();
bindSheet();
bindVitals();
