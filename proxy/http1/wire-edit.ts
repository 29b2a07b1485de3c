/**
 * Changes a request between two attempts in the text that is sent to endpoints: its head has been used up by then.
 * Called for retries and mirrored requests only. COLD.
 */

/** The request with that header set to `value`: in place of its first line, else behind the last one. */
export function setWireHeader(wire: string, name: string, value: string): string {
  const headEnd = wire.indexOf('\r\n\r\n') + 2;
  const line = `${name}: ${value}\r\n`;
  const at = findLine(wire, name.toLowerCase(), headEnd);
  if (at < 0) return wire.slice(0, headEnd) + line + wire.slice(headEnd);
  return wire.slice(0, at) + line + wire.slice(wire.indexOf('\r\n', at) + 2);
}

function findLine(wire: string, name: string, headEnd: number): number {
  for (let at = wire.indexOf('\r\n') + 2; at < headEnd; at = wire.indexOf('\r\n', at) + 2) {
    const nameEnd = at + name.length;
    if (wire.charCodeAt(nameEnd) === 58 && wire.slice(at, nameEnd).toLowerCase() === name) return at;
  }
  return -1;
}
