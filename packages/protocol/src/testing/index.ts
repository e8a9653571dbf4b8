export { FakeClock } from "./fake-clock.js";
export { type MarkedProcess, markedProcesses, markName } from "./marked-processes.js";
export { noteSkip } from "./note-skip.js";
export { waitFor } from "./wait-for.js";
