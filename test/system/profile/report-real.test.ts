import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Engine, openEngine } from 'millrace';
import { diffProfiles } from 'millrace/profile';
import { afterEach, expect, test } from 'vitest';
import { Allocated, Burned, Counted } from '../../handlers/planted.mjs';
import { storeFor } from '../../support/open-test-engine.js';
import { profilePlanted } from '../../support/planted.js';
import { tempFolder } from '../../support/temp-folder.js';

let engine: Engine;
afterEach(() => engine?.close());

const sum = (values: readonly (number | null)[]) =>
  values.reduce<number>((all, value) => all + (value ?? 0), 0);

test('a real profile: its files agree, and its numbers are those of the load', async () => {
  engine = await openEngine({
    threads: 2,
    ...storeFor('os'),
    events: [Burned, Allocated, Counted],
    handlers: [new URL('../../handlers/planted.mjs', import.meta.url)],
    maxInFlight: 600,
  });
  const profile = await profilePlanted(engine, { seconds: 1.5, directory: tempFolder() });
  const { directory, report, summary, session } = profile;
  expect(report).toBe(join(directory, 'report.html'));
  expect(existsSync(report)).toBe(true);
  expect(JSON.parse(readFileSync(join(directory, 'summary.json'), 'utf8'))).toEqual(summary);

  const rows = (type: string) => summary.handlers.filter((row) => row.type === type);
  const cpu = (type: string) => sum(rows(type).map(({ cpuMs }) => cpuMs));
  const bytes = (type: string) => sum(rows(type).map((row) => row.bytes));
  expect(cpu('planted.burned')).toBeGreaterThan(3 * cpu('planted.allocated'));
  expect(cpu('planted.burned')).toBeGreaterThan(10 * cpu('planted.counted'));
  expect(bytes('planted.allocated')).toBeGreaterThan(5 * bytes('planted.burned'));
  expect(bytes('planted.allocated')).toBeGreaterThan(5 * bytes('planted.counted'));
  const places = ['lane-0', 'lane-1'];
  for (const { thread, handler } of summary.handlers) {
    expect(places).toContain(thread);
    // A handler that is too quick to be sampled at all bears its type alone.
    expect(handler).toMatch(/^(planted\/)?planted\.\w+$/);
  }
  const events = sum(rows('planted.burned').map((row) => row.events));
  expect(events).toBe(
    sum(session.handled.filter(({ type }) => type === 'planted.burned').map((work) => work.events)),
  );

  const dominant = summary.verdicts.find(({ cause }) => cause === 'handler-dominates');
  expect(dominant).toMatchObject({ handler: 'planted/planted.burned' });
  expect(places).toContain(dominant?.thread);
  expect(dominant?.value).toBeGreaterThan(0.4);
  const writer = summary.threads.find(({ role }) => role === 'writer');
  expect(writer?.rooms?.sqlite).toBeGreaterThan(0);
  expect(writer?.rooms?.handler).toBe(0);
  for (const { rooms, cpuMs, idleMs, role } of summary.threads) {
    if (role === 'checkpointer') continue;
    expect(sum(Object.values(rooms ?? {}))).toBeCloseTo(cpuMs + idleMs, 3);
  }
  expect((await diffProfiles(directory, directory, { threshold: 0 })).regressions).toEqual([]);
});
