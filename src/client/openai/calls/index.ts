/**
 * What every request needs: rules, bodies, answers, streams. An index of its own, loaded by the first request, together
 * with what carries it.
 *
 * @module
 */
export { callEndpoint } from './call-endpoint.js'
