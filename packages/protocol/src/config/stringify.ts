import { dump } from "js-yaml";

export const configFormats = ["yaml", "json"] as const;

export type ConfigFormat = (typeof configFormats)[number];

/** A configuration as text, ending with a newline. YAML is quoted such that readers of YAML 1.1 (v0.2) agree. */
export function stringifyConfig(value: unknown, format: ConfigFormat): string {
  return format === "json" ? `${JSON.stringify(value, null, 2)}\n` : dump(value, { noRefs: true, lineWidth: -1 });
}
