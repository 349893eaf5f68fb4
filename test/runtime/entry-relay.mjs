/** The relay as a Worker; its lists are bindings. */
import { createRelayHandler } from 'cocoonkit/relay'

let handler

// oxlint-disable-next-line import/no-default-export -- where workerd looks
export default {
  fetch(request, { TARGETS, ORIGINS }) {
    handler ??= createRelayHandler({ targets: TARGETS, origins: ORIGINS })
    return handler(request)
  }
}
