/**
 * What is loaded when the first call is to be encrypted.
 *
 * @module
 */
export { markEncrypted, openAnswer } from './open-answer.js'
export { sealRequest } from './seal.js'
export { findUsableKeys } from './usable-keys.js'
