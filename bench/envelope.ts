/**
 * Speed of the envelope: a request of 10 kB, long strings both ways, chunks of a stream. Wall time and processor time,
 * since other work on the machine only distorts the former.
 *
 * Run: `npx tsx bench/envelope.ts` or through the bench runner.
 *
 * @module
 */
import { hexToBytes } from '../src/encoding/index.js'
import { decryptAnswer, encryptAnswer, encryptRequest, networkKeyPair } from '../src/envelope/index.js'

const random = { bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) }
const network = await networkKeyPair(random.bytes(32))
const options = { receiverPublicKey: network.publicKey }

/** Runs and prints the median of wall and processor milliseconds of one call. */
async function measure(name: string, runs: number, work: () => Promise<unknown>, megabytes?: number): Promise<void> {
  const wall: number[] = []
  const processor: number[] = []
  for (let run = 0; run < runs; run++) {
    const before = process.cpuUsage()
    const start = performance.now()
    await work()
    wall.push(performance.now() - start)
    const used = process.cpuUsage(before)
    processor.push((used.user + used.system) / 1000)
  }
  const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
  const best = Math.min(...wall)
  const rate =
    megabytes === undefined
      ? ''
      : `  ${(megabytes / (best / 1000)).toFixed(0)} MB/s at best, ${(megabytes / (median(processor) / 1000)).toFixed(0)} MB per processor second`
  console.log(
    `${name.padEnd(34)} ${median(wall).toFixed(2)} ms wall, ${best.toFixed(2)} at best, ${median(processor).toFixed(2)} ms processor${rate}`
  )
}

const messages = (count: number, bytes: number): object[] =>
  Array.from({ length: count }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: 'word '.repeat(bytes / 5)
  }))

await measure('10 kB, 2 messages', 200, () => encryptRequest({ model: 'm', messages: messages(2, 5000) }, options))
await measure('10 kB, 10 messages', 200, () => encryptRequest({ model: 'm', messages: messages(10, 1000) }, options))

const long = { model: 'm', messages: messages(1, 8_000_000) }
const { senderKey } = await encryptRequest(long, options)
const client = hexToBytes(senderKey.publicKey)
const answer = await encryptAnswer(long, network, client, random)
await measure('8 MB string, encrypt', 15, () => encryptRequest(long, options), 8)
await measure('8 MB string, decrypt', 15, () => decryptAnswer(answer, { senderKey }), 8)

const chunk = await encryptAnswer(
  {
    id: 'c',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta: { content: ' token' }, finish_reason: null }]
  },
  network,
  client,
  random
)
await measure('chunk, decrypt', 500, () => decryptAnswer(chunk, { senderKey }))
