import { isAbsolute, relative, sep } from "node:path";
import { CodedError } from "@eval/protocol";

/** The configuration file as the container sees it. Throws USAGE if it lies outside the working directory. */
export function configInside(config: string, cwd: string): string {
  const path = relative(cwd, config);
  if (path.startsWith("..") || isAbsolute(path)) {
    throw new CodedError(
      "USAGE",
      `${config} is outside ${cwd}, but a container can access only the working directory: start from a folder that contains the file`,
    );
  }
  return path.split(sep).join("/");
}
