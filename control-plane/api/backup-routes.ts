/**
 * /v1/backup, /v1/restore: everything that was written, as one file, and back.
 */
import { type BackupHeader, decodeBackup, encodeBackup } from '../recovery/backup-file.ts';
import type { Command } from '../state/command.ts';
import { authorHeaders } from './authorship.ts';
import { flagSchema, isSet, preview, submit } from './change.ts';
import type { Routes } from './context.ts';
import { ApiError } from './errors.ts';
import { appliedSchema, errorSchema } from './schemas.ts';

/** What a backup comes as. */
export const BACKUP_TYPE = 'application/octet-stream';
/** 256 MiB. */
const FILE_BYTES_MAX = 256 * 1024 * 1024;

/** See the head of this file. */
export const backupRoutes: Routes = (server, context) => {
  const { ledger, clock, version } = context;
  const take = { summary: 'Everything that was written, with its history, as one file.', produces: [BACKUP_TYPE] };
  server.get('/v1/backup', { schema: take }, async (_request, reply) => {
    const file = await encodeBackup(await ledger.picture(), clock.wallMs(), version);
    return reply.type(BACKUP_TYPE).send(file);
  });

  const restore = {
    summary: 'Puts a backup in the place of everything that is there, as one revision.',
    consumes: [BACKUP_TYPE],
    headers: authorHeaders,
    querystring: {
      type: 'object',
      additionalProperties: false,
      properties: {
        dryRun: flagSchema('Only tells what would change.'),
        force: flagSchema('Also if something is there already.'),
      },
    },
    response: { 200: appliedSchema, 409: errorSchema, 422: errorSchema },
  };
  server.post<{ Body: Buffer; Querystring: { dryRun?: string; force?: string } }>(
    '/v1/restore',
    { schema: restore, bodyLimit: FILE_BYTES_MAX },
    async (request) => {
      const { body, query } = request;
      if (!Buffer.isBuffer(body)) throw new ApiError('malformed', `the body must be a backup, as ${BACKUP_TYPE}`);
      const backup = await decodeBackup(body);
      if (!backup.ok) throw new ApiError('invalid', `${backup.error}; nothing was changed`);
      const { header, state, records } = backup.value;
      const { revision, ...content } = state;
      const command: Command = {
        kind: 'restore',
        origin: originOf(header),
        content,
        revisionFloor: revision,
        history: records,
        // Whoever restores over something insists as a whole: what would go of each kind is not asked again.
        force: true,
        replaces: isSet(query.force) || isSet(query.dryRun),
      };
      const dry = isSet(query.dryRun);
      const { state: next, ...told } = dry ? preview(command, context) : await submit(command, request, context);
      return { revision: next.revision, backup: header, ...told };
    },
  );
};

function originOf({ revision, takenAt }: BackupHeader): string {
  return `backup of revision ${revision}, ${takenAt}`;
}
