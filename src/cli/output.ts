import { once } from 'node:events';

/** Writes to stdout and waits while the reader is behind, so that a long log never piles up in memory. */
export async function print(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}

/** Ends quietly when the reader of a pipe has gone (`millrace read … | head`): it has all it wanted. */
export function endQuietlyOnClosedPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}

/** JSON in one line. What JSON does not know is written with a tag: `{"$bigint":"1"}`, `{"$bytes":"00ff"}`. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value, tagUnknown);
}

function tagUnknown(this: unknown, key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return { $bigint: String(value) };
  // A Buffer's own toJSON ran before this function, so the bytes are looked up where they came from.
  const original = (this as Record<string, unknown>)[key];
  return original instanceof Uint8Array ? { $bytes: Buffer.from(original).toString('hex') } : value;
}
