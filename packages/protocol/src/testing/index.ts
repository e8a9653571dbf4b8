export { FakeClock } from "./fake-clock.js";
export { waitFor } from "./wait-for.js";
