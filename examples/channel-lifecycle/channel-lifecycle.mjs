/**
 * One channel from an empty wallet to closed, with a hundred chats in between and every nano accounted for.
 *
 *   node examples/channel-lifecycle/channel-lifecycle.mjs
 *   node examples/channel-lifecycle/channel-lifecycle.mjs --contracts mainnet
 *
 * The second runs the bytecode of the main network, which is read from `../shared` beside this repository.
 */
import { existsSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Cocoon } from 'cocoonkit'
import { fromDevnet, startDevnet } from 'cocoonkit/devnet'
import * as ton from 'cocoonkit/ton'
import { lifecycleTable, mainnetCodes, runLifecycle } from './lifecycle.mjs'

const { values } = parseArgs({ options: { contracts: { type: 'string', default: 'devnet' } } })
if (values.contracts !== 'devnet' && values.contracts !== 'mainnet') {
  console.error('--contracts is devnet or mainnet')
  process.exit(2)
}
const facts = new URL('../../../shared/vectors/payments.json', import.meta.url)
if (values.contracts === 'mainnet' && !existsSync(facts)) {
  console.error('the code of the main network is not here: ../shared/vectors/payments.json is missing')
  process.exit(2)
}
const codes = values.contracts === 'mainnet' ? mainnetCodes(readFileSync(facts, 'utf8')) : undefined
const result = await runLifecycle({ ...ton, Cocoon, fromDevnet, startDevnet }, { codes })
console.log(`\n${lifecycleTable(result)}`)
