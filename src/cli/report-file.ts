import { type Candles, type CandlesByMarket, writeReport } from '../backtest/index.js';
import { UsageError } from './command.js';

/** Its line of a command's help. */
export const REPORT_HELP = `  --report FILE      write an HTML report that opens from disk
`;

/**
 * Writes the report that `--report` names. @returns its whole path, or undefined when none is wanted.
 * @throws OutputError
 */
export async function writeReportFile(
  path: string | undefined,
  result: Parameters<typeof writeReport>[1],
  candles: Candles | CandlesByMarket,
): Promise<string | undefined> {
  return path === undefined ? undefined : writeReport(path, result, { candles });
}

/** Before anything is computed. @throws UsageError */
export function checkReport(path: string | undefined): void {
  if (path === '') throw new UsageError('--report is empty. Pass the path of a file, such as report.html.');
}

/** What is printed for a person below everything else. */
export function reportLine(path: string | undefined): string {
  return path === undefined ? '' : `report       ${path}\n`;
}
