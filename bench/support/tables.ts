import { readFileSync, writeFileSync } from 'node:fs';
import { loadReport, PERFORMANCE_PAGE } from './command.js';
import { columnsOf, describe, formatFigure } from './print.js';
import { describeTarget, meets, type Report } from './report.js';
import { BENCHES } from './suite.js';

/** Where a table goes: between `<!-- bench:durable -->` and `<!-- /bench:durable -->`. */
const PLACE = /(<!-- bench:([a-z]+) -->)[\s\S]*?(<!-- \/bench:\2 -->)/g;

/** Left out of tables: the spread is said in one column, and the rest is in the JSON. */
const HIDDEN = new Set(['lowest', 'highest']);

/** Fills the tables of docs/performance.md from the last reports. Returns the names of those it filled. */
export function writeTables(): readonly string[] {
  const filled: string[] = [];
  const page = readFileSync(PERFORMANCE_PAGE, 'utf8').replace(
    PLACE,
    (whole: string, open: string, name: string, close: string) => {
      const text = name === 'targets' ? targetsTable() : reportTables(name);
      if (!text) return whole;
      filled.push(name);
      return `${open}\n${text}\n${close}`;
    },
  );
  writeFileSync(PERFORMANCE_PAGE, page);
  return filled;
}

/** Every target of every bench beside what was measured. */
export function targetsTable(): string {
  const rows = [...BENCHES.map(({ name }) => name), 'peers'].flatMap((name) => {
    const report = loadReport(name);
    if (!report?.targets) return [];
    return Object.entries(report.targets).map(([ratio, target]) => {
      const value = report.ratios[ratio];
      const measured = value === undefined ? 'not measured' : formatFigure(value);
      return [
        name,
        ratio,
        describeTarget(target),
        measured,
        value !== undefined && meets(value, target) ? 'met' : '**no**',
      ];
    });
  });
  return markdown(['bench', 'figure', 'target', 'measured', ''], rows);
}

/** The configuration, the results and the ratios of a bench. */
export function reportTables(bench: string): string | undefined {
  const report = loadReport(bench);
  if (!report) return undefined;
  const columns = columnsOf(report.results).filter((column) => !HIDDEN.has(column));
  const results = report.results.map((result) => [
    ...columns.map((column) => formatFigure(result[column])),
    spread(result.lowest, result.highest, result.eventsPerSecond),
  ]);
  const ratios = Object.entries(report.ratios).map(([name, value]) => {
    const target = report.targets?.[name];
    return [name, formatFigure(value), target ? describeTarget(target) : ''];
  });
  return [
    configLine(report),
    markdown([...columns.map((column) => (column === 'name' ? '' : column)), 'spread'], results),
    markdown(['ratio', 'measured', 'target'], ratios),
  ].join('\n\n');
}

function configLine({ config }: Report): string {
  const { machine, ...rest } = config;
  return Object.entries({ ...machine, ...rest })
    .map(([key, value]) => `${key}: ${describe(value)}`)
    .join(' · ');
}

/** Half the distance between the slowest and the fastest run, as a share of the median. */
function spread(lowest = 0, highest = 0, middle = 0): string {
  return middle === 0 || highest === lowest
    ? ''
    : `±${Math.round(((highest - lowest) / 2 / middle) * 100)} %`;
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join(
    '\n',
  );
}
