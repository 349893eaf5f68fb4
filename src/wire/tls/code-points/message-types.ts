/**
 * Handshake message types, RFC 8446 §4.
 *
 * @module
 */
export const clientHello = 1
export const serverHello = 2
export const newSessionTicket = 4
export const encryptedExtensions = 8
export const certificate = 11
export const certificateRequest = 13
export const certificateVerify = 15
export const finished = 20
export const keyUpdate = 24
