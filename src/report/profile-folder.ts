import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { OutputFolder } from '../files/output-folder.js';
import { InputError } from '../kernel/errors.js';
import { SESSION_FILE } from '../sampling/session.js';
import { readSession } from './read-session.js';
import { REPORT_FILES } from './report-files.js';

const FIXED: ReadonlySet<string> = new Set([SESSION_FILE, ...Object.values(REPORT_FILES)]);
const OF_A_THREAD = /^(?:dispatcher|lane-[\d-]+|writer)\.(?:cpu|heap)profile$/;

/**
 * The folder of a profile, before anything is recorded. An earlier profile there is known by its `session.json` and
 * replaced; a file of somebody else that bears one of the names is not.
 *
 * @throws OutputError when the folder cannot be written, or holds such a file and `force` is not set.
 */
export function openProfileFolder(path: string, force: boolean): OutputFolder {
  const earlier = earlierFiles(path);
  const folder = OutputFolder.open(path, { force, isOurs: (name) => earlier.has(name) });
  try {
    folder.claim(readdirSync(folder.path).filter(isProfileFile));
    return folder;
  } catch (error) {
    folder.removeIfEmpty();
    throw error;
  }
}

/** Whether a profile is written into files of such a name. */
export function isProfileFile(name: string): boolean {
  return FIXED.has(name) || OF_A_THREAD.test(name);
}

/** The files of the profile that lies in a folder; none where there is no profile. */
function earlierFiles(path: string): ReadonlySet<string> {
  try {
    const { threads } = readSession(path);
    const profiles = threads.flatMap(({ cpuProfile, heapProfile }) =>
      [cpuProfile ?? [], heapProfile ?? []].flat(),
    );
    return new Set([...FIXED, ...profiles.filter((name) => OF_A_THREAD.test(join(name)))]);
  } catch (error) {
    if (error instanceof InputError) return new Set();
    throw error;
  }
}
