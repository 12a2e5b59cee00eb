/** Characters of a payload in a line of `inspect`: what fits on a screen beside the event's place. */
export const INSPECT_PAYLOAD_CHARACTERS = 160;

/** Characters of an aggregate id in `inspect`. */
export const INSPECT_ID_CHARACTERS = 80;
