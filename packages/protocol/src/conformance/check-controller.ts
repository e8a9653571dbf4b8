import { controllerChecks } from "./controller/checks.js";
import { ControllerStage } from "./controller/stage.js";
import { FakeWorkerHost } from "./fake-worker-host.js";
import { hopelessness } from "./hopelessness.js";
import { type CheckResult, type ConformanceReport, reportOf } from "./report.js";
import { runChecks } from "./run-checks.js";
import { reach, type TargetOptions } from "./target.js";

export interface CheckControllerOptions extends TargetOptions {
  /** Address on which the fake worker listens. Default 127.0.0.1. */
  listen?: string | undefined;
  /** Port of the fake worker. Default 0: the system chooses. */
  port?: number | undefined;
  /** Where the controller reaches the fake worker: a host, or an address like `http://host:7000/api`. Default: `listen`. */
  advertise?: string | undefined;
  /** Default false: what ends everybody's sessions is skipped. */
  destructive?: boolean | undefined;
  /** Told of each result as it comes. */
  onResult?: ((result: CheckResult) => void) | undefined;
}

/**
 * Runs v0.2's contract against a controller, with its own fake worker. Its tasks (`conformance-<hex>`) stay listed until
 * the controller forgets them. Rejects with a CodedError where the controller cannot be reached or the options are wrong.
 */
export async function checkController(options: CheckControllerOptions): Promise<ConformanceReport> {
  const { destructive = false, onResult, signal } = options;
  const { client, address } = await reach(options, "controller");
  const { listen = "127.0.0.1", port = 0, advertise } = options;
  const host = await FakeWorkerHost.start({ host: listen, port, advertise });
  const stage = new ControllerStage(client, host);
  try {
    const [hopeless, afterEach] = [() => hopelessness(client), () => stage.clear()];
    const results = await runChecks(controllerChecks, stage, { destructive, onResult, signal, hopeless, afterEach });
    return reportOf("controller", address, results, controllerChecks);
  } finally {
    await host.stop();
  }
}
