import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecordedProfile } from './assemble.js';
import { SESSION_FILE } from './session.js';

/** Writes a session and its profiles into a directory that exists. */
export async function writeProfile(directory: string, { session, files }: RecordedProfile): Promise<void> {
  for (const [name, text] of files) await writeFile(join(directory, name), text);
  await writeFile(join(directory, SESSION_FILE), `${JSON.stringify(session, undefined, 1)}\n`);
}
