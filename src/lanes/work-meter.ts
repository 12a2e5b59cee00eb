/** Numbers of one type in a report: type id, events, milliseconds of the timed one. */
const FIELDS = 3;

/**
 * What a lane has worked since its last answer, by stored type. The first event of each type is timed, and stands
 * for the others: two clock reads a type and batch, not two an event.
 */
export class WorkMeter {
  readonly #counts: number[] = [];
  readonly #samples: number[] = [];
  #touched: number[] = [];

  /** Counts an event. True: time this one. */
  begin(type: number): boolean {
    const count = this.#counts[type] ?? 0;
    this.#counts[type] = count + 1;
    if (count > 0) return false;
    this.#touched.push(type);
    this.#samples[type] = 0;
    return true;
  }

  timed(type: number, milliseconds: number): void {
    this.#samples[type] = milliseconds;
  }

  /** The report since the last call: triples of type id, events and milliseconds of the timed one. */
  take(): Float64Array {
    const report = new Float64Array(this.#touched.length * FIELDS);
    this.#touched.forEach((type, index) => {
      report.set([type, this.#counts[type] ?? 0, this.#samples[type] ?? 0], index * FIELDS);
      this.#counts[type] = 0;
    });
    this.#touched = [];
    return report;
  }
}
