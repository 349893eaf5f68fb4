/**
 * The transport itself. An index of its own: it is loaded by the first call of a client with a gateway.
 *
 * @module
 */
export { createGatewayTransport } from '../gateway-transport.js'
