import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { DomainEvent } from 'millrace';
import { exportStore, importStore, openStoreReader, verifyStore } from 'millrace/store';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { importedEvents } from '../../../dist/src/transfer/import-source.js';
import { NewLog } from '../../../dist/src/transfer/new-log.js';
import { Deposited } from '../../handlers/events.mjs';
import { exportedStore } from '../../support/exported-store.js';
import { millrace } from '../../support/millrace.js';
import { handlers, openTestEngine } from '../../support/open-test-engine.js';
import { tempFolder, tempStore } from '../../support/temp-folder.js';

// Processes are started here, beside all other test files.
vi.setConfig({ testTimeout: 90_000 });

const CLI = fileURLToPath(new URL('../../../dist/src/cli/millrace.js', import.meta.url));

let store: string;
let lines: readonly string[];

beforeAll(async () => {
  ({ store, lines } = await exportedStore());
});

function eventsOf(path: string): DomainEvent[] {
  using reader = openStoreReader(path);
  return [...reader.read()].map((event) => ({
    ...(event as DomainEvent & { toJSON(): DomainEvent }).toJSON(),
  }));
}

function summaryOf(path: string) {
  using reader = openStoreReader(path);
  return { ...reader.summary(), fingerprint: reader.fingerprint() };
}

describe('an import', () => {
  test.each(['out.jsonl', 'out.jsonl.gz', 'out.db'])('of %s makes a store of equal events', async (name) => {
    const file = join(tempFolder(), name);
    await exportStore(store, file);
    const path = tempStore();
    const summary = await importStore(file, path);
    const [from, into] = [summaryOf(store), summaryOf(path)];
    expect(summary).toEqual({
      path,
      run: from.run,
      events: from.lastPosition,
      aggregates: from.aggregates,
    });
    expect(eventsOf(path)).toEqual(eventsOf(store));
    expect(into.fingerprint).toBe(from.fingerprint);
    expect(verifyStore(path).problems).toEqual([]);
    // Closed, and alone: neither a lock nor anything temporary is left.
    expect(readdirSync(dirname(path))).toEqual(['events.db']);
    // What else the export carries: versions of schemas, volatile fields, and who caused what.
    const second = join(tempFolder(), 'again.jsonl');
    await exportStore(path, second);
    expect(readFileSync(second, 'utf8').trimEnd().split('\n')).toEqual(lines);
  });

  test('counts as handled, unless its events are to be handled', async () => {
    const file = join(tempFolder(), 'deposits.jsonl');
    const source = tempStore();
    const before = await openTestEngine({ store: source, durability: 'os', handlers: [] });
    await before.publishMany([1, 2, 3].map((amount) => Deposited({ account: 'a', amount })));
    await exportStore(source, file);
    for (const [handled, events] of [
      [true, 3],
      [false, 9],
    ] as const) {
      const path = tempStore();
      await importStore(file, path, { handled });
      expect(summaryOf(path)).toMatchObject({ unfinished: handled ? 0 : 3, mark: handled ? 3 : 0 });
      const engine = await openTestEngine({ store: path, durability: 'os', handlers: [handlers('account')] });
      await engine.drain();
      expect(engine.stats().lastPosition ?? 0).toBe(events);
      const { position, version } = await engine.publish(Deposited({ account: 'a', amount: 4 }));
      expect({ position, version }).toEqual({ position: events + 1, version: 4 });
    }
  });

  test('of whole aggregates numbers them from 1 on, and keeps what caused what as far as it is there', async () => {
    const folder = tempFolder();
    const [one, path] = [join(folder, 'one.jsonl'), join(folder, 'one.db')];
    await exportStore(store, one, { aggregateId: 'note-3' });
    await importStore(one, path);
    const of = (from: string) => {
      using reader = openStoreReader(from);
      return [...reader.read({ aggregateId: 'note-3' })].map(({ id, data, version }) => ({
        id,
        data,
        version,
      }));
    };
    expect(of(path)).toEqual(of(store));
    expect(eventsOf(path).map(({ position }) => position)).toEqual(of(store).map((_, index) => index + 1));
    expect(verifyStore(path).problems).toEqual([]);
    const part = lines.filter((line) => !line.includes('"type":"note.noted"'));
    const gaps = join(folder, 'gaps.jsonl');
    writeFileSync(gaps, `${part.join('\n')}\n`);
    await importStore(gaps, join(folder, 'gaps.db'));
    using reader = openStoreReader(join(folder, 'gaps.db'));
    const caused = `SELECT count(*) AS n, sum(c.event_id = e.causation_id) AS right FROM events e
      JOIN events c ON c.position = e.caused_by`;
    const [row] = reader.sql(caused);
    expect(row?.right).toBe(row?.n);
    expect(Number(row?.n)).toBeGreaterThan(3);
    expect(verifyStore(join(folder, 'gaps.db')).problems).toEqual([]);
  });

  test('forgets names when they are too many for memory, and finds them again', async () => {
    const file = join(tempFolder(), 'all.jsonl');
    writeFileSync(file, lines.join('\n'));
    const path = tempStore();
    const log = new NewLog(path, true, 3);
    for await (const { event } of importedEvents(file)) log.add(event);
    log.finish();
    expect(eventsOf(path)).toEqual(eventsOf(store));
    expect(verifyStore(path).problems).toEqual([]);
  });
});

