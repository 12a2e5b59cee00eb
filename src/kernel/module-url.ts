import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { attempt, field } from './thrown.js';

/**
 * The address of a module as an option gives it: a URL, of any realm, or its text. Undefined when no module could be
 * loaded from it: a file URL with a host, as in 'file://risk.handlers.js', names no file of this machine.
 */
export function moduleUrlOf(given: unknown): string | undefined {
  const url = typeof given === 'string' ? given : field(given, 'href');
  return typeof url === 'string' && isModuleUrl(url) ? url : undefined;
}

/** Whether it is a file that is not there. */
export function isMissing(url: string): boolean {
  return isFile(url) && !existsSync(pathOf(url) ?? '');
}

function isModuleUrl(url: string): boolean {
  return URL.canParse(url) && (!isFile(url) || pathOf(url) !== undefined);
}

function isFile(url: string): boolean {
  return URL.canParse(url) && new URL(url).protocol === 'file:';
}

function pathOf(url: string): string | undefined {
  return attempt(() => fileURLToPath(url));
}
