/**
 * Defaults that options need before anything is loaded.
 *
 * @module
 */

/** Longest time without progress by default, milliseconds; well under the default budget of a call, so that failover happens. */
export const DEFAULT_CONNECT_STALL_MS = 15_000
