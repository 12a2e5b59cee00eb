import type { NewEvent } from 'millrace';
import { Lodging, Parking, Skipping, Stopping, type Task } from './events.js';
import { leave } from './leaving.js';
import type { Life } from './life.js';
import { timersOf } from './timing.js';

const KEYS = ['a', 'b', 'c', 'd'];

/** What a user, or fate, does next. */
export async function act(life: Life): Promise<void> {
  const { steps, engine, draws, clock } = life;
  if (draws.chance(0.4)) {
    steps.note(`the clock moves from ${clock.now}`);
    clock.advance(draws.below(60));
  }
  if (engine.stats().state === 'failed') {
    life.counts.recoveries++;
    if (steps.chance(0.3)) return life.kill(false);
    return life
      .until(engine.recover(), 'recover')
      .catch((error: Error) => steps.note(`recover: ${error.message}`));
  }
  if (life.tallies.isNextDue) return draws.chance(0.5) ? leave(life) : life.kill(draws.chance(0.5));
  life.commands.act();
  if (steps.chance(0.15)) return life.followers.act();
  const dice = steps.random();
  if (dice < 0.4) publish(life);
  else if (dice < 0.55) publishMany(life);
  else if (dice < 0.62) append(life);
  else if (dice < 0.72) await decide(life);
  else if (dice < 0.8) resize(life);
  else if (dice < 0.88) loseLane(life);
  else if (dice < 0.92) life.process.failNextCommit = life.faults;
  else if (dice < 0.96) tell(life);
  else await life.kill(steps.chance(0.5));
}

function publish(life: Life): void {
  const { steps, engine } = life;
  const event = someTask(life);
  const { number } = event.data as Task;
  const until = steps.pick(['accepted', 'durable', 'handled'] as const);
  steps.note(`publish ${number} until ${until}`);
  engine.publish(event, { until }).then(
    ({ position }) => {
      if (until !== 'accepted') life.acknowledged.set(position, number);
    },
    (error: Error) => steps.note(`publish ${number}: ${error.message}`),
  );
}

function publishMany(life: Life): void {
  const { steps, engine } = life;
  const events = Array.from({ length: 1 + steps.below(12) }, () => someTask(life));
  steps.note(`publish ${events.length} events`);
  const published = engine.publishMany(events).then(
    () => {},
    (error: Error) => steps.note(`publishMany: ${error.message}`),
  );
  // What it has not handed in yet is nothing that a drain waits for.
  life.pending.push(published);
}

function append(life: Life): void {
  const { steps, engine } = life;
  const key = steps.pick(KEYS);
  const events = Array.from({ length: 2 }, () => Parking(taskOf(life, key)));
  const expectedVersion = steps.chance(0.3) ? { expectedVersion: steps.below(5) } : {};
  engine.append(key, events, expectedVersion).catch((error: Error) => steps.note(`append: ${error.message}`));
}

/** Retries or discards some dead letter. */
async function decide(life: Life): Promise<void> {
  const { steps, engine } = life;
  const listed = engine.deadLetters.list().catch(() => []);
  const letters = await life.until(listed, 'list');
  if (letters.length === 0 || engine.stats().state === 'failed') return;
  const { position, state, owners } = steps.pick(letters);
  const retry = steps.chance(0.6);
  steps.note(`${retry ? 'retry' : 'discard'} ${position}`);
  if (retry && (state === 'skipped' || owners.length > 1)) life.rerun.add(position);
  if (!retry) life.discarded.add(position);
  const isLate = !owners.includes('millrace:lanes') && owners.some((owner) => owner.includes('/late@'));
  const given = () => engine.deadLetters.discard(position).then(() => isLate && life.late.gaveUp(position));
  const decided: Promise<unknown> = retry ? engine.deadLetters.retry(position) : given();
  life.pending.push(
    decided.then(
      () => {},
      (error: Error) => steps.note(`dead letter ${position}: ${error.message}`),
    ),
  );
}

function resize(life: Life): void {
  const { steps, engine } = life;
  const threads = steps.below(5);
  life.counts.resizes++;
  steps.note(`set ${threads} threads`);
  const resized = engine
    .setThreads(threads)
    .catch((error: Error) => steps.note(`setThreads: ${error.message}`));
  // It must end, whatever becomes of lanes meanwhile.
  life.pending.push(resized);
}

function loseLane(life: Life): void {
  const { lanes } = life.process;
  if (lanes.length === 0) return;
  life.counts.laneDeaths++;
  life.loseLane(life.steps.pick(lanes));
}

function tell(life: Life): void {
  life.engine.broadcast({ news: life.steps.count }).catch((error: Error) => life.steps.note(error.message));
}

function someTask(life: Life): NewEvent {
  const type = life.steps.pick([Parking, Parking, Skipping, Lodging, Lodging, Stopping]);
  return type(taskOf(life, life.steps.pick(KEYS), type === Stopping));
}

function taskOf(life: Life, key: string, tame = false): Task {
  const { steps } = life;
  life.number += 100;
  const bad = steps.chance(0.25);
  return {
    key,
    number: life.number,
    pauses: steps.chance(0.5) ? 0 : steps.below(3),
    throws: bad ? steps.below(tame ? 2 : 5) : 0,
    kills: bad && !tame && steps.chance(0.4) ? 1 + steps.below(3) : 0,
    sync: steps.chance(0.5),
    emits: steps.chance(0.3) ? [steps.pick(KEYS)] : [],
    timers: timersOf(life.draws, life.clock.now, () => life.draws.pick([key, key, ...KEYS])),
    sends: life.sagas.sends(),
    due: 0,
  };
}
