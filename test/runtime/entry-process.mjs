/** Runs the suite where there is a command line: Node, Bun, Deno. The only argument is the URL of the configuration. */
import { runSuite } from './suite.mjs'

const [, , configUrl] = globalThis.process.argv
const config = await (await fetch(configUrl)).json()
console.log(`matrix-result ${JSON.stringify(await runSuite(config))}`)
