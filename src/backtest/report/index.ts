/** Results as a page to look at, and as files for other programs. */
export { type CsvTable, resultCsv, resultJson } from './export.js';
export { resultParquet } from './export-parquet.js';
export type { Histogram, MonthTable } from './page-types.js';
export type { RunFigures } from './run-figures.js';
export { type SweepReport, type SweepReportRow, sweepReportOf } from './sweep-input.js';
export { type ReportOptions, writeReport } from './write-report.js';
