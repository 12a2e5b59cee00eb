import { isWhole } from '../kernel/check.js';
import { InvalidDefinitionError } from '../kernel/errors.js';

type Step = (data: never) => unknown;

/**
 * One function of what a definition gives as `upcast`: itself, or its steps one after the other. Every version below the
 * current one needs its step, so that no event of the log is found without one later.
 *
 * @throws InvalidDefinitionError
 */
export function upcastOf<Data>(
  type: string,
  version: number,
  given: unknown,
): (data: unknown, fromVersion: number) => Data {
  if (typeof given === 'function') return given as (data: unknown, fromVersion: number) => Data;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new InvalidDefinitionError(
      `Event type '${type}': upcast must be a function, or one per older version: { 1: (data) => … }.`,
    );
  }
  const steps = stepsOf(type, version, given);
  if (steps.size === 0) {
    throw new InvalidDefinitionError(
      `Event type '${type}': upcast has no steps, and with version 1 there can be none. Leave it out.`,
    );
  }
  return (data, fromVersion) => {
    let current = data;
    for (let from = fromVersion; from < version; from++)
      current = (steps.get(from) as Step)(current as never);
    return current as Data;
  };
}

function stepsOf(type: string, version: number, given: object): ReadonlyMap<number, Step> {
  const steps = new Map<number, Step>();
  for (const [name, step] of Object.entries(given)) {
    const from = Number(name);
    if (!isWhole(from, 1, version - 1)) {
      const range = version === 1 ? 'there is none: its version is 1' : `they are 1 to ${version - 1}`;
      throw new InvalidDefinitionError(
        `Event type '${type}': upcast has a step from version ${name}, which is no older version; ${range}.`,
      );
    }
    if (typeof step !== 'function') {
      throw new InvalidDefinitionError(`Event type '${type}': upcast[${name}] must be a function.`);
    }
    steps.set(from, step as Step);
  }
  for (let from = 1; from < version; from++) {
    if (steps.has(from)) continue;
    throw new InvalidDefinitionError(
      `Event type '${type}': upcast has no step from version ${from} to ${from + 1}. Give one per older version, or one function for all.`,
    );
  }
  return steps;
}
