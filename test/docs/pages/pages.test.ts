import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { EventTypes } from 'millrace/trading';
import { describe, expect, test } from 'vitest';
import { tempFolder } from '../../support/temp-folder.js';
import { CONTRACT } from '../../support/trading/contract.js';

const run = promisify(execFile);
const root = new URL('../../../', import.meta.url);
const textOf = (path: string) => readFileSync(new URL(path, root), 'utf8');

/** Pages whose examples are the files of the folder with the page's name beside this test. */
const PAGES = readdirSync(new URL('.', import.meta.url), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** The rows of all tables with such a last column, cell by cell. */
function rowsWith(page: string, lastColumn: string): string[][] {
  return page.split('\n\n').flatMap((part) => {
    const [head, , ...rows] = part.trim().split('\n').map(cellsOf);
    return head?.at(-1) === lastColumn ? rows : [];
  });
}

function cellsOf(line: string): string[] {
  const cells = line.split('|').map((cell) => cell.trim());
  return cells.slice(1, -1);
}

test('there are pages with examples', () => {
  expect(PAGES).toEqual(expect.arrayContaining(['coming-from-python', 'publisher']));
});

describe.each(PAGES)('docs/%s.md', (name) => {
  const folder = new URL(`${name}/`, import.meta.url);
  const page = textOf(`docs/${name}.md`);
  const examples = [
    ...page.matchAll(/```js title=(\S+)\n([\s\S]*?)```\n\n```text title=output\n([\s\S]*?)```/g),
  ];

  test('has every example of its folder, and no other', () => {
    expect(examples.map(([, file]) => file).sort()).toEqual(readdirSync(folder).sort());
    expect(page.match(/```js/g)).toHaveLength(examples.length);
  });

  test.each(
    examples.map(([, file = '', code = '', output = '']) => ({ file, code, output })),
  )('$file runs as it is on the page, and says what the page says', async ({ file, code, output }) => {
    expect(code).toBe(textOf(fileURLToPath(new URL(file, folder))));
    const { stdout, stderr } = await run(process.execPath, [fileURLToPath(new URL(file, folder))], {
      cwd: tempFolder(),
    });
    expect(stdout).toBe(output);
    expect(stderr).toBe('');
  });

  test('links to pages that there are', () => {
    const links = [...page.matchAll(/\]\(([\w./-]+)(?:#[\w-]+)?\)/g)].map(([, link = '']) => link);
    expect(links.filter((link) => !existsSync(new URL(link, new URL('docs/', root))))).toEqual([]);
  });
});

describe('docs/coming-from-python.md', () => {
  const page = textOf('docs/coming-from-python.md');
  const rows = rowsWith(page, 'test');

  test('has tables of what the original had, with a test for each row', () => {
    expect(rows.length).toBeGreaterThan(60);
    expect(rows.filter((cells) => cells.length !== 3 || cells.includes(''))).toEqual([]);
  });

  test.each(rows)('%s: its tests exist', (_original, _here, cell = '') => {
    for (const reference of cell.split('<br>')) {
      const [, file = '', title = ''] = /^`(\S+\.test\.ts)`: (.+)$/.exec(reference) ?? [];
      expect(file, reference).not.toBe('');
      // The title of a test, and not a part of one or any other text.
      expect(textOf(`test/${file}`)).toContain(`('${title}',`);
    }
  });

  test('has the 43 events with their old and new names, in the order of the contract', () => {
    const WITH_EVENT = ['TriggerEvaluated', 'TriggerActivated', 'TriggerEvaluationFailed'];
    const expected = CONTRACT.map(({ name, original }, index) =>
      [
        `${index + 1}`,
        WITH_EVENT.includes(name) ? `\`${name}Event\`` : `\`${name}\``,
        `\`${original}\``,
        `\`${name}\``,
        `\`${EventTypes[name as keyof typeof EventTypes]}\``,
      ].join(' '),
    );
    expect(rowsWith(page, 'type string').map((cells) => cells.join(' '))).toEqual(expected);
  });
});
