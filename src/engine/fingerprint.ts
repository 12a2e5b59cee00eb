import { Fingerprint } from '../events/canonical.js';
import { turn } from '../events/turn.js';
import { addToFingerprint, pagesFrom } from '../store/decode.js';
import type { EventReader } from '../store/store.js';

/** The fingerprint of a log; the event loop goes round between pages. @param check throws when the reader is gone. */
export async function fingerprintOf(reader: EventReader, check: () => void): Promise<string> {
  const fingerprint = new Fingerprint();
  for (const page of pagesFrom(reader, 1)) {
    addToFingerprint(fingerprint, reader, page);
    await turn();
    check();
  }
  return fingerprint.digest();
}
