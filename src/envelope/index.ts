/**
 * The network's end-to-end scheme "v1" (v3.md §2): encrypts the strings of requests to a key that the root contract
 * publishes, and decrypts answers. Pure: no I/O, no key discovery, no clock.
 *
 * @module
 */
export { decryptAnswer, type DecryptOptions } from './answer.js'
export { EnvelopeError, type EnvelopeErrorCode } from './envelope-error.js'
export { decryptFormParts, decryptRequest, encryptAnswer, type NetworkKeyPair, networkKeyPair } from './network-side.js'
export { formatPublicKey, parsePublicKey, PUBLISHED_TEST_KEY, type PublicKeyInput } from './public-key.js'
export { type EncryptedRequest, encryptRequest, type EncryptOptions } from './request.js'
export { encryptForm, type EncryptedForm } from './request-form.js'
export type { SenderKey } from './sender-key.js'
