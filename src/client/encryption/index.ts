/**
 * End-to-end encryption of calls, over any carrier.
 *
 * @module
 */
export { createEncryptingTransport, reportEncryption } from './encrypting-transport.js'
export type {
  EncryptionKey,
  EncryptionKeySource,
  EncryptionMode,
  EncryptionReport,
  UsableEncryptionKey
} from './types.js'
