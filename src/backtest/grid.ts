import { knownOptions, optionNames } from '../events/known-options.js';
import { InvalidOptionError } from '../faces/errors.js';
import { MAX_GRID_SIZE } from '../limits.js';
import { checkParameters, type RsiParameters, strategyId } from './strategy.js';

/** The values of each parameter; a sweep tries all combinations. */
export interface Grid {
  readonly lengths: readonly number[];
  readonly entries: readonly number[];
  readonly exits: readonly number[];
  readonly stops: readonly number[];
}

const GRID = optionNames<Grid>('grid', { lengths: true, entries: true, exits: true, stops: true });

/** 5 × 4 × 4 × 3 = 240 parameter sets around Wilder's own 14, 30 and 70. */
export const DEFAULT_GRID: Grid = {
  lengths: [5, 7, 9, 14, 21],
  entries: [20, 25, 30, 35],
  exits: [50, 55, 60, 70],
  stops: [0, 0.05, 0.1],
};

/**
 * All combinations of a grid, sorted by strategy id so that the order of its values does not matter.
 *
 * @throws InvalidOptionError when a list is empty, a value doubled or out of its range, or the grid too large.
 */
export function parameterSets(grid: Grid): readonly RsiParameters[] {
  const { lengths, entries, exits, stops } = knownOptions(grid, GRID);
  for (const [name, values] of Object.entries({ lengths, entries, exits, stops })) checkValues(name, values);
  const size = lengths.length * entries.length * exits.length * stops.length;
  if (size > MAX_GRID_SIZE) {
    throw new InvalidOptionError(`The grid has ${size} parameter sets; the limit is ${MAX_GRID_SIZE}.`);
  }
  const sets = lengths.flatMap((length) =>
    entries.flatMap((entry) =>
      exits.flatMap((exit) => stops.map((stop): RsiParameters => ({ length, entry, exit, stop }))),
    ),
  );
  for (const parameters of sets) checkParameters(parameters);
  return sets.sort((a, b) => (strategyId(a) < strategyId(b) ? -1 : 1));
}

function checkValues(name: string, values: readonly number[] | undefined): void {
  if (!Array.isArray(values) || values.length === 0) {
    throw new InvalidOptionError(`The grid's '${name}' is empty. Give it at least one value.`);
  }
  if (new Set(values).size === values.length) return;
  const twice = values.find((value, index) => values.indexOf(value) !== index);
  throw new InvalidOptionError(`The grid's '${name}' has ${twice} twice.`);
}
