import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { openEngine } from 'millrace';
import { OutputError } from 'millrace/errors';
import { diffProfiles, writeReport } from 'millrace/profile';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Allocated, Burned, Counted } from '../../handlers/planted.mjs';
import { plant } from '../../support/report-plant.js';
import { tempFolder } from '../../support/temp-folder.js';

let engine: Awaited<ReturnType<typeof openEngine>>;
beforeEach(async () => {
  engine = await openEngine({
    threads: 0,
    durability: 'memory',
    events: [Burned, Allocated, Counted],
    handlers: [new URL('../../handlers/planted.mjs', import.meta.url)],
  });
});
afterEach(() => engine.close());

const profile = (directory: string, force = false) => engine.profile({ seconds: 0.05, directory, force });
const MINE = 'mine, and nobody else’s';

describe('the folder of a profile', () => {
  test.each([
    'report.html',
    'summary.json',
    'session.json',
    'dispatcher.cpuprofile',
    'lane-7.heapprofile',
  ])('of somebody else: %s stays, nothing is sampled, and force replaces it', async (name) => {
    const folder = tempFolder();
    writeFileSync(join(folder, name), MINE);
    writeFileSync(join(folder, 'notes.txt'), MINE);
    await expect(profile(folder)).rejects.toThrow(OutputError);
    expect(readdirSync(folder).sort()).toEqual(['notes.txt', name].sort());
    expect(readFileSync(join(folder, name), 'utf8')).toBe(MINE);
    await profile(folder, true);
    expect(existsSync(join(folder, 'report.html'))).toBe(true);
    expect(readFileSync(join(folder, 'notes.txt'), 'utf8')).toBe(MINE);
  });

  test('of an earlier profile: it is replaced, and no half-written file is left', async () => {
    const folder = tempFolder();
    const first = await profile(folder);
    const second = await profile(folder);
    expect(second.session.startedAt).not.toBe(first.session.startedAt);
    expect(readFileSync(join(folder, 'session.json'), 'utf8')).toContain(second.session.startedAt);
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test('a link in the place of a file is never followed: refused, and by force replaced itself', async () => {
    const folder = tempFolder();
    const victim = join(tempFolder(), 'victim');
    writeFileSync(victim, MINE);
    await profile(folder);
    const link = join(folder, 'summary.md');
    spawnSync('ln', ['-sf', victim, link]);
    await expect(profile(folder)).rejects.toMatchObject({ code: 'MILLRACE_OUTPUT' });
    await expect(writeReport(folder)).rejects.toMatchObject({ code: 'MILLRACE_OUTPUT' });
    await profile(folder, true);
    expect(readFileSync(victim, 'utf8')).toBe(MINE);
    expect(readFileSync(link, 'utf8')).toMatch(/^# Profile/);
  });

  test('that is a link itself is refused, unless by force', async () => {
    const real = tempFolder();
    const link = join(tempFolder(), 'link');
    symlinkSync(real, link);
    await expect(profile(link)).rejects.toThrow(/is a link/);
    expect(readdirSync(real)).toEqual([]);
    await profile(link, true);
    expect(existsSync(join(real, 'report.html'))).toBe(true);
  });

  test('that is a file, or in the place of a file: nothing is sampled', async () => {
    const file = join(tempFolder(), 'file');
    writeFileSync(file, MINE);
    await expect(profile(file)).rejects.toMatchObject({ code: 'MILLRACE_OUTPUT' });
    const folder = tempFolder();
    mkdirSync(join(folder, 'report.html'));
    await expect(profile(folder, true)).rejects.toThrow(/report\.html' is a folder/);
  });

  test('that cannot be written is found before anything is sampled', async () => {
    const folder = tempFolder();
    chmodSync(folder, 0o500);
    const isRoot = process.getuid?.() === 0;
    // Nothing shuts root out of a folder but a file system that has no files to give.
    await expect(profile(isRoot ? '/proc/self' : folder)).rejects.toMatchObject({ code: 'MILLRACE_OUTPUT' });
    chmodSync(folder, 0o700);
  });
});

describe('heap snapshots', () => {
  test.each([
    1, 2,
  ])('of an engine whose %i lanes have no handlers are those of the threads that there are', async (threads) => {
    const folder = join(tempFolder(), 'new');
    const idle = await openEngine({ threads, events: [Counted] });
    await idle.heapSnapshots(folder);
    await idle.close();
    expect(readdirSync(folder)).toEqual(['dispatcher.heapsnapshot']);
  });

  test('stay where they are, and force replaces them', async () => {
    const folder = join(tempFolder(), 'new');
    const [path = ''] = await engine.heapSnapshots(folder);
    expect(readdirSync(folder)).toEqual(['dispatcher.heapsnapshot']);
    writeFileSync(path, MINE);
    await expect(engine.heapSnapshots(folder)).rejects.toThrow(OutputError);
    expect(readFileSync(path, 'utf8')).toBe(MINE);
    await engine.heapSnapshots(folder, { force: true });
    expect(readFileSync(path, 'utf8')).toMatch(/^\{"snapshot"/);
    expect(readdirSync(folder)).toEqual(['dispatcher.heapsnapshot']);
  });
});

describe('what is read of a profile is measured first', () => {
  test.each(['summary.json', 'session.json'])('a %s beyond the limit is refused unread', async (name) => {
    const folder = plant([]);
    writeFileSync(join(folder, name), '');
    truncateSync(join(folder, name), 2 ** 40);
    const run = name === 'summary.json' ? diffProfiles(folder, folder) : writeReport(folder);
    await expect(run).rejects.toThrow(/has 1099511627776 bytes; the limit is 67108864 bytes/);
  });

  test('a pipe in its place is not waited for, and a device not read', async () => {
    const folder = tempFolder();
    spawnSync('mkfifo', [join(folder, 'summary.json')]);
    await expect(diffProfiles(folder, folder)).rejects.toThrow(/is a pipe or a device/);
    const other = tempFolder();
    symlinkSync('/dev/zero', join(other, 'summary.json'));
    await expect(diffProfiles(other, other)).rejects.toThrow(/is a pipe or a device/);
  });

  test('a profile beyond the limit is named as missing, and the rest is reported', async () => {
    const folder = plant([{ name: 'lane-0', role: 'lane', lane: 0, cpu: [] }]);
    truncateSync(join(folder, 'lane-0.cpuprofile'), 2 ** 40);
    const { missing } = await writeReport(folder);
    expect(missing[0]?.reason).toMatch(/lane-0\.cpuprofile cannot be read: .*the limit is 402653184 bytes/);
  });
});
