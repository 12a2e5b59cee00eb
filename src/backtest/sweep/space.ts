import { InvalidOptionError } from '../../faces/errors.js';
import { MAX_GRID_VALUES, MAX_SWEEP_RUNS } from '../runs/limits.js';
import { seededNumbers } from '../runs/random.js';
import { parseParameters, type Strategy, unknownParameter } from '../strategies/define.js';

/** One set of parameters, as given: those left out have the strategy's defaults. */
export type ParameterSet = Readonly<Record<string, unknown>>;

/** The values of each parameter; a sweep tries all combinations. */
export type Grid = Readonly<Record<string, readonly unknown[]>>;

/** Which runs a sweep has. One of them. */
export interface SweepSpace {
  /** All combinations of these values. */
  readonly grid?: Grid;
  /** With `grid`: so many of its combinations, drawn by chance from the seed. */
  readonly random?: number;
  readonly list?: readonly ParameterSet[];
  /** Whether a grid of more than ten million runs is meant. Default false. */
  readonly allowHuge?: boolean;
}

/** The parameter sets of a sweep, made one after the other. */
export interface Space {
  /** Sets, those included that the strategy refuses as a whole. */
  readonly size: number;
  sets(): Iterable<ParameterSet>;
}

/**
 * @throws InvalidOptionError when a parameter is not known, a value is out of its range or doubled, or the grid too large.
 */
export function spaceOf(
  strategy: Strategy,
  { grid, random, list, allowHuge }: SweepSpace,
  seed: string,
): Space {
  if (list !== undefined) {
    if (grid !== undefined || random !== undefined) {
      throw new InvalidOptionError("A sweep has a 'grid' or a 'list', not both.");
    }
    for (const set of list) parseParameters(strategy, set);
    return { size: list.length, sets: () => list };
  }
  if (random !== undefined && grid === undefined) {
    throw new InvalidOptionError("'random' draws from the combinations of a 'grid', and there is none.");
  }
  const axes = Object.entries(grid ?? {}).map(([name, values]) => checkedAxis(strategy, name, values));
  const size = axes.reduce((product, [, values]) => product * values.length, 1);
  if (random !== undefined) {
    if (!(Number.isInteger(random) && random > 0 && random <= MAX_SWEEP_RUNS)) {
      throw new InvalidOptionError(
        `random is ${random}; it must be a whole number from 1 to ${MAX_SWEEP_RUNS}.`,
      );
    }
    if (random < size) return { size: random, sets: () => drawn(axes, size, random, seed) };
  }
  if (size > MAX_SWEEP_RUNS && allowHuge !== true) {
    throw new InvalidOptionError(
      `The grid has ${size.toLocaleString('en-US')} runs. Make it coarser, draw some with 'random', or say that you mean it: --yes, or { allowHuge: true }.`,
      { details: { runs: size } },
    );
  }
  return { size, sets: () => combinations(axes, size) };
}

type Axis = readonly [name: string, values: readonly unknown[]];

function checkedAxis(strategy: Strategy, name: string, values: readonly unknown[]): Axis {
  const shape = strategy.definition.parameters.shape as Readonly<
    Record<
      string,
      { safeParse(value: unknown): { success: boolean; error?: { issues: readonly { message: string }[] } } }
    >
  >;
  const schema = Object.hasOwn(shape, name) ? shape[name] : undefined;
  if (schema === undefined) throw unknownParameter(strategy, name);
  if (!Array.isArray(values) || values.length === 0) {
    throw new InvalidOptionError(`The grid's '${name}' is empty. Give it at least one value.`);
  }
  if (values.length > MAX_GRID_VALUES) {
    throw new InvalidOptionError(
      `The grid's '${name}' has ${values.length} values; the limit is ${MAX_GRID_VALUES}.`,
    );
  }
  const seen = new Set<unknown>();
  for (const value of values) {
    if (seen.has(value)) throw new InvalidOptionError(`The grid's '${name}' has ${String(value)} twice.`);
    seen.add(value);
    const parsed = schema.safeParse(value);
    if (parsed.success) continue;
    throw new InvalidOptionError(
      `The grid's '${name}' has ${JSON.stringify(value)}: ${parsed.error?.issues[0]?.message ?? 'invalid'}.`,
      { details: { parameter: name } },
    );
  }
  return [name, values];
}

function* combinations(axes: readonly Axis[], size: number): Iterable<ParameterSet> {
  for (let index = 0; index < size; index++) yield setAt(axes, index);
}

/** Draws without putting back; the order of drawing is that of the runs. */
function* drawn(axes: readonly Axis[], size: number, count: number, seed: string): Iterable<ParameterSet> {
  const next = seededNumbers(JSON.stringify(['sweep', seed]));
  const taken = new Set<number>();
  while (taken.size < count) {
    const index = Math.floor(next() * size);
    if (taken.has(index)) continue;
    taken.add(index);
    yield setAt(axes, index);
  }
}

/** The combination of a number: the last axis changes fastest. */
function setAt(axes: readonly Axis[], index: number): ParameterSet {
  const set: Record<string, unknown> = {};
  let rest = index;
  for (let at = axes.length - 1; at >= 0; at--) {
    const [name, values] = axes[at] as Axis;
    set[name] = values[rest % values.length];
    rest = Math.floor(rest / values.length);
  }
  return set;
}
