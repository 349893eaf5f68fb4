/**
 * The code points of the profile as the tests name them.
 *
 * @module
 */
export * as EXTENSION from '../../../../src/wire/tls/code-points/extension-types.js'
export * as MESSAGE_TYPE from '../../../../src/wire/tls/code-points/message-types.js'
export * as CONTENT_TYPE from '../../../../src/wire/tls/code-points/record-types.js'
