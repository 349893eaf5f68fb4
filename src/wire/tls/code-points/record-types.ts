/**
 * Record types, RFC 8446 §5.1. One constant each: a table of them would have to be carried along.
 *
 * @module
 */
export const changeCipherSpec = 20
export const alert = 21
export const handshake = 22
export const applicationData = 23
