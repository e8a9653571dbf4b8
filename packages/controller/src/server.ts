import { createServer, type Server } from "node:http";
import { controllerRoutes } from "@eval/protocol";
import { createFront, type Handlers, type Peer } from "@eval/protocol/http-server";
import type { Controller } from "./controller.js";
import { listSessions, listWorkers } from "./listing.js";
import { calculateOverall, streamOverall } from "./overall.js";
import { inWordsOf } from "./v02-words.js";
import { isOurs } from "./worker-reply.js";

export interface ControllerServerOptions {
  version: string;
  /** Maximum size of a body, in bytes. Default 64 MiB. */
  maxBodyBytes?: number;
}

/** The controller's HTTP server. Does not listen. */
export function createControllerServer(controller: Controller, options: ControllerServerOptions): Server {
  const { instance, logger, token, hostNames } = controller.options;
  const front = createFront(controllerRoutes, createHandlers(controller, options.version), {
    instance,
    logger,
    token,
    hostNames,
    ...(options.maxBodyBytes !== undefined && { maxBodyBytes: options.maxBodyBytes }),
    streams: { [controllerRoutes.calculateOverall.path]: (context) => streamOverall(controller, context) },
  });
  return createServer(front);
}

function createHandlers(controller: Controller, version: string): Handlers<typeof controllerRoutes> {
  return {
    listWorkers: ({ indices }, { peer }) => {
      return listWorkers(controller.registry, { withIndices: indices !== "0", extended: isOurs(peer) });
    },
    listSessions: () => listSessions(controller.table),
    getIndices: ({ name }, { peer }) => controller.task(name, peer).indices,
    startSample: (request, { peer }) => controller.start(request, peer),
    interact: (request, { peer, response }) => controller.interact(request, { peer, isGone: () => response.destroyed }),
    cancel: async ({ session_id }, { peer }) => forPeer(await controller.cancel(session_id, peer), peer),
    renew: (request) => controller.renew(request),
    cancelAll: () => controller.cancelAll(),
    syncAll: () => controller.syncAll(),
    cleanSession: () => controller.cleanSessions(),
    cleanWorker: () => controller.cleanWorkers(),
    receiveHeartbeat: (heartbeat, { peer }) => {
      return inWordsOf(peer, controller.registration.heartbeat(heartbeat, peer), controller.options.logger);
    },
    calculateOverall: (request, { peer }) => calculateOverall(controller, request, peer),
    health: () => ({ status: "ok", version, instance: controller.options.instance }),
  };
}

/** A v0.2 client gets v0.2's one field. */
function forPeer(reply: { session_id: number; pending?: true }, peer: Peer): unknown {
  return isOurs(peer) ? reply : { session_id: reply.session_id };
}
