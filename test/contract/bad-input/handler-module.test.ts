import { openEngine } from 'millrace';
import { describe, expect, test } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { liveThreads } from '../../support/live-threads.js';
import { openFilesIn } from '../../support/open-files.js';
import { handlers } from '../../support/open-test-engine.js';
import { tempFolder, tempStore } from '../../support/temp-folder.js';

const module = (name: string) => new URL(`./modules/${name}.mjs`, import.meta.url);

const commonjs = (name: string) => new URL(`./modules/commonjs-${name}.cjs`, import.meta.url);

const NOT_FOUND = 'MILLRACE_HANDLER_MODULE_NOT_FOUND';
const INVALID = 'MILLRACE_HANDLER_MODULE_INVALID';
const FAILED = 'MILLRACE_HANDLER_MODULE_FAILED';

/** What is wrong, the module, the code, what the message names. */
const BAD: readonly [string, URL | string, string, string][] = [
  ['is missing', module('not-there'), NOT_FOUND, 'not-there.mjs'],
  ['has no default export', module('no-default'), INVALID, 'no-default.mjs'],
  ['has a default export of another kind', module('wrong-default'), INVALID, 'wrong-default.mjs'],
  [
    'is CommonJS and exports it by a name',
    commonjs('named'),
    INVALID,
    'is CommonJS, and neither its module.exports nor its exports.default',
  ],
  ['throws on load', module('throws'), FAILED, 'throws.mjs failed to load: no database'],
  ['throws a string on load', module('throws-text'), FAILED, 'throws-text.mjs failed to load: only text'],
  ['throws null on load', module('throws-null'), FAILED, 'throws-null.mjs'],
  ['imports what is not there', module('missing-import'), FAILED, 'missing-import.mjs'],
  ['is no JavaScript', 'data:text/javascript,export default', FAILED, 'data:text/javascript'],
  ['has no protocol that Node loads', 'http://localhost/handlers.js', FAILED, 'http://localhost/handlers.js'],
  ['is a file URL with a host', 'file://risk.handlers.js', 'MILLRACE_INVALID_OPTION', 'risk.handlers.js'],
  ['is a URL with a host', new URL('file://h/a.js'), 'MILLRACE_INVALID_OPTION', 'not a URL of a module'],
  ['has a slash in a name', 'file:///a%2fb.js', 'MILLRACE_INVALID_OPTION', '/a%2fb.js'],
  ['is a folder', new URL('./modules/', import.meta.url), FAILED, 'modules/'],
  ['handles a type that is not registered', module('unregistered'), INVALID, "'module.forgotten'"],
  ['is defined wrongly', module('bad-definition'), 'MILLRACE_INVALID_DEFINITION', 'bad-definition.mjs'],
];

describe.each([0, 2])('an engine does not open when a handler module, %i threads,', (threads) => {
  test.each(BAD)('%s', async (_what, url, code, named) => {
    const opened = openEngine({ events: [Noted], threads, handlers: [url] });
    const error = await opened.catch((thrown) => thrown);
    expect(liveThreads()).toEqual([]);
    expect(error).toMatchObject({ code });
    expect(error.message).toContain(named);
  });

  test.each(['default', 'exports'])('except that CommonJS is taken by its %s', async (name) => {
    const engine = await openEngine({ events: [Noted], threads, handlers: [commonjs(name)] });
    await engine.close();
  });

  test('is wrong, also behind good ones; then the store is free and empty', async () => {
    const store = tempStore();
    const options = { events: [Noted], threads, store };
    const opened = openEngine({ ...options, handlers: [module('throws')] });
    await expect(opened).rejects.toMatchObject({ code: FAILED });
    expect(liveThreads()).toEqual([]);
    expect(openFilesIn(store)).toEqual([]);
    const engine = await openEngine(options);
    expect(await engine.publish(Noted({ note: 'a' }))).toEqual({ position: 1, version: 1 });
    await engine.close();
  });

  test('handles types of which one is not registered: its error says which', async () => {
    const opened = openEngine({ events: [Noted], threads, handlers: [handlers('account')] });
    await expect(opened).rejects.toMatchObject({
      code: INVALID,
      details: { module: 'account', type: 'account.deposited' },
    });
  });
});

test('the folder of a failed open holds no open file', async () => {
  const folder = tempFolder();
  const opened = openEngine({ events: [Noted], store: `${folder}/a.db`, handlers: [module('no-default')] });
  await expect(opened).rejects.toMatchObject({ code: INVALID });
  expect(openFilesIn(folder)).toEqual([]);
});
