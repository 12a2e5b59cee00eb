import type { HistoryPage, HistoryQuery, LaneLog, LogTail } from './history.js';

/** Reads a file; gives nothing for a page that holds events which only the main thread can bring into their form. */
export interface FileHistory {
  page(query: HistoryQuery, tail: LogTail | undefined): HistoryPage | undefined;
}

/**
 * The log of a lane that reads the file itself, from a connection that is opened when it is first needed: so what
 * handlers read takes little time of the main thread.
 */
export class OwnLog implements LaneLog {
  readonly #main: LaneLog;
  readonly #open: () => Promise<FileHistory>;
  #file: Promise<FileHistory> | undefined;

  constructor(main: LaneLog, open: () => Promise<FileHistory>) {
    this.#main = main;
    this.#open = open;
  }

  reach(reference: number, position: number): Promise<number> {
    return this.#main.reach(reference, position);
  }

  tail(aggregateId: string): Promise<LogTail | undefined> {
    return this.#main.tail(aggregateId);
  }

  async page(query: HistoryQuery): Promise<HistoryPage> {
    this.#file ??= this.#open().catch((error: unknown) => {
      // The next one tries again.
      this.#file = undefined;
      throw error;
    });
    const file = await this.#file;
    // Without it the file would be looked through for the newest events of the aggregate, at each call.
    return file.page(query, await this.tail(query.aggregateId)) ?? this.#main.page(query);
  }
}
