import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder and those above it, and returns the outermost one that was made. Node's own recursive `mkdirSync` never
 * returns where the system says that what is to be made does not exist, as below `/proc`.
 *
 * @throws the system's error for the folder that cannot be made.
 */
export function makeFolder(path: string): string | undefined {
  const folders = [resolve(path)];
  for (let above = dirname(resolve(path)); !existsSync(above); above = dirname(above)) folders.unshift(above);
  return folders.filter(isNew)[0];
}

/** Makes one folder if it is not there. */
function isNew(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return false;
    throw error;
  }
}
