import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;
const MAX_LINES = 400;
const MAX_FUNCTION_LINES = 70;

// Written in pieces, so that this file does not find itself.
const banned: readonly [string, RegExp][] = [
  [
    'a leftover marker',
    new RegExp(['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].map((word) => `\\b${word}\\b`).join('|')),
  ],
  ['a focused or skipped test', new RegExp(`\\b(it|test|describe)\\.(on${'ly'}|sk${'ip'})\\(`)],
  ['a silenced checker', new RegExp(`@ts-ig${'nore'}|@ts-no${'check'}|biome-ig${'nore'}`)],
  ['a path of one machine', /['"`\s(]\/(home|Users|root|work|tmp)\/\w/],
  ['the any type', new RegExp(`(: |as |<)an${'y'}\\b(?! (of|other))`)],
];

const files = ['src', 'workers', 'test', 'bench'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|mjs)$/.test(name) && !/node_modules|dist/.test(name))
    .map((name) => join(folder, name)),
);

/** `file:line` of each line of code that matches. Comments may say what they like. */
function findings(pattern: RegExp): string[] {
  return files.flatMap((file) =>
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .flatMap((line, index) =>
        !/^\s*(\/?\*|\/\/)/.test(line) && pattern.test(line) ? `${file}:${index + 1}` : [],
      ),
  );
}

it('finds the code', () => {
  expect(files.length).toBeGreaterThan(100);
});

it('what threads of tests load has Zod as one file', () => {
  // Of test/support/zod-in-one-file.ts: a lane whose handlers import the package takes twice the time to open.
  const slow = new RegExp(`from '${'zod'}'`);
  expect(findings(slow).filter((found) => found.startsWith('test/handlers/'))).toEqual([]);
});

it(`no file has more than ${MAX_LINES} lines`, () => {
  const long = files.filter((file) => readFileSync(join(root, file), 'utf8').split('\n').length > MAX_LINES);
  expect(long).toEqual([]);
});

/** The begin of a function, a method or an arrow function with a body, as the formatter writes it. */
const FUNCTION = /(\) ?(: .*)?|=>) \{$/;
const OTHER_BLOCK =
  /^\s*(export )?(default )?(abstract )?(class|interface|switch|if|for|while|do|try|\} (else|catch|finally))\b/;

/** `file:line` of each function that is too long. The formatter puts its end where its begin is indented. */
function longFunctions(file: string): string[] {
  const lines = readFileSync(join(root, file), 'utf8').split('\n');
  return lines.flatMap((line, begin) => {
    if (!FUNCTION.test(line) || OTHER_BLOCK.test(line)) return [];
    const indent = /^ */.exec(line)?.[0] ?? '';
    const end = lines.findIndex(
      (other, index) => index > begin && /^[})]/.test(other.slice(indent.length)) && other.startsWith(indent),
    );
    return end - begin + 1 > MAX_FUNCTION_LINES ? [`${file}:${begin + 1}`] : [];
  });
}

it(`no function has more than ${MAX_FUNCTION_LINES} lines, those that make the tests of a file left out`, () => {
  const code = files.filter((file) => /^(src|workers|bench\/(?!peers))/.test(file));
  expect(code.flatMap(longFunctions)).toEqual([]);
});

it.each(banned)('no code has %s', (_what, pattern) => {
  expect(findings(pattern)).toEqual([]);
});
