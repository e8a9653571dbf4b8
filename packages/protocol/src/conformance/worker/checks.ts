import { bodyChecks, missingFields } from "../body-checks.js";
import type { Check } from "../check.js";
import { routingChecks } from "../routing-checks.js";
import { capacityChecks } from "./capacity-checks.js";
import { conversationChecks } from "./conversation-checks.js";
import { overallChecks } from "./overall-checks.js";
import { sessionChecks } from "./session-checks.js";
import type { WorkerStage } from "./stage.js";
import { statusChecks } from "./status-checks.js";

/** Everything that is demanded of a worker, in the order in which it is checked. */
export const workerChecks: readonly Check<WorkerStage>[] = [
  ...routingChecks({ get: "/worker_status", post: "/start_sample" }),
  ...bodyChecks("No such session"),
  missingFields("start_sample", ["index", "session_id"]),
  missingFields("interact", ["session_id", "agent_response"]),
  missingFields("cancel", ["session_id"]),
  missingFields("sample_status", ["session_id"]),
  missingFields("calculate_overall", ["name", "results"]),
  ...sessionChecks,
  ...statusChecks,
  ...conversationChecks,
  ...overallChecks,
  ...capacityChecks,
];
