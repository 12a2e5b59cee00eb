import type { SubscriptionOwner } from './subscription-options.js';

/** Which members belong to which owner. It keeps no owner alive. */
export class Owners<Member> {
  readonly #byName = new Map<string, Set<Member>>();
  readonly #byObject = new WeakMap<object, Set<Member>>();

  add(owner: SubscriptionOwner, member: Member): void {
    const members = this.#find(owner);
    if (members) members.add(member);
    else if (typeof owner === 'string') this.#byName.set(owner, new Set([member]));
    else this.#byObject.set(owner, new Set([member]));
  }

  remove(owner: SubscriptionOwner, member: Member): void {
    const members = this.#find(owner);
    if (!members?.delete(member) || members.size > 0) return;
    if (typeof owner === 'string') this.#byName.delete(owner);
    else this.#byObject.delete(owner);
  }

  of(owner: SubscriptionOwner): readonly Member[] {
    return [...(this.#find(owner) ?? [])];
  }

  #find(owner: SubscriptionOwner): Set<Member> | undefined {
    return typeof owner === 'string' ? this.#byName.get(owner) : this.#byObject.get(owner);
  }
}
