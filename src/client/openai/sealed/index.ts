/**
 * Bodies that the caller encrypted. An index of its own: they are rare, and their code is loaded with the first of them.
 *
 * @module
 */
export { checkSealedBody, createSealedRequest } from '../sealed-request.js'
