export { Controller, type ControllerLimits, type ControllerOptions, defaultLimits } from "./controller.js";
export { type RunControllerOptions, type RunningController, runController } from "./run-controller.js";
export { type ControllerServerOptions, createControllerServer } from "./server.js";
