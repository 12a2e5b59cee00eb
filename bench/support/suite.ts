import { async } from '../async.js';
import { backtest } from '../backtest.js';
import { commands } from '../commands.js';
import { deterministic } from '../deterministic.js';
import { durable } from '../durable.js';
import { latency } from '../latency.js';
import { memory } from '../memory.js';
import { offload } from '../offload.js';
import { orders } from '../orders.js';
import { original } from '../original.js';
import { profiling } from '../profiling.js';
import { publisher } from '../publisher.js';
import { replay } from '../replay.js';
import { scale } from '../scale.js';
import { soak } from '../soak.js';
import { start } from '../start.js';
import { state } from '../state.js';
import { describeMachine } from './machine.js';
import type { Bench, Report } from './report.js';
import type { Session } from './session.js';

/** All benches, in the order in which they run. */
export const BENCHES: readonly Bench[] = [
  durable,
  orders,
  memory,
  publisher,
  start,
  offload,
  async,
  deterministic,
  backtest,
  latency,
  replay,
  state,
  commands,
  scale,
  soak,
  original,
  profiling,
];

export function findBench(name: string): Bench {
  const bench = BENCHES.find((candidate) => candidate.name === name);
  if (bench) return bench;
  throw new Error(`There is no bench '${name}'. There are: ${BENCHES.map(({ name }) => name).join(', ')}.`);
}

export async function runBench(bench: Bench, session: Session): Promise<Report> {
  const machine = describeMachine(session.dataDirectory);
  const { config, ...measured } = await bench.run(session);
  return { bench: bench.name, config: { machine, mode: session.mode, ...config }, ...measured };
}
