/**
 * Forms with a file. An index of its own: only transcriptions need it.
 *
 * @module
 */
export { encodeMultipart, readFile } from '../multipart.js'
