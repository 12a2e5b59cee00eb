import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { documentation } from './comment.mjs';
import { statementsOf } from './statements.mjs';

/**
 * The page of all limits: those of all rooms, then those of each room.
 *
 * @param {string} dist folder of the built package
 * @param {readonly string[]} files `limits.js` and those of the rooms, below dist
 */
export async function limitsPage(dist, files) {
  const parts = [
    '# Limits',
    'Every queue, batch, cache, retry and wait is bounded. This page lists each bound with its reason, room by room. Where an option changes one, the option says so.',
  ];
  for (const file of files) {
    const built = await import(pathToFileURL(join(dist, file)).href);
    const statements = statementsOf(readFileSync(join(dist, file.replace(/\.js$/, '.d.ts')), 'utf8'));
    const rows = statements.flatMap(({ comment, code }) => {
      const [, name = ''] = /^export declare const (\w+)/.exec(code) ?? [];
      return name === ''
        ? []
        : [`| \`${name}\` | ${shown(built[name])} | ${cell(documentation(comment).text)} |`];
    });
    const room = file === 'limits.js' ? 'All rooms' : file.replace(/\/limits\.js$/, '');
    parts.push(`## ${room}`, ['| limit | value | what for |', '| --- | ---: | --- |', ...rows].join('\n'));
  }
  return `${parts.join('\n\n')}\n`;
}

/** @param {string} text */
const cell = (text) => text.replace(/\s*\n\s*/g, ' ').replaceAll('|', '\\|');

/** @param {unknown} value */
function shown(value) {
  if (typeof value === 'number') return value.toLocaleString('en');
  if (value instanceof Set || Array.isArray(value)) return [...value].map(String).join(', ');
  return `\`${JSON.stringify(value)}\``;
}
