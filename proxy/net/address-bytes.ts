import { isIPv4 } from 'node:net';

/** The four or sixteen bytes of an address. It has to be one. */
export function addressBytes(host: string): number[] {
  if (isIPv4(host)) return host.split('.').map(Number);
  const [head = '', tail] = new URL(`http://[${host}]/`).hostname.slice(1, -1).split('::');
  const words = (text: string) => (text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16)));
  const front = words(head);
  const back = words(tail ?? '');
  const zeros = new Array<number>(8 - front.length - back.length).fill(0);
  return [...front, ...zeros, ...back].flatMap((word) => [word >> 8, word & 255]);
}
