import { PROGRESS_REDRAW_MS } from '../limits.js';

interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** One line that is redrawn in place. Draws nothing when the stream is not a terminal. */
export class ProgressBar {
  readonly #stream: Terminal;
  readonly #start = performance.now();
  #drawn = Number.NEGATIVE_INFINITY;
  #first: number | undefined;

  constructor(stream: Terminal = process.stderr) {
    this.#stream = stream;
  }

  update(done: number, total: number): void {
    if (!this.#stream.isTTY) return;
    this.#first ??= done;
    const now = performance.now();
    if (done < total && now - this.#drawn < PROGRESS_REDRAW_MS) return;
    this.#drawn = now;
    const counts = ` ${done}/${total}  ${this.#remaining(done, total, now)}`;
    const width = Math.max(5, Math.min(40, (this.#stream.columns || 80) - counts.length - 3));
    const filled = total === 0 ? width : Math.floor((done / total) * width);
    this.#stream.write(`\r\x1b[2K[${'█'.repeat(filled)}${'·'.repeat(width - filled)}]${counts}`);
  }

  /** Wipes the line, so that what is printed next stands alone. */
  clear(): void {
    if (this.#drawn > 0) this.#stream.write('\r\x1b[2K');
    this.#drawn = Number.NEGATIVE_INFINITY;
  }

  /** What was done before the bar began (a resumed sweep) says nothing about the speed. */
  #remaining(done: number, total: number, now: number): string {
    const own = done - (this.#first ?? 0);
    if (own <= 0 || done >= total) return '';
    const seconds = (((now - this.#start) / own) * (total - done)) / 1000;
    return seconds < 60
      ? `${Math.ceil(seconds)} s left`
      : `${Math.floor(seconds / 60)} min ${Math.ceil(seconds % 60)} s left`;
  }
}
