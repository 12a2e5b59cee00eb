import type { AnyEventType } from '../../events/define-event.js';
import type { StoredType } from '../../events/registry.js';
import { HandlerModuleInvalidError } from '../../kernel/errors.js';
import { type AnyCommand, commandOf } from './decide.js';
import type { Aggregate } from './define-aggregate.js';
import type { LoadedAggregate } from './protocol.js';

/** What is called in a command's place. */
export type WrapCommand = (name: string, decide: AnyCommand) => AnyCommand;

/** An aggregate's definition as its lane uses it. */
export interface LaneAggregate {
  readonly aggregate: Aggregate;
  /** The log's types, and the aggregate's own ones, by the number of a stored type. */
  readonly types: readonly (StoredType | undefined)[];
  readonly definitions: readonly (AnyEventType | undefined)[];
  /** Whether the aggregate is made of events of this type. */
  readonly isOwn: (type: string) => boolean;
  /** @throws UnknownCommandError */
  readonly deciders: (name: string) => AnyCommand;
}

/** What the main thread is told of a definition. A definition of an older copy of the package has no version. */
export function loadedAs({ name, commands, version = 1, snapshotEvery }: Aggregate): LoadedAggregate {
  return {
    name,
    commands: Object.keys(commands),
    version,
    ...(snapshotEvery !== undefined && { snapshotEvery }),
  };
}

/** @throws HandlerModuleInvalidError when an aggregate has an event type that the engine does not know. */
export function laneAggregates(
  aggregates: readonly Aggregate[],
  stored: readonly StoredType[],
  wrap: WrapCommand = (_name, decide) => decide,
): readonly LaneAggregate[] {
  const types: StoredType[] = [];
  for (const type of stored) types[type.id] = type;
  return aggregates.map((aggregate) => {
    const own = new Set<string>();
    const definitions: (AnyEventType | undefined)[] = [];
    for (const definition of aggregate.events) {
      own.add(definition.type);
      const names = [definition.type, ...definition.aliases];
      for (const { id, name } of stored) if (names.includes(name)) definitions[id] = definition;
      if (stored.some(({ name }) => name === definition.type)) continue;
      throw new HandlerModuleInvalidError(
        `Aggregate '${aggregate.name}' is made of '${definition.type}', which is not registered. Add it to 'events' in openEngine.`,
        { details: { aggregate: aggregate.name, type: definition.type } },
      );
    }
    const wrapped = new Map(
      Object.keys(aggregate.commands).map((name) => [name, wrap(name, commandOf(aggregate, name))]),
    );
    return {
      aggregate,
      types,
      definitions,
      isOwn: (type) => own.has(type),
      deciders: (name) => wrapped.get(name) ?? commandOf(aggregate, name),
    };
  });
}
