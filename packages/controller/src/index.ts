export { Controller, type ControllerOptions } from "./controller.js";
export { type ControllerLimits, defaultLimits } from "./limits.js";
export { Reaper } from "./reaper.js";
export { type RunControllerOptions, type RunningController, runController } from "./run-controller.js";
export { type ControllerServerOptions, createControllerServer } from "./server.js";
