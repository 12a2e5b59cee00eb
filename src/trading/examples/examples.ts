import type { TradingEventName, TradingPayload } from '../catalogue.js';

/** A payload of each event of a family, by the event's name. */
export type Examples<Name extends TradingEventName> = { readonly [Key in Name]: TradingPayload<Key> };
