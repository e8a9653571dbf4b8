/** The position of a value in a configuration: mapping keys and list positions (from 0). */
export type KeyPath = readonly (string | number)[];

/** `["definition", "task", "gpt-3.5", 0]` -> `definition.task["gpt-3.5"][0]`. */
export function formatKeyPath(path: KeyPath): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else if (/^[^\s.[\]"']+$/.test(part)) text += text === "" ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}
