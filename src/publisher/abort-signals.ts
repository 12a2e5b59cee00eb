interface Listening<Member> {
  readonly members: Set<Member>;
  readonly onAbort: () => void;
}

/**
 * Which members end with which signal. A signal gets one listener, however many members it has: Node warns of a
 * leak when there are more than ten.
 */
export class AbortSignals<Member> {
  readonly #end: (member: Member) => void;
  readonly #bySignal = new WeakMap<AbortSignal, Listening<Member>>();

  constructor(end: (member: Member) => void) {
    this.#end = end;
  }

  add(signal: AbortSignal, member: Member): void {
    const listening = this.#bySignal.get(signal) ?? this.#listen(signal);
    listening.members.add(member);
  }

  remove(signal: AbortSignal, member: Member): void {
    const listening = this.#bySignal.get(signal);
    if (!listening?.members.delete(member) || listening.members.size > 0) return;
    this.#bySignal.delete(signal);
    signal.removeEventListener('abort', listening.onAbort);
  }

  #listen(signal: AbortSignal): Listening<Member> {
    const members = new Set<Member>();
    const onAbort = () => {
      for (const member of [...members]) this.#end(member);
    };
    const listening = { members, onAbort };
    this.#bySignal.set(signal, listening);
    signal.addEventListener('abort', onAbort, { once: true });
    return listening;
  }
}
