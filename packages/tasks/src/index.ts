export { DBBenchBaselineAgent } from "./dbbench/baseline-agent.js";
export { DBBench } from "./dbbench/dbbench.js";
export { DBBenchReferenceAgent } from "./dbbench/reference-agent.js";
export { VirtualTask } from "./virtual-task.js";
