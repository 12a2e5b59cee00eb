import { closeSync, openSync, readSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { OutputFolder } from '../files/output-folder.js';
import { UsageError } from './command.js';

/** Bytes of a file in which the headings of an earlier one of ours stand. */
const HEAD_BYTES = 65_536;

/**
 * Writes rows for a spreadsheet, whole or not at all. An earlier table with such headings is replaced; anything else
 * that is there stays: the candles or the strategy of the run are a slip of the finger away.
 *
 * @throws OutputError; UsageError for a path that names no file.
 */
export async function writeCsv(
  path: string,
  headings: readonly string[],
  rows: Iterable<readonly unknown[]>,
): Promise<void> {
  const name = basename(path);
  if (name === '' || name === '.' || name === '..')
    throw new UsageError(`--csv is '${path}'; it must be a file.`);
  const lines = [headings.join(',')];
  for (const row of rows) lines.push(row.map(cellOf).join(','));
  const folder = OutputFolder.open(dirname(path), {
    advice: 'Name another file, or remove this one.',
    isOurs: () => hasHeadings(path, headings),
  });
  await folder.write(name, `${lines.join('\n')}\n`);
}

/** Whether the first line begins and ends as ours does: between them stand the parameters of a strategy. */
function hasHeadings(path: string, headings: readonly string[]): boolean {
  const head = Buffer.alloc(HEAD_BYTES);
  const file = openSync(path, 'r');
  try {
    const [line = ''] = head.toString('utf8', 0, readSync(file, head, 0, HEAD_BYTES, 0)).split('\n');
    return line.startsWith(`${headings[0]},`) && line.endsWith(`,${headings.at(-1)}`);
  } finally {
    closeSync(file);
  }
}

function cellOf(value: unknown): string {
  const text = value === null || value === undefined ? '' : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
