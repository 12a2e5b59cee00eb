import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Noted } from '../handlers/events.mjs';
import { tempFolder } from './temp-folder.js';

/** A file that a consumer's thread writes, and how to have something written there. */
export function notebook() {
  const file = join(tempFolder(), 'notes.txt');
  writeFileSync(file, '');
  const note = (number: number, act = 'note') => Noted({ note: `k${number % 4}`, value: { file, act } });
  const lines = () => readFileSync(file, 'utf8').split('\n').filter(Boolean);
  const positions = () => lines().map((line) => Number.parseInt(line, 10));
  return { file, note, lines, positions };
}
