/** A host and a port as one text: `127.0.0.1:80`, `[::1]:80`, `example.com:80`. */

/** Its two parts; an IPv6 address stands without brackets. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

const TEXT = /^(?:\[([^\]\s]+)\]|([^\s:[\]=]+)):(\d{1,5})$/;
const PORT_MAX = 65_535;

/** The text of both. */
export function hostPortText({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Both parts of a text, with a port from 0 to 65,535; null when it is no such text. Whether the host exists is not asked. */
export function parseHostPort(text: string): HostPort | null {
  const [, ipv6, other, digits] = TEXT.exec(text) ?? [];
  const host = ipv6 ?? other;
  const port = Number(digits);
  return host === undefined || port > PORT_MAX ? null : { host, port };
}

/** Whether nothing that is sent to that host leaves the machine. A name counts only where it cannot mean anything else. */
export function isLoopbackHost(host: string): boolean {
  return /^(127\.\d+\.\d+\.\d+|::1|localhost)$/.test(host);
}
