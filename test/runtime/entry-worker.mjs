/** Runs the suite in a Worker; the configuration is the body of a POST. */
import { runSuite } from './suite.mjs'
import powModule from './pow.wasm'

// oxlint-disable-next-line import/no-default-export -- where workerd looks
export default {
  async fetch(request) {
    return Response.json(await runSuite(await request.json(), { powModule }))
  }
}
