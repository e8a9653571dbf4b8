import { CodedError } from "@eval/protocol";
import { isLoopbackHost } from "@eval/protocol/cli";

export interface ControllerAddress {
  /** Whole, ends with `/api`. */
  text: string;
  host: string;
  /** 0: to be chosen when it is started. */
  port: number;
  /** Whether the name reaches only this machine. */
  loopback: boolean;
}

export const defaultController = "http://localhost:5000/api";

/** Throws USAGE if it is no HTTP address. */
export function parseControllerAddress(text: string): ControllerAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    throw new CodedError("USAGE", `"${text}" is not the address of a controller: use a form like ${defaultController}`);
  }
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  const path = url.pathname.replace(/\/+$/, "").replace(/\/api$/, "");
  const account = url.href.slice(url.protocol.length + 2).split(/[/?#]/)[0] ?? "";
  return {
    text: `${url.protocol}//${account}${path}/api`,
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port,
    loopback: isLoopbackHost(url.hostname),
  };
}

export function isWildcardHost(host: string): boolean {
  return host === "0.0.0.0" || host === "::" || host === "[::]";
}

/** `http://<name>:<port>/api`; IPv6 in brackets. */
export function workerAddress(name: string, port: number): string {
  return `http://${name.includes(":") && !name.startsWith("[") ? `[${name}]` : name}:${port}/api`;
}

/** The name under which the controller reaches workers that listen on `host`. Throws USAGE if it cannot. */
export function chooseSelfHost(host: string, selfHost: string | undefined, controller: ControllerAddress): string {
  if (!controller.loopback && isLoopbackHost(host)) {
    throw new CodedError(
      "USAGE",
      `the controller at ${controller.text} cannot reach workers that listen on ${host}: set --host to an address of this host, or to 0.0.0.0 with --self-host`,
    );
  }
  if (selfHost !== undefined) return selfHost;
  if (!isWildcardHost(host)) return host === "127.0.0.1" ? "localhost" : host;
  if (controller.loopback) return "localhost";
  throw new CodedError(
    "USAGE",
    `with --host ${host}, set --self-host to the name or address under which the controller at ${controller.text} reaches this host`,
  );
}
