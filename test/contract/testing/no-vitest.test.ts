import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';

const { resolve } = createRequire(import.meta.url);

/** Names of the packages that a built file needs, itself or through its own relatives. */
function packagesOf(entry: string): string[] {
  const packages = new Set<string>();
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = readFileSync(file, 'utf8');
    for (const [, name = ''] of text.matchAll(
      /(?:\bfrom\s+|\bimport\s*\(?\s*|declare module )['"]([^'"]+)['"]/g,
    )) {
      if (!name.startsWith('.')) packages.add(name);
      else {
        const target = new URL(name, `file://${file}`).pathname;
        visit(file.endsWith('.d.ts') ? target.replace(/\.js$/, '.d.ts') : target);
      }
    }
  };
  visit(entry);
  return [...packages];
}

const tools = resolve('millrace/testing');
const matchers = resolve('millrace/testing/vitest');

describe('a user without Vitest', () => {
  test.each([
    ['millrace', resolve('millrace')],
    ['millrace/testing', tools],
    ['millrace/testing/vitest', matchers],
  ])('can load %s', (_name, entry) => {
    const packages = packagesOf(entry);
    expect(packages).toContain('msgpackr/pack');
    expect(packages.filter((name) => /vitest|jest/.test(name))).toEqual([]);
  });

  test('can compile against the types of millrace/testing', () => {
    expect(packagesOf(tools.replace(/\.js$/, '.d.ts'))).not.toContain('vitest');
  });

  test('has no use for millrace/testing/vitest, whose types are for Vitest', () => {
    expect(packagesOf(matchers.replace(/\.js$/, '.d.ts'))).toContain('vitest');
  });
});
