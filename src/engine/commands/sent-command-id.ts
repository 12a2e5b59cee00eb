import { createHash } from 'node:crypto';
import { MAX_COMMAND_ID } from '../../lanes/aggregates/limits.js';
import type { StoredCommand } from '../../store/command.js';

const PREFIX = 'sent:';

/**
 * The idempotency key of a handler's command. It is of the event's position and the handlers' name, not of ids that users
 * give: whatever happens, the same command has the same one, and no two have one. With the run in it an event that was
 * imported from another log is nobody's.
 */
export function sentCommandId(
  run: string,
  { position, index, handler }: Pick<StoredCommand, 'position' | 'index' | 'handler'>,
): string {
  const id = `${PREFIX}${position}.${index}:${handler}@${run}`;
  if (Buffer.byteLength(id) <= MAX_COMMAND_ID && id.isWellFormed()) return id;
  return `${PREFIX}${position}.${index}:${createHash('sha256')
    .update(JSON.stringify([handler, run]))
    .digest('hex')}`;
}

/** Whether an event's id says that a handler's command led to it. */
export function isOfSentCommand(eventId: string | undefined): boolean {
  return eventId?.startsWith(PREFIX) ?? false;
}
