import { once } from 'node:events';
import { visible, visibleLines } from '../kernel/visible.js';

/**
 * Writes to stdout and waits while the reader is behind, so that a long log never piles up in memory. Everything that
 * commands print goes through here: of what a terminal would obey nothing but line breaks is left, and those of data
 * were taken out where lines are made.
 */
export async function print(text: string): Promise<void> {
  if (!process.stdout.write(visibleLines(text))) await once(process.stdout, 'drain');
}

/** As `print`, but what goes into a file or a pipe stays as it is: another program reads it, and no terminal. */
export async function printExactly(text: string): Promise<void> {
  if (process.stdout.isTTY) return print(text);
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}

/** As `print`, to stderr, and without waiting. */
export function complain(text: string): void {
  process.stderr.write(visibleLines(text));
}

/** Ends quietly when the reader of a pipe has gone (`millrace read … | head`): it has all it wanted. */
export function endQuietlyOnClosedPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}

/**
 * JSON in one line, in which a terminal finds nothing to obey. What JSON does not know is written with a tag:
 * `{"$bigint":"1"}`, `{"$bytes":"00ff"}`.
 */
export function jsonLine(value: unknown): string {
  return visible(JSON.stringify(value, tagUnknown));
}

/** The beginning of a text that comes from data, for one line. */
export function shortened(text: string, most: number): string {
  return visible(text.length <= most ? text : `${text.slice(0, most).replace(/[\ud800-\udbff]$/, '')}…`);
}

function tagUnknown(this: unknown, key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return { $bigint: String(value) };
  // A Buffer's own toJSON ran before this function, so the bytes are looked up where they came from.
  const original = (this as Record<string, unknown>)[key];
  return original instanceof Uint8Array ? { $bytes: Buffer.from(original).toString('hex') } : value;
}
