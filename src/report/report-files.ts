/** The files of a report, beside `session.json` and the profiles. */
export const REPORT_FILES = {
  page: 'report.html',
  summary: 'summary.json',
  text: 'summary.md',
  speedscope: 'threads.speedscope.json',
  trace: 'timeline.trace.json',
} as const;
