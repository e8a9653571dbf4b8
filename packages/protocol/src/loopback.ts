/** True for names and addresses that reach this machine alone. */
export function isLoopbackHost(host: string): boolean {
  const name = host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/^::ffff:/, "");
  if (name === "localhost" || name.endsWith(".localhost") || name === "::1") return true;
  return /^127(\.\d{1,3}){3}$/.test(name);
}
