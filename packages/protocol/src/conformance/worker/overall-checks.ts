import type { Check } from "../check.js";
import { jsonOf } from "../expectation.js";
import { conversation, resultsOf } from "./conversation-checks.js";
import type { WorkerStage } from "./stage.js";

export const overallChecks: Check<WorkerStage>[] = [
  {
    id: "calculate_overall.results",
    title: "the results of the samples that were run are aggregated",
    needs: [conversation],
    run: async (stage) => {
      const results = resultsOf(stage);
      jsonOf(await stage.client.post("/calculate_overall", { name: "conformance", results }));
    },
  },
];
