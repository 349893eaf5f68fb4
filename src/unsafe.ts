/**
 * `cocoonkit/unsafe`: the only way to talk to a peer that was not verified. Each name is a decision to let whoever answers
 * read the prompts and hold the account secret. No option, environment variable or remote answer reaches this module.
 *
 * @module
 */
export { acceptAnyPeer, acceptFakeTee } from './attestation/unsafe.js'
