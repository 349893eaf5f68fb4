/**
 * End-to-end keys of a devnet.
 *
 * @module
 */
export { KeyManager, type PublishedKey } from './key-manager.js'
