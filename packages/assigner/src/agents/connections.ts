import http from "node:http";
import https from "node:https";
import type { AxiosRequestConfig } from "axios";
import { hostOf, type Proxies, portOf, proxyFor } from "./proxies.js";
import { TunnelAgent } from "./tunnel-agent.js";
import { decoded } from "./url-credentials.js";

/** The part of a request's configuration that controls its connections. */
export type Connections = Pick<AxiosRequestConfig, "httpAgent" | "httpsAgent" | "proxy">;

/**
 * Persistent connections to `target`; idle ones do not keep the process alive. Certificates are always verified,
 * whatever the environment says, and the environment's proxies are ignored (`proxy: false` disables them in axios).
 */
export function connectionsTo(target: URL, proxies: Proxies, timeoutMs: number): Connections {
  const httpAgent = new http.Agent({ keepAlive: true });
  const httpsAgent = new https.Agent({ keepAlive: true, rejectUnauthorized: true });
  const proxy = proxyFor(target, proxies);
  if (proxy === undefined) return { httpAgent, httpsAgent, proxy: false };
  if (target.protocol === "https:") {
    return { httpAgent, httpsAgent: new TunnelAgent(proxy, timeoutMs), proxy: false };
  }
  return { httpAgent, httpsAgent, proxy: forwardProxy(proxy) };
}

/** For http targets: the proxy gets the full address in the request line. */
function forwardProxy(proxy: URL): Exclude<Connections["proxy"], undefined> {
  const hasCredentials = proxy.username !== "" || proxy.password !== "";
  const auth = {
    username: decoded(proxy.username),
    password: decoded(proxy.password),
  };
  return {
    protocol: proxy.protocol,
    host: hostOf(proxy),
    port: portOf(proxy),
    ...(hasCredentials && { auth }),
  };
}
