/**
 * From nothing to the first token, through both TLS engines:
 *
 *     node bench/run.mjs first-token [--quick]
 *
 * One devnet with fake evidence and a cheap proof of work (8 bits, so that what is compared is not drowned in luck); for each
 * round and engine a new client: connect, attest, authorise, ask, wait for the first event of a stream. The engines take
 * turns, and who goes first too, so that whatever else the machine does meets both alike. Prints medians of the time on the
 * clock and of the processor time of this process (devnet included), and pure ÷ native of both: the target is 1.15. The
 * first round of each engine, which loads and compiles, is printed apart.
 *
 * @module
 */
import process from 'node:process'
import { CocoonClient } from '../src/client/index.js'
import { startDevnet } from '../src/devnet.js'
import { runtime } from '../src/runtime/node/index.js'
import { acceptFakeTee } from '../src/unsafe.js'

const ENGINES = ['native', 'pure'] as const
const ROUNDS = process.argv.includes('--quick') ? 20 : 150
const WARM_UP = 5

interface Sample {
  readonly wallMs: number
  readonly cpuMs: number
}

const devnet = await startDevnet({ difficultyBits: 8, tee: { kind: 'fake' } })
const samples: Record<(typeof ENGINES)[number], Sample[]> = { native: [], pure: [] }

async function firstToken(tls: (typeof ENGINES)[number]): Promise<Sample> {
  const cpu = process.cpuUsage()
  const started = performance.now()
  const { network, account } = devnet
  const cocoon = new CocoonClient({ network, account, attestation: acceptFakeTee(), runtime: { tls } }, runtime)
  const stream = await cocoon.chat.completions.create({
    model: 'devnet/echo',
    messages: [{ role: 'user', content: 'ping' }],
    stream: true
  })
  for await (const chunk of stream) if (chunk.choices[0]?.delta.content !== undefined) break
  const wallMs = performance.now() - started
  const used = process.cpuUsage(cpu)
  await cocoon.close()
  return { wallMs, cpuMs: (used.user + used.system) / 1000 }
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!

for (let round = 0; round < ROUNDS + WARM_UP; round++) {
  for (const engine of round % 2 === 0 ? ENGINES : ENGINES.toReversed()) samples[engine].push(await firstToken(engine))
}
await devnet.close()

console.log(`node ${process.versions.node}, ${ROUNDS} rounds`)
const figures = ENGINES.map((engine) => {
  const warm = samples[engine].slice(WARM_UP)
  const figure = { wallMs: median(warm.map(({ wallMs }) => wallMs)), cpuMs: median(warm.map(({ cpuMs }) => cpuMs)) }
  const first = samples[engine][0]!
  console.log(
    `${engine.padEnd(8)}first token p50 ${figure.wallMs.toFixed(2)} ms, processor ${figure.cpuMs.toFixed(2)} ms; ` +
      `first round ${first.wallMs.toFixed(1)} ms`
  )
  return figure
})
const [native, pure] = figures as [(typeof figures)[number], (typeof figures)[number]]
console.log(
  `pure ÷ native   clock ×${(pure.wallMs / native.wallMs).toFixed(3)}, processor ×${(pure.cpuMs / native.cpuMs).toFixed(3)} (target ×1.15)`
)
