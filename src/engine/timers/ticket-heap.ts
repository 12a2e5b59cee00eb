import { compareTimers, type TimerTicket } from '../../store/timer.js';

/** Tickets of which the one whose turn it is comes first. */
export class TicketHeap {
  #tickets: TimerTicket[] = [];

  get size(): number {
    return this.#tickets.length;
  }

  get first(): TimerTicket | undefined {
    return this.#tickets[0];
  }

  push(ticket: TimerTicket): void {
    const tickets = this.#tickets;
    let at = tickets.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = tickets[parent] as TimerTicket;
      if (compareTimers(above, ticket) <= 0) break;
      tickets[at] = above;
      at = parent;
    }
    tickets[at] = ticket;
  }

  /** Takes the first one out. */
  pop(): TimerTicket | undefined {
    const tickets = this.#tickets;
    const [first] = tickets;
    const last = tickets.pop();
    if (last === undefined || tickets.length === 0) return first;
    let at = 0;
    while (true) {
      let child = 2 * at + 1;
      if (child >= tickets.length) break;
      const right = child + 1;
      if (
        right < tickets.length &&
        compareTimers(tickets[right] as TimerTicket, tickets[child] as TimerTicket) < 0
      ) {
        child = right;
      }
      if (compareTimers(last, tickets[child] as TimerTicket) <= 0) break;
      tickets[at] = tickets[child] as TimerTicket;
      at = child;
    }
    tickets[at] = last;
    return first;
  }

  /** Keeps those that pass, the nearest of them if there are too many. @returns the last one that was kept of too many. */
  keep(passes: (ticket: TimerTicket) => boolean, most: number): TimerTicket | undefined {
    const kept = this.#tickets.filter(passes).sort(compareTimers);
    const isCut = kept.length > most;
    // In order it is a heap as well.
    this.#tickets = isCut ? kept.slice(0, most) : kept;
    return isCut ? this.#tickets.at(-1) : undefined;
  }
}
