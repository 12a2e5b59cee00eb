import type { OutputFolder } from '../../files/output-folder.js';
import { SESSION_FILE } from '../../sampling/session.js';
import type { RecordedProfile } from './assemble.js';

/** Writes a session and its profiles. @throws OutputError */
export async function writeProfile(folder: OutputFolder, { session, files }: RecordedProfile): Promise<void> {
  // First: it says that the other files are ours, also when writing them is cut short.
  await folder.write(SESSION_FILE, `${JSON.stringify(session, undefined, 1)}\n`);
  for (const [name, text] of files) await folder.write(name, text);
}
