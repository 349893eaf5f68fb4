/**
 * `cocoonkit/envelope`: end-to-end encryption of requests to the network's workers, for any transport.
 *
 * @module
 */
export {
  decryptAnswer,
  type DecryptOptions,
  encryptForm,
  type EncryptedForm,
  type EncryptedRequest,
  encryptRequest,
  type EncryptOptions,
  EnvelopeError,
  type EnvelopeErrorCode,
  type PublicKeyInput,
  type SenderKey
} from './envelope/index.js'
export type { Random } from './runtime/ports/clock.js'
