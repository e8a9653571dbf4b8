import type { Check } from "./check.js";
import { demand, refused } from "./expectation.js";
import type { RawClient } from "./raw-client.js";

interface Caller {
  client: RawClient;
}

/** What holds of every route, of controllers and workers alike. */
export function routingChecks({ get, post }: { get: string; post: string }): Check<Caller>[] {
  return [
    {
      id: "routes.unknown",
      title: "an unknown route is 404 Not Found",
      run: async ({ client }) => refused(await client.get("/no_such_route"), 404, "Not Found"),
    },
    {
      id: "routes.get-of-post",
      title: `GET ${post} is 405 with an allow header`,
      run: (caller) => notAllowed(caller, "GET", post, "POST"),
    },
    {
      id: "routes.post-of-get",
      title: `POST ${get} is 405 with an allow header`,
      run: (caller) => notAllowed(caller, "POST", get, "GET"),
    },
    {
      id: "routes.content-type",
      title: "replies are application/json",
      run: async ({ client }) => {
        const reply = await client.get(get);
        const type = reply.headers["content-type"] ?? "no content-type";
        demand(type.startsWith("application/json"), `${reply.call}: content-type application/json`, type);
      },
    },
  ];
}

async function notAllowed({ client }: Caller, method: string, path: string, allowed: string): Promise<void> {
  const reply = await client.send(method, path, method === "POST" ? { text: "{}" } : {});
  refused(reply, 405, "Method Not Allowed");
  const allow = reply.headers.allow ?? "no allow header";
  demand(allow.includes(allowed), `${reply.call}: allow: ${allowed}`, allow);
}
