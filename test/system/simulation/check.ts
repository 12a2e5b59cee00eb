import { Count, checkCounts, type Effect, LateCount } from './counting.js';
import { Done, LateDone, TASKS, type Task } from './events.js';
import type { Life } from './life.js';
import { checkTimers, type Logged } from './timing.js';
import { Violation } from './violation.js';

/** Compares a log that has come to rest with what must be true of it. */
export function checkLog(life: Life): void {
  const contents = life.disk.read();
  const { store } = life.process;
  const log = contents.events.map(
    (raw): Logged => ({
      raw,
      type: contents.types.get(raw.type)?.name ?? '',
      key: raw.partitionKey ?? raw.aggregate,
      data: store?.reader.codec.unpack(raw.data) as Task,
    }),
  );
  life.counts.events = log.length;
  life.counts.letters = contents.letters.size;
  checkVersions(log);
  for (const [position, number] of life.acknowledged) {
    expect(
      log[position - 1]?.data.number === number,
      `${position} was acknowledged as ${number} and is lost`,
    );
  }
  const done = effects(log, Done.type);
  life.late.check(contents, done, effects(log, LateDone.type));
  const parkedFrom = new Map<number, number>();
  for (const { position, key, state } of contents.letters.values()) {
    if (state === 'parked') parkedFrom.set(key, position);
  }
  const { progress } = contents;
  for (const { raw, type, key, data } of log) {
    if (!TASKS.some((task) => task.type === type)) continue;
    const { position } = raw;
    const effect = done.get(position) ?? 0;
    if (!progress.isFinished(position)) {
      expect(effect === 0, `${position} is unfinished and has effects`);
      expect((parkedFrom.get(key) ?? Infinity) <= position, `${position} is unfinished and nothing parks it`);
      continue;
    }
    const letter = contents.letters.get(position);
    const isOwn = letter?.owners.includes('millrace:lanes');
    expect(
      !isOwn || letter?.state !== 'parked' || letter.owners.length > 1,
      `${position} is finished and parked`,
    );
    if (isOwn || (life.discarded.has(position) && effect === 0)) {
      expect(effect <= 1, `${position} has ${effect} effects`);
      const own = data.throws + data.kills + (life.late.isBad(data) ? 3 : 0);
      const bad = own + (life.blamed.get(position) ?? 0);
      expect(bad > 2, `${position} is a dead letter and was innocent`);
    } else expect(effect === 1, `${position} has ${effect} effects`);
  }
  for (const type of [Done.type, LateDone.type]) checkOrder(life, log, type);
  checkCounts(contents, Count.name, countsOf(log, Done.type));
  checkCounts(contents, LateCount.name, countsOf(log, LateDone.type));
  life.commands.check(contents);
  life.tallies.check(contents);
  life.sagas.check(log, done);
  life.counts.timers = checkTimers(contents, log, life.clock.now);
  const { inFlight, parkedKeys } = life.engine.stats();
  expect(inFlight === 0, `${inFlight} events are in flight in a drained engine`);
  expect(parkedKeys === parkedFrom.size, `${parkedKeys} keys are parked, not ${parkedFrom.size}`);
}

function checkVersions(log: readonly Logged[]): void {
  const versions = new Map<number, number>();
  for (const { raw } of log) {
    const version = (versions.get(raw.aggregate) ?? 0) + 1;
    expect(raw.version === version, `${raw.position} has version ${raw.version}, not ${version}`);
    versions.set(raw.aggregate, version);
  }
}

/** How often each task was done, by its position. */
function effects(log: readonly Logged[], effect: string): ReadonlyMap<number, number> {
  const done = new Map<number, number>();
  for (const { raw, type } of log) {
    if (type === effect) done.set(raw.causation, (done.get(raw.causation) ?? 0) + 1);
  }
  return done;
}

/** What the effects of a type say of the states of their keys. */
function countsOf(log: readonly Logged[], effect: string): Effect[] {
  const effects = log.filter(({ type }) => type === effect);
  return effects.map(({ raw, key, data }) => ({
    ...{ key, cause: raw.causation },
    count: (data as unknown as { count: number }).count,
  }));
}

/** What a key's tasks led to stands in the order of the tasks, those that a user had run again left out. */
function checkOrder(life: Life, log: readonly Logged[], effect: string): void {
  const last = new Map<number, number>();
  for (const { raw, type, key } of log) {
    if (type !== effect || life.rerun.has(raw.causation)) continue;
    expect(raw.causation > (last.get(key) ?? 0), `${raw.causation} was done after ${last.get(key)}`);
    last.set(key, raw.causation);
  }
}

function expect(holds: boolean, message: string): void {
  if (!holds) throw new Violation(message);
}
