/** Why a port cannot be bound, in words that say what to do. */

/** The end of a sentence that names the address. */
export function bindProblem(error: unknown, port: number): string {
  const { code, message } =
    error instanceof Error ? (error as NodeJS.ErrnoException) : { code: '', message: String(error) };
  if (code !== 'EACCES' || port >= 1_024) return message;
  return `this user may not listen at port ${port}: allow it by net.ipv4.ip_unprivileged_port_start or CAP_NET_BIND_SERVICE (EACCES)`;
}
