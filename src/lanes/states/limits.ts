/** The limits of keyed state on lanes, and of what they and the main thread tell each other of it. */

/** Bytes of one key's state as it is encoded: it is copied for each event that changes it. */
export const MAX_STATE_BYTES = 1024 * 1024;

/**
 * States that the handlers of one engine may define: each key has a place for every one of them, and which of them have
 * changed are the bits of one small number.
 */
export const MAX_STATE_TYPES = 30;

/**
 * Bytes of changed states after which a lane answers, though its turn is not over: a few of the largest. A batch of
 * large states would else be gigabytes in one message.
 */
export const LANE_STATE_BYTES = 8 * MAX_STATE_BYTES;

/**
 * Keys of a state that may become a numbered shape, and how often a lane tells of shapes of one state that have no
 * number: a state whose keys are data has a new one for each event, and would have no use of a number.
 */
export const STATE_SHAPE_KEYS = 64;
export const STATE_SHAPES_TOLD = 32;
