import { type ProfileSession, SESSION_FILE } from '../sampling/session.js';
import { inProfile, readJson } from './read-json.js';
import { isList, isRecord } from './shape.js';

/** The session that was recorded into a folder. @throws InputError when there is none. */
export function readSession(directory: string): ProfileSession {
  const value = readJson(
    inProfile(directory, SESSION_FILE),
    ({ threads, spans }) => isList(threads) && threads.every(isRecord) && isList(spans),
    'no profile of version 1. Name the folder that a profile was written to, by this version of Millrace.',
  );
  return value as unknown as ProfileSession;
}
