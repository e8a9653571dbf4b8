import { CodedError, type controllerRoutes, isCodedError, messageOf } from "@eval/protocol";
import { neverSent, ReplyError, type RouteClient } from "@eval/protocol/http-client";

/**
 * Whether a controller answers, v0.2's included. Throws UNAUTHORIZED if it wants another token, FORBIDDEN where it
 * answers 403 (a controller that does not know the address's name, or AirPlay), and UNREACHABLE where something answers
 * that is no controller.
 */
export async function probeController(
  client: RouteClient<typeof controllerRoutes>,
  timeoutMs = 3_000,
): Promise<boolean> {
  try {
    await client.listWorkers({ indices: "0" }, { timeoutMs });
    return true;
  } catch (error) {
    if (neverSent(error)) return false;
    const { address } = client.http;
    if (isCodedError(error) && error.code === "UNAUTHORIZED") {
      throw new CodedError(
        "UNAUTHORIZED",
        `the controller at ${address} requires a token: set EVAL_TOKEN to its token`,
      );
    }
    if (error instanceof ReplyError && error.code === "FORBIDDEN") {
      throw new CodedError("FORBIDDEN", `${address} rejects every request (403): ${String(error.reply.detail)}`);
    }
    const isOther = error instanceof ReplyError || (isCodedError(error) && error.code === "BAD_REPLY");
    const what = isOther ? "another program answers, not a controller" : "the controller sends unexpected answers";
    throw new CodedError("UNREACHABLE", `${what} at ${address}: ${messageOf(error)}`);
  }
}
