import type { HistoryPage, HistoryQuery, LaneLog } from './history.js';

/** Reads a file; gives nothing for a page that holds events which only the main thread can bring into their form. */
export interface FileHistory {
  page(query: HistoryQuery): HistoryPage | undefined;
}

/**
 * The log of a lane that reads the file itself, from a connection that is opened when it is first needed: so what
 * handlers read takes no time of the main thread.
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

  async page(query: HistoryQuery): Promise<HistoryPage> {
    this.#file ??= this.#open().catch((error: unknown) => {
      // The next one tries again.
      this.#file = undefined;
      throw error;
    });
    return (await this.#file).page(query) ?? this.#main.page(query);
  }
}
