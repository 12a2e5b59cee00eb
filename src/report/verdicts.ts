import { busiestOf, type Evidence, type Judge, percent } from './evidence.js';
import { balanceJudges } from './judges-of-balance.js';
import { costJudges } from './judges-of-cost.js';
import type { Verdict } from './summary.js';

const judges: readonly Judge[] = [...balanceJudges, ...costJudges];

/** What limits the engine, weightiest first. Never empty: where nothing stands out, that is the verdict. */
export function verdictsOf(evidence: Evidence): Verdict[] {
  const found = judges.flatMap((judge) => judge(evidence));
  return found.length > 0 ? found.sort((a, b) => b.weight - a.weight) : [balanced(evidence)];
}

function balanced({ threads }: Evidence): Verdict {
  const busiest = busiestOf(threads);
  return {
    cause: 'balanced',
    ...(busiest && { thread: busiest.name }),
    value: busiest?.busyShare ?? 0,
    weight: 0,
    sentence: `No single thing is bound: the busiest thread, ${busiest?.name ?? 'none'}, works ${percent(busiest?.busyShare ?? 0)} of the time.`,
    advice: 'Publish faster, or profile under the load that troubles you.',
  };
}
