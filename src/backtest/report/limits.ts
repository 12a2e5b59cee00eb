/** Rows of a table in a report: each is text in the page. Charts and statistics are of all. */
export const REPORT_MAX_ROWS = 20_000;

/** Candles that a report holds; of more it shows coarser ones. A million make a page of about 8 MB. */
export const REPORT_MAX_CANDLES = 1_500_000;

/** Runs of a sweep that a report holds: its ranking is sorted in the browser. */
export const REPORT_MAX_RUNS = 100_000;

/** Bars of the histogram of returns. */
export const HISTOGRAM_BINS = 41;

/** Days of the rolling Sharpe ratio: half a year of a market that is open every day, and of one that is not. */
export const ROLLING_DAYS = { everyDay: 182, weekdays: 126 } as const;

/** Charts of markets in a report: each is drawn anew whenever one of them is moved. */
export const REPORT_MAX_MARKETS = 12;
