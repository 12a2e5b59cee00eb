import { type BacktestOptions, type CheckResult, checkLookAhead, checkRepeat } from '../backtest/index.js';

/** What `--check` found. */
export interface Checks {
  readonly passed: boolean;
  readonly lookAhead: CheckResult;
  readonly repeat: CheckResult;
  readonly text: string;
}

/** Runs the checks that need no engine. */
export function checkStrategy(options: BacktestOptions): Checks {
  const repeat = checkRepeat(options);
  const lookAhead = checkLookAhead(options);
  const text = `look-ahead   ${verdict(lookAhead)}\nrepetition   ${verdict(repeat)}\n`;
  return { passed: lookAhead.passed && repeat.passed, lookAhead, repeat, text };
}

function verdict({ passed, runs, finding }: CheckResult): string {
  if (passed || finding === null) return `passed, ${runs} runs compared`;
  const at = new Date(finding.time).toISOString();
  return `FAILED on candle ${finding.index} (${at}): '${finding.whole ?? 'nothing'}' over all candles, '${finding.other ?? 'nothing'}' in the other run`;
}
