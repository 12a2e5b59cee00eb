import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { millrace } from '../support/millrace.js';
import { ROOT, runNode } from '../support/run-script.js';
import { tempFolder } from '../support/temp-folder.js';

const page = readFileSync(join(ROOT, 'docs/sql.md'), 'utf8');
const examples = [
  ...page.matchAll(/```sh title=sql\nnpx millrace (.*)\n```\n\n```text title=(output|error)\n([\s\S]*?)```/g),
].map(([, line = '', stream = '', text = '']) => ({ line, stream, text }));

let folder: string;

beforeAll(async () => {
  folder = tempFolder();
  await runNode(['test/docs/pages/sql/shop.js', join(folder, 'shop.db')]);
});

/** The words of a command line: those in double quotes are one, and no more of a shell is used on the page. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

describe('docs/sql.md', () => {
  test('has examples of a shell, and each says what comes of it', () => {
    expect(examples.length).toBeGreaterThan(3);
    expect(page.match(/```sh/g)).toHaveLength(examples.length);
  });

  test.each(examples)('millrace $line', async ({ line, stream, text }) => {
    const here = process.cwd();
    process.chdir(folder);
    try {
      const { code, stdout, stderr } = await millrace(...wordsOf(line));
      expect(stream === 'output' ? stdout : stderr).toBe(text.replaceAll('$PWD', folder));
      expect(code).toBe(stream === 'output' ? 0 : 1);
    } finally {
      process.chdir(here);
    }
  });
});
