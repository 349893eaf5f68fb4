/**
 * Bodies that are not plain JSON: forms with a file, and what the caller encrypted. An index of its own, loaded with the
 * first of them; one for both, since two would split what they share with the surface into more and smaller chunks.
 *
 * @module
 */
export { encodeMultipart, readFile, readForm } from '../multipart.js'
export { checkSealedBody, createSealedRequest } from '../sealed-request.js'
