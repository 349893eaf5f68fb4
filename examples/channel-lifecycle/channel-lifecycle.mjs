/**
 * One channel from an empty wallet to closed, with a hundred chats in between and every nano accounted for.
 *
 *   node examples/channel-lifecycle/channel-lifecycle.mjs
 */
import { Cocoon } from 'cocoonkit'
import { fromDevnet, startDevnet } from 'cocoonkit/devnet'
import * as ton from 'cocoonkit/ton'
import { lifecycleTable, runLifecycle } from './lifecycle.mjs'

const result = await runLifecycle({ ...ton, Cocoon, fromDevnet, startDevnet })
console.log(`\n${lifecycleTable(result)}`)