describe('where an import goes', () => {
  test('is a new file: nothing is replaced, and no link followed', async () => {
    const folder = tempFolder();
    const file = join(folder, 'in.jsonl');
    writeFileSync(file, lines.join('\n'));
    const there = join(folder, 'there.db');
    writeFileSync(there, 'precious');
    symlinkSync(join(folder, 'nowhere.db'), join(folder, 'link.db'));
    mkdirSync(join(folder, 'folder.db'));
    writeFileSync(join(folder, 'gone.db-wal'), 'of another store');
    const before = readdirSync(folder);
    for (const name of ['there.db', 'link.db', 'folder.db', 'gone.db', 'missing/new.db']) {
      await expect(importStore(file, join(folder, name))).rejects.toMatchObject({ code: 'MILLRACE_OUTPUT' });
    }
    await expect(importStore(file, join(folder, 'new.db-lock'))).rejects.toMatchObject({
      code: 'MILLRACE_INVALID_OPTION',
    });
    expect(readFileSync(there, 'utf8')).toBe('precious');
    expect(readdirSync(folder)).toEqual(before);
  });

  test('stays empty when the signal aborts', async () => {
    const folder = tempFolder();
    const file = join(folder, 'in.jsonl');
    writeFileSync(file, lines.join('\n'));
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error('enough'));
    const { signal } = controller;
    await expect(importStore(file, join(folder, 'a.db'), { signal, onProgress })).rejects.toThrow('enough');
    expect(readdirSync(folder)).toEqual(['in.jsonl']);
  });
});

describe('millrace import', () => {
  test('says what it made, in words and as JSON', async () => {
    const folder = tempFolder();
    const file = join(folder, 'in.jsonl.gz');
    writeFileSync(file, gzipSync(lines.join('\n')));
    const path = join(folder, 'new.db');
    const { code, stdout, stderr } = await millrace('import', file, '--into', path);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^\d+ events of \d+ aggregates in .*new\.db\n$/);
    const again = await millrace('import', file, '--into', path);
    expect(again).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^MILLRACE_OUTPUT: .*replaces nothing/),
    });
    const second = join(folder, 'second.db');
    const json = await millrace('import', file, '--into', second, '--json', '--unhandled');
    expect(JSON.parse(json.stdout)).toMatchObject({
      path: second,
      events: lines.length,
      bytes: statSync(second).size,
    });
    expect(summaryOf(second).unfinished).toBe(lines.length);
  });

  test.each([
    [['import', 'a.jsonl'], 2, /needs a store to make: millrace import a\.jsonl --into/],
    [['import', '--into', 'a.db'], 2, /needs a file/],
    [['import', 'none.jsonl', '--into', 'a.db'], 1, /^MILLRACE_INPUT: .*none\.jsonl/],
    [['import', '.', '--into', 'a.db'], 1, /^MILLRACE_INPUT: '\.' is no regular file/],
  ])('%j ends with %d', async (args, code, message) => {
    const outcome = await millrace(...args);
    expect(outcome.stderr).toMatch(message);
    expect(outcome).toMatchObject({ code, stdout: '' });
  });

  test('leaves nothing behind when Ctrl-C ends it, nor does an export', async () => {
    const folder = tempFolder();
    const large = join(folder, 'in.jsonl');
    const [first = ''] = lines;
    const fields = JSON.parse(first);
    const run = String(fields.event_id).split('/')[0];
    const many = Array.from({ length: 20_000 }, (_, index) => {
      const id = `${run}/a/${index + 1}`;
      return JSON.stringify({
        ...fields,
        ...{
          position: index + 1,
          version: index + 1,
          aggregate_id: 'a',
          key: 'a',
          event_id: id,
          correlation_id: id,
        },
        metadata: { correlationId: id },
      });
    });
    writeFileSync(large, many.join('\n'));
    const stored = join(folder, 'in.db');
    await importStore(large, stored);
    for (const args of [
      ['import', large, '--into', join(folder, 'new.db')],
      ['export', stored, '--to', join(folder, 'out.csv')],
      ['export', stored, '--to', join(folder, 'out.db')],
    ]) {
      const child = spawn(process.execPath, [CLI, ...args], { env: { ...process.env, NODE_OPTIONS: '' } });
      onTestFinished(() => void child.kill('SIGKILL'));
      let said = '';
      child.stderr.on('data', (text) => {
        said += text;
      });
      const ended = once(child, 'exit');
      const isUnderWay = () => readdirSync(folder).some((name) => name.endsWith('.tmp'));
      await vi.waitUntil(isUnderWay, { timeout: 60_000, interval: 1 });
      child.kill('SIGINT');
      const [code] = await ended;
      expect({ code, said }).toEqual({ code: 130, said: 'Interrupted: nothing was written.\n' });
      expect(readdirSync(folder).sort()).toEqual(['in.db', 'in.jsonl']);
    }
  });
});
