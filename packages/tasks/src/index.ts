export { DBBenchBaselineAgent } from "./dbbench/agents/baseline-agent.js";
export { DBBenchReferenceAgent } from "./dbbench/agents/reference-agent.js";
export { DBBench } from "./dbbench/dbbench.js";
export { VirtualTask } from "./virtual-task.js";
