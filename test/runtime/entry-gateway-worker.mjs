/**
 * The gateway as a Worker; the devnet's description is a binding. A connection in Workers belongs to the request that opened
 * it, except in a Durable Object, whose requests share theirs: `OBJECTS` is where one lives for all callers. Without that
 * binding each request makes its own.
 */
import { DurableObject } from 'cloudflare:workers'
import { createServerHandler } from './gateway-server.mjs'

export class GatewayObject extends DurableObject {
  #handler = createServerHandler(this.env.DESCRIPTION, false)

  fetch(request) {
    return this.#handler(request, this.ctx)
  }
}

let handler

// oxlint-disable-next-line import/no-default-export -- where workerd looks
export default {
  fetch(request, env, context) {
    if (env.OBJECTS !== undefined) return env.OBJECTS.get(env.OBJECTS.idFromName('gateway')).fetch(request)
    handler ??= createServerHandler(env.DESCRIPTION, true)
    return handler(request, env, context)
  }
}
