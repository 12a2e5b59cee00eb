import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { documentation } from '../../.ci/reference/comment.mjs';
import { HAND_WRITTEN, publicEntries, referencePages } from '../../.ci/reference/pages.mjs';
import { statementsOf } from '../../.ci/reference/statements.mjs';
import { ROOT } from '../support/run-script.js';

const FOLDER = join(ROOT, 'docs/reference');

const entries = publicEntries();

describe('docs/reference', () => {
  test('is what `npm run reference` makes of the code', async () => {
    const pages = await referencePages();
    expect(readdirSync(FOLDER).sort()).toEqual([...pages.keys(), ...HAND_WRITTEN].sort());
    for (const [name, page] of pages) {
      expect(readFileSync(join(FOLDER, name), 'utf8'), `${name}: run \`npm run reference\``).toBe(page);
    }
  });

  test('knows every public name: as many as are declared', () => {
    for (const [subpath, names] of entries) {
      if (subpath !== 'millrace/testing/vitest') expect(names.size, subpath).toBeGreaterThan(1);
    }
    expect(entries.get('millrace')?.get('Engine')).toMatchObject({ kind: 'class', file: 'engine/engine' });
    expect(entries.get('millrace/errors')?.get('StoreFullError')?.comment).toContain('no room');
  });
});

test.each([...entries.keys()])('every public name of %s says what it is', (subpath) => {
  const silent = [...(entries.get(subpath)?.values() ?? [])].filter(
    ({ comment }) => documentation(comment).text === '' && documentation(comment).tags.length === 0,
  );
  expect(silent.map(({ name, file }) => `${name} (src/${file}.ts)`)).toEqual([]);
});

test('declarations are taken apart at their ends, whatever is inside them', () => {
  const text = `
    /** A sentence. */
    export interface First<Of extends { a: 1 } = { a: 1 }> {
      /** Says; more } than one. */
      readonly a: { b: ';}' };
    }
    export declare const second: 'x;y' | \`\${string};\`;
    // Not a comment of third.
    export declare function third(a: () => void): { b: string };
    export {};`;
  const found = statementsOf(text);
  expect(found.map(({ comment }) => comment)).toEqual(['A sentence.', '', '', '']);
  expect(found.map(({ code }) => code.slice(0, 23))).toEqual([
    'export interface First<',
    'export declare const se',
    'export declare function',
    'export {};',
  ]);
});
