/**
 * The names in a certificate (RFC 5280 section 4.2.1.6), from the text that Node makes of them:
 *
 *   DNS:a.test, URI:spiffe://mesh/ns/x, IP Address:10.0.0.1, email:"with, comma"
 *
 * A value in which one could hide another name is quoted as JSON by Node (CVE-2021-44532), and read as that here.
 */

/** One name. */
export interface SubjectName {
  readonly kind: 'dns' | 'uri' | 'ip' | 'email' | 'other';
  readonly value: string;
}

const KINDS: Readonly<Record<string, SubjectName['kind']>> = {
  DNS: 'dns',
  URI: 'uri',
  'IP Address': 'ip',
  email: 'email',
};

const NAME = /\s*([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:,|$)/y;

/** The names of `X509Certificate.subjectAltName`; none for undefined. A text that cannot be read ends the list. */
export function subjectNames(text: string | undefined): readonly SubjectName[] {
  const names: SubjectName[] = [];
  if (text === undefined) return names;
  NAME.lastIndex = 0;
  for (let found = NAME.exec(text); found !== null && found[0] !== ''; found = NAME.exec(text)) {
    const [, kind, value] = found;
    names.push({ kind: KINDS[kind!] ?? 'other', value: unquoted(value!) });
  }
  return names;
}

function unquoted(value: string): string {
  return value.startsWith('"') ? String(JSON.parse(value)) : value;
}
