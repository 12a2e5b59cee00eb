import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders: string[] = [];

/** A new empty folder, removed after the test file. */
export function tempFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-test-')));
  folders.push(folder);
  return folder;
}

/** The path of a store that does not exist yet, in a folder of its own. */
export function tempStore(): string {
  return join(tempFolder(), 'events.db');
}

export function tempFolders(): readonly string[] {
  return folders;
}

export function removeTempFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}
