import { StateVersionError } from '../../kernel/errors.js';
import { rebuildName } from '../../lanes/late.js';
import type { HandledType } from '../../lanes/protocol.js';
import { READ_PAGE } from '../../limits.js';
import { isLate, lateEnd } from '../../store/consumer.js';
import { type DeadLetterRecord, LANES, type SettledLetter } from '../../store/dead-letter.js';
import type { EventReader, Store } from '../../store/store.js';
import type { LateHandlers } from '../replay/late-handlers.js';
import type { StateKeeper } from './state-keeper.js';

/** A type with its names, today's first, and the modules that ask for its old events. */
interface TypeRule extends Pick<HandledType, 'late' | 'usedStates'> {
  readonly names: readonly string[];
}

/**
 * Adds to the modules that ask for old events those that stand for states of a new version: to have them rebuilt, their
 * handlers are called with the old events of their types, as if they had asked for them.
 */
export function withRebuilds<Rule extends TypeRule>(rules: readonly Rule[], states: StateKeeper): Rule[] {
  return rules.map((rule) => {
    const used = states.rebuilt.filter(({ name }) => rule.usedStates.includes(name));
    const late = used.map((state) => ({ module: rebuildName(state), from: 1, states: [] }));
    return { ...rule, late: [...rule.late, ...late] };
  });
}

/**
 * What concerns states once the late handlers are met: what was skipped is no part of a state that is rebuilt, and the
 * old events of all handlers of a state must come together.
 *
 * @param discard gives a dead letter up.
 * @throws StateVersionError
 */
export function beginStates(
  rules: readonly TypeRule[],
  states: StateKeeper,
  late: LateHandlers,
  { reader, location }: Store,
  discard: (letter: SettledLetter) => void,
): void {
  const { rebuilt } = states;
  const consumers = late.statuses.map(({ name }) => name);
  const consumerOf = (names: readonly string[], module: string) =>
    consumers.find((name) => names.some((each) => isLate(name, each, module)));
  if (rebuilt.length > 0) {
    const skipped = [...skippedLetters(reader)];
    // Those of a version before are tried again by today's.
    for (const { position, owners } of skipped) {
      const outdated = owners.filter((owner) => states.isOutdated(owner));
      if (outdated.length > 0) discard({ position, owners: outdated });
    }
    for (const state of rebuilt) {
      // What others alone have skipped was no failure of the state's handlers.
      const own = rules.flatMap(({ names, late: modules }) =>
        modules
          .filter((one) => one.states.includes(state.name))
          .map(({ module }) => consumerOf(names, module)),
      );
      const isOwn = ({ owners }: SettledLetter) =>
        [LANES, ...own].some((owner) => owners.includes(owner ?? ''));
      late.passOver(
        rebuildName(state),
        skipped.filter(isOwn).map(({ position }) => position),
      );
    }
  }
  const ends = new Map<string, number>();
  for (const { names, late: modules } of rules) {
    for (const { module, states: used } of modules) {
      const end = lateEnd(consumerOf(names, module) ?? '') ?? 0;
      for (const state of used) {
        const known = ends.get(state) ?? end;
        ends.set(state, known);
        if (known !== end && !rebuilt.some(({ name }) => name === state)) {
          throw new StateVersionError(
            `Handlers '${module}' of '${names[0]}' ask for the old events of store ${location} after other handlers of state '${state}' have had theirs, so the state would not follow the order of the log. Give it a new version: it is built anew then.`,
            { details: { state, module } },
          );
        }
      }
    }
  }
}

function* skippedLetters(reader: EventReader): Generator<DeadLetterRecord> {
  for (let after = 0; ; ) {
    const page = reader.deadLetters({ after, limit: READ_PAGE });
    yield* page.filter(({ state }) => state === 'skipped');
    const last = page.at(-1)?.position ?? after;
    if (last <= after) return;
    after = last;
  }
}
