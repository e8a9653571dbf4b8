import { bodyChecks, missingFields } from "../body-checks.js";
import type { Check } from "../check.js";
import { refused } from "../expectation.js";
import { routingChecks } from "../routing-checks.js";
import { missing } from "../validation-reply.js";
import { capacityChecks } from "./capacity-checks.js";
import { overallChecks } from "./overall-checks.js";
import { registrationChecks } from "./registration-checks.js";
import type { ControllerStage } from "./stage.js";
import { startingChecks } from "./starting-checks.js";
import { turnChecks } from "./turn-checks.js";
import { upkeepChecks } from "./upkeep-checks.js";
import { workerErrorChecks } from "./worker-error-checks.js";

const parameterChecks: Check<ControllerStage>[] = [
  {
    id: "get_indices.no-name",
    title: "without a name it is 422",
    run: async ({ client }) => missing(await client.get("/get_indices"), ["query", "name"]),
  },
  {
    id: "get_indices.no-such-task",
    title: "an unknown task is 400",
    run: async ({ client }) =>
      refused(await client.get("/get_indices?name=conformance-none"), 400, "Error: Task does not exist"),
  },
];

/** Everything that is demanded of a controller, in the order in which it is checked. */
export const controllerChecks: readonly Check<ControllerStage>[] = [
  ...routingChecks({ get: "/list_workers", post: "/start_sample" }),
  ...bodyChecks("Error: Session does not exist"),
  missingFields("start_sample", ["name", "index"]),
  missingFields("interact", ["session_id", "agent_response"]),
  missingFields("cancel", ["session_id"]),
  missingFields("receive_heartbeat", ["name", "address", "concurrency", "indices"]),
  missingFields("calculate_overall", ["name", "results"]),
  ...parameterChecks,
  ...registrationChecks,
  ...startingChecks,
  ...turnChecks,
  ...workerErrorChecks,
  ...capacityChecks,
  ...overallChecks,
  ...upkeepChecks,
];
