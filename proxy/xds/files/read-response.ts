/** From the text of a file to the resources in it: a DiscoveryResponse, as YAML or JSON. */
import type { Result } from '../../../kernel/result.ts';
import { DiscoveryResponse } from '../../../protos/gen/envoy/service/discovery/v3/discovery.ts';
import { readJson } from '../../../protos/json/read-json.ts';
import { parseText } from '../../bootstrap/parse-text.ts';

/** The response, or what is wrong: `line:column: path: message`, in one line. An empty file is refused: it is being written. */
export async function readResponse(text: string): Promise<Result<DiscoveryResponse, string>> {
  const parsed = await parseText(text);
  if (!parsed.ok) return { ok: false, error: parsed.problems.map(atPlace).join('; ') };
  if (parsed.value === null) return { ok: false, error: 'the file is empty; a DiscoveryResponse is expected' };
  const read = readJson('envoy.service.discovery.v3.DiscoveryResponse', parsed.value);
  if (read.ok) return { ok: true, value: DiscoveryResponse.fromPartial(read.message) };
  const found = await Promise.all(
    read.issues.map(async ({ segments, path, message }) => {
      const place = await parsed.locate(segments);
      return atPlace({ ...place, message: path === '' ? message : `${path}: ${message}` });
    }),
  );
  return { ok: false, error: found.join('; ') };
}

function atPlace({
  line,
  column,
  message,
}: {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}) {
  return `${line}:${column}: ${message}`;
}
