/**
 * Reads a request back from the text that was sent to the endpoint. A head is used up when it is forwarded, and its bytes
 * are gone after the turn; whoever asks later (response headers, access log, error pages) asks here. COLD.
 */

/** The head of the wire text, its final empty line included. */
function headOf(wire: string): string {
  return wire.slice(0, wire.indexOf('\r\n\r\n') + 4);
}

/** The value of the first header line with that lower-case name, or null. */
export function wireHeader(wire: string, name: string): string | null {
  const head = headOf(wire);
  for (let at = head.indexOf('\r\n') + 2; at < head.length; at = head.indexOf('\r\n', at) + 2) {
    const nameEnd = at + name.length;
    if (head.charCodeAt(nameEnd) !== 58 || head.slice(at, nameEnd).toLowerCase() !== name) continue;
    return head.slice(nameEnd + 1, head.indexOf('\r\n', at)).trim();
  }
  return null;
}

export function wireMethod(wire: string): string {
  return wire.slice(0, wire.indexOf(' '));
}

/** Path and query as they were sent. */
export function wirePath(wire: string): string {
  const start = wire.indexOf(' ') + 1;
  return wire.slice(start, wire.indexOf(' ', start));
}
