// The front desk: walking the grid, holding a slot, choosing a patient, and what the keys do.
import { bindGrid } from "./desk_grid.js";
import { bindHold } from "./desk_hold.js";
import { bindKeysOfDesk } from "./desk_keys.js";
import { bindLate } from "./desk_late.js";
import { bindPerson } from "./desk_person.js";

bindGrid();
bindHold();
bindLate();
bindPerson();
bindKeysOfDesk();
