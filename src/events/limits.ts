/** The limits of definitions. */

/** Definitions inside a schema that are looked at before it is called too deep to be checked again. */
export const MAX_SCHEMA_PARTS = 10_000;
