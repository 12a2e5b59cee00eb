import { Fingerprint } from '../../events/canonical.js';
import { turn } from '../../kernel/turn.js';
import { addStates, currentStateTypes, statePages } from '../../store/all-states.js';
import { addToFingerprint, pagesUpTo } from '../../store/decode.js';
import type { EventReader } from '../../store/store.js';

/**
 * The fingerprint of a log up to a position; the event loop goes round between pages.
 *
 * @param check throws when the reader is gone.
 */
export async function fingerprintOf(reader: EventReader, to: number, check: () => void): Promise<string> {
  const fingerprint = new Fingerprint();
  for (const page of pagesUpTo(reader, to)) {
    addToFingerprint(fingerprint, reader, page);
    await turn();
    check();
  }
  const types = currentStateTypes(reader);
  for (const page of types.size === 0 ? [] : statePages(reader)) {
    addStates(fingerprint, reader, types, page);
    await turn();
    check();
  }
  return fingerprint.digest();
}
