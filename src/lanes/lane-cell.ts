import { steadyNow } from '../kernel/clock.js';

/** Cells of one slot: the row reference plus one, and the deadline. */
const SLOT_CELLS = 2;

/** Cells in front of the slots: the running slot, the number of the running command plus one, and its deadline. */
const SLOTS = 3;

/**
 * What a lane is doing at this instant, in shared memory: which events its handlers have begun and not finished,
 * and until when they may take. When a thread has died, this is the only witness of what it died of.
 *
 * Cell 0 holds the slot (plus one) of the event whose handler is on the stack, the next two the number (plus one) and the
 * deadline of the command that is; two cells a slot follow: the row reference plus one, and the deadline in milliseconds
 * of the steady clock, negative once the thread has seen it pass. The lane alone writes; two plain stores an event.
 */
export class LaneCell {
  readonly memory: SharedArrayBuffer;
  readonly #cells: Float64Array;
  readonly #free: number[];

  /** @param concurrency events that may be under way at a time. */
  constructor(concurrency: number, memory?: SharedArrayBuffer) {
    this.memory = memory ?? new SharedArrayBuffer((SLOTS + SLOT_CELLS * concurrency) * 8);
    this.#cells = new Float64Array(this.memory);
    this.#free = Array.from({ length: concurrency }, (_, index) => concurrency - 1 - index);
  }

  /** An event's first handler is about to be called. Returns the event's slot. */
  begin(reference: number): number {
    const slot = this.#free.pop() ?? 0;
    this.#cells[SLOTS + SLOT_CELLS * slot] = reference + 1;
    this.#cells[0] = slot + 1;
    return slot;
  }

  /** The handler has returned a promise: from now on the thread may be running anything. */
  yielded(): void {
    this.#cells[0] = 0;
  }

  /** The event is finished or failed. */
  end(slot: number): void {
    this.#cells[0] = 0;
    this.#cells[SLOTS + SLOT_CELLS * slot] = 0;
    this.#cells[SLOTS + 1 + SLOT_CELLS * slot] = 0;
    this.#free.push(slot);
  }

  /** Milliseconds of the steady clock until which the event's handler may take; 0 for no limit. */
  setDeadline(slot: number, deadline: number): void {
    this.#cells[SLOTS + 1 + SLOT_CELLS * slot] = deadline;
  }

  /** The deadline has passed and the thread was free to see it: nobody else keeps the event from its end. */
  passed(slot: number): void {
    const deadline = this.#cells[SLOTS + 1 + SLOT_CELLS * slot] as number;
    this.#cells[SLOTS + 1 + SLOT_CELLS * slot] = -Math.abs(deadline);
  }

  /** Has the thread work for a command or a query, which throws nothing. @param timeoutMs that it may take, if there is a limit. */
  during(number: number, timeoutMs: number | undefined, work: () => void): void {
    this.#cells[1] = number + 1;
    this.#cells[2] = timeoutMs === undefined ? 0 : steadyNow() + timeoutMs;
    work();
    this.#cells[1] = 0;
    this.#cells[2] = 0;
  }

  /** Number of the command or query that is on the stack, if one is. */
  get command(): number | undefined {
    const number = this.#cells[1] as number;
    return number === 0 ? undefined : number - 1;
  }

  /** Whether what is on the stack of these should have ended before a time. */
  isCommandOverdue(time: number): boolean {
    const deadline = this.#cells[2] as number;
    return deadline > 0 && deadline < time;
  }

  /** Row reference of the event whose handler is on the stack, if one is. */
  get running(): number | undefined {
    const slot = this.#cells[0] as number;
    return slot === 0 ? undefined : this.#referenceAt(slot - 1);
  }

  /** Row references of the events that are begun and not finished. */
  get active(): readonly number[] {
    return this.#slots().flatMap((slot) => this.#referenceAt(slot) ?? []);
  }

  /** The earliest deadline of the events under way that is not before a time, 0 when there is none. */
  deadlineFrom(time: number): number {
    const deadlines = this.#slots().map((slot) => this.#deadlineAt(slot));
    return deadlines.reduce(
      (least, deadline) =>
        deadline > 0 && deadline >= time && (least === 0 || deadline < least) ? deadline : least,
      0,
    );
  }

  /**
   * Row references of the events whose deadline lies before a time.
   *
   * @param onlySure only those that surely kept themselves from ending in time.
   */
  overdue(time: number, onlySure = false): readonly number[] {
    return this.#slots().flatMap((slot) => {
      const deadline = this.#deadlineAt(slot);
      if (deadline === 0 || deadline >= time) return [];
      const isSure =
        (this.#cells[SLOTS + 1 + SLOT_CELLS * slot] as number) < 0 || this.#cells[0] === slot + 1;
      return isSure || !onlySure ? (this.#referenceAt(slot) ?? []) : [];
    });
  }

  #slots(): number[] {
    return Array.from({ length: (this.#cells.length - SLOTS) / SLOT_CELLS }, (_, slot) => slot);
  }

  #deadlineAt(slot: number): number {
    return Math.abs(this.#cells[SLOTS + 1 + SLOT_CELLS * slot] as number);
  }

  #referenceAt(slot: number): number | undefined {
    const cell = this.#cells[SLOTS + SLOT_CELLS * slot] as number;
    return cell === 0 ? undefined : cell - 1;
  }
}
